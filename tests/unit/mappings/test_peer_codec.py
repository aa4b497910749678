"""Between gateways: whatever a page's ports take and give arrives as it is, by the declarations of their methods."""

import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.sessions.workers import SessionPage
from application.workers.peer_codec import read, write
from domain.ids import WhatsAppMessageId
from tests.unit.mappings import values


@dataclass(frozen=True)
class Passed:
    """Something that a method takes or gives."""

    method: str
    name: str
    declared: Any


def passed(port: type[Any] = SessionPage, topic: str = "page") -> Iterator[Passed]:
    for name in sorted(port.__abstractmethods__):
        member = inspect.getattr_static(port, name)
        if isinstance(member, property):
            yield from passed(get_type_hints(member.fget)["return"], f"{topic}.{name}")
            continue
        for each, declared in get_type_hints(member).items():
            yield Passed(f"{topic}.{name}", each, declared)


ALL = list(passed())
DECLARED = {repr(each.declared): each for each in ALL}
"""Each sort of thing once."""


def test_every_part_of_a_page_is_looked_at() -> None:
    topics = {each.method.rpartition(".")[0] for each in ALL}
    assert topics >= {
        f"page.{name}" for name in ("chats", "contacts", "groups", "media", "messages", "presence", "calls")
    }
    assert len(ALL) > 100


@pytest.mark.parametrize("each", DECLARED.values(), ids=lambda each: f"{each.method}-{each.name}")
@settings(max_examples=10)
@given(data=st.data())
def test_it_arrives_as_it_was(each: Passed, data: st.DataObject) -> None:
    value = data.draw(values.any_of(each.declared))
    arrived = read(json.loads(json.dumps(write(value, each.declared))), each.declared)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        assert list(arrived) == list(value)
    else:
        assert arrived == value
    assert each.declared is not WhatsAppMessageId or isinstance(arrived, str)
