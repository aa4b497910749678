"""The gRPC messages: nothing of what they show is left out, of each kind there is.

What differs in one field is shown differently: a field that a converter forgets fails here, and so does a new one.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.changes import Edited
from domain.event_content import EventInvitation
from domain.message_change_events import MessageEdited
from entrypoints.grpc.converters.contents import CONTENT_CONVERTERS
from entrypoints.grpc.converters.events import PAYLOAD_CONVERTERS
from tests.unit.mappings import values

QUICK = settings(max_examples=15)


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


@QUICK
@given(payload=values.whole(MessageEdited, change=values.whole(Edited)), data=st.data())
def test_an_edited_event_is_told_whole(payload: MessageEdited, data: st.DataObject) -> None:
    converter = next(each for each in PAYLOAD_CONVERTERS if each.kind is MessageEdited)
    one, other, field = data.draw(values.changed(EventInvitation))
    told, changed, without = (
        shown(converter, replace(payload, change=replace(payload.change, event=event))) for event in (one, other, None)
    )
    assert told.event != changed.event, field
    assert told.HasField("event")
    assert not without.HasField("event")
