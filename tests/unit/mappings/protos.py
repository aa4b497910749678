"""gRPC messages of any sort, from their descriptors."""

from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

_TEXTS = st.sampled_from(["", "0", "15550100200", "1@g.us", "👍", "\0", " ", "x" * 5_000]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=5
)
_VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: _TEXTS,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_INT32: st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)]),
    FieldDescriptor.CPPTYPE_UINT32: st.sampled_from([0, 1, 2**32 - 1]),
    FieldDescriptor.CPPTYPE_INT64: st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)]),
    FieldDescriptor.CPPTYPE_UINT64: st.sampled_from([0, 1, 2**64 - 1]),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(-1, 8),
}


@cache
def _given(kind: Descriptor) -> st.SearchStrategy[dict[str, Any]]:
    return st.deferred(lambda: st.fixed_dictionaries({}, optional={field.name: _value(field) for field in kind.fields}))


def _value(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return st.dictionaries(_TEXTS, _TEXTS, max_size=2)
    if field.message_type is not None:
        one: st.SearchStrategy[Any] = _given(field.message_type)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        one = st.binary(max_size=5)
    else:
        one = _VALUES[field.cpp_type]
    return st.lists(one, max_size=2) if field.is_repeated else one


def any_proto[T: Message](kind: type[T]) -> st.SearchStrategy[T]:
    """Messages of a kind with any of its fields; of a oneof's the last one stays."""
    return _given(kind.DESCRIPTOR).map(lambda given: kind(**given))
