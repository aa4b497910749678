"""The gRPC messages: nothing of what they show is left out, of each kind there is.

What differs in one field is shown differently: a field that a converter forgets fails here, and so does a new one.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.grpc.converters.contents import CONTENT_CONVERTERS
from entrypoints.grpc.converters.events import PAYLOAD_CONVERTERS
from tests.unit.mappings import values

QUICK = settings(deadline=None, max_examples=15)


def shown(converter: Any, value: Any) -> Any:
    written = converter.write(value)
    return type(written).FromString(written.SerializeToString())


@pytest.mark.parametrize("converter", CONTENT_CONVERTERS, ids=lambda converter: converter.field)
@QUICK
@given(data=st.data())
def test_a_content_is_told_whole(converter: Any, data: st.DataObject) -> None:
    one, other, field = data.draw(values.changed(converter.kind))
    assert shown(converter, one) != shown(converter, other), field


@pytest.mark.parametrize("converter", PAYLOAD_CONVERTERS, ids=lambda converter: converter.field)
@QUICK
@given(data=st.data())
def test_a_payload_is_told_whole(converter: Any, data: st.DataObject) -> None:
    one, other, field = data.draw(values.changed(converter.kind))
    assert shown(converter, one) != shown(converter, other), field
