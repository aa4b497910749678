"""What is handed to the page and what it tells, of each kind there is.

The bridge takes a content in the form in which it tells of one (web/bridge/src/contents.ts and content-facts.ts), so
what is handed is read as what it was. Files have other forms: tests/unit/playwright_adapter/test_media_contents.py.
"""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.playwright import changes as told_changes
from adapters.playwright import contents, more_contents, operations, people_decoder
from adapters.playwright.contents import hand, read_content
from adapters.playwright.media_contents import readers as media_readers
from application.ports.people_events import (
    CallRings,
    CallStopped,
    ChatChanged,
    ContactChanged,
    PeopleEvent,
    PresenceChanged,
)
from application.ports.whatsapp_driver import OutgoingOperation
from domain.changes import AnyChange, Change, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.chat import Muted
from domain.contact_content import Contacts
from domain.content import Content, Text, Unsupported
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.group_notice import GroupNotice
from domain.ids import WhatsAppMessageId
from domain.interactive_content import Interactive, InteractiveReply, ListMenu
from domain.jid import Jid
from domain.location_content import Location
from domain.media_content import MEDIA_CONTENTS
from domain.operations import OPERATIONS, Operation
from domain.poll_content import Poll
from tests.unit.domain import content_values as given_values
from tests.unit.mappings import values

QUICK = settings(max_examples=50)
SENT: dict[type[Any], st.SearchStrategy[Any]] = {
    Text: given_values.rich_texts,
    Location: given_values.locations,
    Contacts: st.lists(given_values.cards, min_size=1, max_size=2).map(lambda cards: Contacts(cards=tuple(cards))),
    Poll: given_values.polls,
    EventInvitation: given_values.events,
    GroupInvite: given_values.invites,
    Interactive: given_values.interactives,
}
"""What can be sent and is no file."""
TOLD = {
    Text: ("chat",),
    Location: ("location",),
    Contacts: ("vcard", "multi_vcard"),
    Poll: ("poll_creation",),
    EventInvitation: ("event_creation",),
    GroupInvite: ("groups_v4_invite",),
    Interactive: ("list", "buttons"),
    InteractiveReply: ("list_response", "buttons_response", "template_button_reply"),
    GroupNotice: ("gp2",),
}
"""The page's own names of the types."""


def as_told(args: Any) -> Any:
    return orjson.loads(orjson.dumps(args))


def type_of(content: Content) -> str:
    names = TOLD[type(content)]
    if isinstance(content, Interactive):
        return names[0] if isinstance(content.action, ListMenu) else names[1]
    return names[-1]


def test_every_kind_that_is_handed_over_or_told_is_here() -> None:
    assert set(contents._HAND) == set(SENT) | set(MEDIA_CONTENTS)
    assert set(contents._READ) == {name for names in TOLD.values() for name in names} | set(media_readers())
    assert set(TOLD) | set(MEDIA_CONTENTS) | set(OPERATIONS) | {Unsupported} == set(get_args(Content))
    assert set(more_contents.HAND) < set(SENT)


@pytest.mark.parametrize("kind", SENT, ids=lambda kind: kind.__name__)
@QUICK
@given(data=st.data())
def test_what_is_handed_over_is_read_as_what_it_was(kind: type[Any], data: st.DataObject) -> None:
    content = data.draw(SENT[kind])
    handed = hand(content)
    assert handed.needs
    assert read_content({"type": type_of(content), **as_told(handed.args)}) == content


@QUICK
@given(given_values.replies)
def test_an_answer_to_a_menu_is_read_as_it_is(reply: InteractiveReply) -> None:
    choice = {field.name: getattr(reply.choice, field.name) for field in fields(reply.choice)}
    kinds = TOLD[InteractiveReply][:1] if reply.of_list else TOLD[InteractiveReply][1:]
    for kind in kinds:
        assert read_content(as_told({"type": kind, "choice": choice})) == reply


@QUICK
@given(given_values.operations)
def test_an_operation_is_handed_over_whole(operation: Operation) -> None:
    outgoing = OutgoingOperation(
        whatsapp_id=WhatsAppMessageId("true_1@c.us_3EB0"), chat=Jid.parse("15550100200@c.us"), content=operation
    )
    handed = operations.hand_operation(outgoing)
    args = as_told(handed.args)
    assert (args["id"], args["chat"], args["target"]) == (outgoing.whatsapp_id, str(outgoing.chat), operation.target)
    for field in fields(operation):
        value = getattr(operation, field.name)
        match field.name:
            case "duration":
                assert (args["pinned"], args["seconds"]) == (value is not None, value.total_seconds() if value else 0)
            case "mentions":
                assert args.get("mentions", []) == [str(jid) for jid in value]
            case _:
                assert args[field.name] == (list(value) if isinstance(value, tuple) else value)


def test_every_operation_is_handed_over() -> None:
    assert set(operations._HAND) == set(operations._NEEDS) == set(OPERATIONS)


CHANGES = {
    "reaction": Reacted,
    "edit": Edited,
    "revoke": Revoked,
    "vote": Voted,
    "pin": Pinned,
    "star": Starred,
    "delete": Deleted,
}


def milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def told_of(change: AnyChange) -> dict[str, Any]:
    """As web/bridge/src/protocol.ts has it: `WireChange`."""
    kind = next(name for name, each in CHANGES.items() if each is type(change))
    item: dict[str, Any] = {
        "kind": kind,
        "target": change.target,
        "chat": str(change.chat),
        "sender": str(change.by),
        "fromMe": change.from_me,
        "at": milliseconds(change.at),
        "alternate": None if change.alternate is None else str(change.alternate),
    }
    for field in {each.name for each in fields(change)} - {each.name for each in fields(Change)}:
        value = getattr(change, field)
        item[field] = [str(each) for each in value] if isinstance(value, tuple) else value
    if isinstance(change, Edited) and change.event is not None:
        item["event"] = {**hand(change.event).args, "canceled": change.event.canceled}
    if isinstance(change, Pinned):
        item |= {"pinned": change.until is not None, "until": change.until and milliseconds(change.until)}
    return {name: value for name, value in item.items() if value is not None}


def test_every_change_is_told() -> None:
    assert set(told_changes._READ) == set(CHANGES)
    assert set(CHANGES.values()) == set(get_args(AnyChange))


@QUICK
@given(given_values.changes)
def test_a_change_is_read_as_it_is(change: AnyChange) -> None:
    assert told_changes.change(as_told(told_of(change))) == change


NEWS = {
    "chat": ChatChanged,
    "presence": PresenceChanged,
    "contact": ContactChanged,
    "call": CallRings,
    "callStopped": CallStopped,
}


def camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(each.capitalize() for each in more)


FRACTIONS = {"offered_at", "last_seen"}


def by_the_second(value: Any) -> Any:
    """The page tells of a chat's times by the second."""
    times = {field.name: getattr(value, field.name) for field in fields(value)}
    cut = {name: time.replace(microsecond=0) for name, time in times.items() if isinstance(time, datetime)}
    cut = {name: time for name, time in cut.items() if name not in FRACTIONS}
    if isinstance(times.get("muted"), Muted) and times["muted"].until is not None:
        cut["muted"] = Muted(until=times["muted"].until.replace(microsecond=0))
    return replace(value, **cut)


def wire(value: Any) -> dict[str, Any]:
    """As web/bridge/src/people-protocol.ts has it: fields in camel case, times in Unix seconds, nothing for None."""
    told: dict[str, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if held is None:
            continue
        if field.name == "muted":
            told["mutedUntil"] = -1 if held.until is None else int(held.until.timestamp())
        elif field.name == "activity":
            told["activity"] = held.value.lower()
        elif isinstance(held, datetime):
            told[camel(field.name)] = held.timestamp() if field.name in FRACTIONS else int(held.timestamp())
        else:
            told[camel(field.name)] = str(held) if isinstance(held, Jid) else held
    return told


def test_all_news_of_people_is_told() -> None:
    assert set(NEWS.values()) == set(get_args(PeopleEvent))


@pytest.mark.parametrize("kind", NEWS, ids=str)
@QUICK
@given(data=st.data())
def test_news_of_people_is_read_as_it_is(kind: str, data: st.DataObject) -> None:
    event = data.draw(values.any_of(NEWS[kind]))
    about = fields(event)[0].name
    event = replace(event, **{about: by_the_second(getattr(event, about))})
    item: dict[str, Any] = {"kind": kind}
    for field in fields(event):
        held = getattr(event, field.name)
        match field.name:
            case "changed":
                item["changed"] = list(held)
            case "outcome":
                item["outcome"] = held.value.lower()
            case "at":
                item["at"] = milliseconds(held)
            case _:
                item[field.name] = wire(held)
    [read] = people_decoder.news([as_told(item)])
    assert read == event
