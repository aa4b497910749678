"""What the page tells of groups, people, messages and receipts: read as it is, or refused as what it isn't."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.playwright import changes, decoder, group_decoder, people_decoder
from adapters.playwright.contents import hand, read_content
from adapters.playwright.fields import MalformedError, mapping
from adapters.playwright.news import NewsReader
from application.ports.page_events import NumberChange, SeenMessage, SeenReceipt
from domain.call import Call
from domain.chat import Chat
from domain.contact import BusinessProfile, Contact, Existence
from domain.errors import InvalidArgumentError
from domain.group import (
    CreatedGroup,
    Group,
    GroupPreview,
    JoinRequest,
    MemberAddMode,
    Participant,
    ParticipantOutcome,
    ParticipantResult,
    RequestMethod,
)
from domain.group_notice import GroupNotice, NoticeKind
from domain.message import MessageStatus
from domain.presence import Presence
from domain.session import Capability, Me
from entrypoints.grpc.converters.groups import (
    group_to_proto,
    join_request_to_proto,
    preview_to_proto,
    result_to_proto,
)
from entrypoints.grpc.converters.people import (
    call_to_proto,
    chat_to_proto,
    contact_to_proto,
    existence_to_proto,
    presence_to_proto,
)
from tests.unit.domain.content_values import changes as any_changes
from tests.unit.domain.media_values import media_contents
from tests.unit.mappings import values
from tests.unit.mappings.test_page import SENT, by_the_second, milliseconds, told_of, type_of, wire
from tests.unit.playwright_adapter.test_media_contents import told as told_of_media

QUICK = settings(max_examples=25)
REFUSALS = (MalformedError, InvalidArgumentError)
ACKS = {MessageStatus.SENT: 1, MessageStatus.DELIVERED: 2, MessageStatus.READ: 3, MessageStatus.PLAYED: 4, None: 0}
METHODS = {RequestMethod.LINK: "InviteLink", RequestMethod.MEMBER: "NonAdminAdd", RequestMethod.OTHER: "Another"}
CODES = {
    ParticipantOutcome.DONE: 200,
    ParticipantOutcome.CONTACT_BLOCKED: 401,
    ParticipantOutcome.INVITE_NEEDED: 403,
    ParticipantOutcome.RECENTLY_LEFT: 408,
    ParticipantOutcome.ALREADY_MEMBER: 409,
    ParticipantOutcome.GROUP_FULL: 419,
    ParticipantOutcome.AWAITS_APPROVAL: 421,
    ParticipantOutcome.REFUSED: 500,
}
MISSING = {
    ParticipantOutcome.NUMBER_NOT_ON_WHATSAPP: {"adding": True},
    ParticipantOutcome.NOT_GROUP_MEMBER: {"adding": False},
    ParticipantOutcome.REQUEST_NOT_FOUND: {"adding": False, "requests": True},
}
"""What a 404 says depends on what was done."""


def told_group(group: Group) -> dict[str, Any]:
    """As web/bridge/src/group-protocol.ts has it."""
    rules = group.settings
    return {
        "id": str(group.jid),
        "subject": group.subject,
        "description": group.description,
        "owner": told_jid(group.owner),
        "created": seconds(group.created_at),
        "announce": rules.announce,
        "restrict": rules.restrict,
        "memberAdd": "all" if rules.member_add_mode is MemberAddMode.ALL else "admins",
        "approval": rules.join_approval,
        "ephemeral": rules.ephemeral.total_seconds(),
        "lid": group.lid_addressing,
        "me": None if group.me is None else group.me.value.lower(),
        "size": group.size,
        "participants": [told_participant(each) for each in group.participants],
    }


def told_participant(each: Participant) -> dict[str, Any]:
    return {"jid": str(each.jid), "alternate": told_jid(each.alternate), "role": each.role.value.lower()}


def told_jid(jid: Any) -> str | None:
    return None if jid is None else str(jid)


def seconds(time: Any) -> int | None:
    return None if time is None else int(time.timestamp())


def told_result(result: ParticipantResult) -> dict[str, Any]:
    return {
        "asked": str(result.asked),
        "jid": str(result.jid),
        "code": result.code,
        "invite": result.invite_code,
        "expires": seconds(result.invite_expires_at),
    }


def told_preview(preview: GroupPreview) -> dict[str, Any]:
    return {
        "id": str(preview.jid),
        "subject": preview.subject,
        "description": preview.description,
        "owner": told_jid(preview.owner),
        "created": seconds(preview.created_at),
        "size": preview.size,
        "approval": preview.join_approval,
    }


def told_request(request: JoinRequest) -> dict[str, Any]:
    return {
        "jid": str(request.jid),
        "alternate": told_jid(request.alternate),
        "by": told_jid(request.by),
        "method": METHODS[request.method],
        "at": seconds(request.at),
    }


def told_notice(notice: GroupNotice) -> dict[str, Any]:
    people = [str(each) for each in notice.people]
    told = {"kind": notice.name, "people": people, "mine": notice.includes_me, "text": notice.text}
    return {"type": "gp2", "notice": told}


def told_message(seen: SeenMessage) -> dict[str, Any]:
    """As web/bridge/src/protocol.ts has it: `WireMessage`."""
    content = seen.content
    handed = {"type": type_of(content), **hand(content).args} if type(content) in SENT else told_of_media(content)  # type: ignore[arg-type] # those are all that are drawn
    return {
        **handed,
        "id": seen.whatsapp_id,
        "chat": str(seen.chat),
        "sender": str(seen.sender),
        "recipient": str(seen.recipient),
        "fromMe": seen.from_me,
        "t": seen.timestamp.timestamp(),
        "ack": ACKS[seen.status],
        "alternate": told_jid(seen.alternate),
        "pushName": seen.push_name,
        "replyTo": seen.reply_to,
        "forwarded": seen.forwarded,
        "changes": [told_of(change) for change in seen.changes],
        "numberChange": told_number_change(seen.number_change),
    }


def told_number_change(change: NumberChange | None) -> dict[str, str] | None:
    return None if change is None else {"before": str(change.before), "now": str(change.now)}


def told_receipt(receipt: SeenReceipt) -> dict[str, Any]:
    return {
        "id": receipt.whatsapp_id,
        "ack": ACKS[receipt.status],
        "at": milliseconds(receipt.at),
        "participant": told_jid(receipt.participant),
    }


def told_capability(capability: Capability) -> dict[str, Any]:
    return {"name": capability.name, "available": capability.available, "detail": capability.detail}


def told_account(me: Me) -> dict[str, Any]:
    return {"jid": str(me.jid), "lid": told_jid(me.lid), "name": me.name}


def in_seconds(field: str) -> Callable[[Any], Any]:
    def cut(value: Any) -> Any:
        time = getattr(value, field)
        return value if time is None else replace(value, **{field: time.replace(microsecond=0)})

    return cut


def as_settled(seen: SeenMessage) -> SeenMessage:
    """What isn't from here has been delivered; and a file has no name of ours yet."""
    if not seen.from_me and seen.status in {None, MessageStatus.SENT}:
        seen = replace(seen, status=MessageStatus.DELIVERED)
    if type(seen.content) not in SENT:
        seen = replace(seen, content=read_content(told_of_media(seen.content)))  # type: ignore[arg-type] # a file
    return seen


results = (
    st.sampled_from([*CODES])
    .flatmap(lambda outcome: values.whole(ParticipantResult, outcome=st.just(outcome), code=st.just(CODES[outcome])))
    .map(in_seconds("invite_expires_at"))
)
groups = st.from_type(Group).map(in_seconds("created_at"))
requests = st.from_type(JoinRequest).map(in_seconds("at"))
statuses = st.none() | st.sampled_from(
    [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED]
)
people = values.JIDS.filter(lambda jid: jid.is_user)
messages = values.whole(
    SeenMessage,
    content=st.one_of(*SENT.values(), media_contents),
    status=statuses,
    changes=st.lists(any_changes, max_size=2).map(tuple),
    number_change=st.none() | st.builds(NumberChange, before=people, now=people),
).map(as_settled)
receipts = values.whole(SeenReceipt, status=statuses.filter(bool))


def read_adding(told: object) -> Any:
    return group_decoder.read_results(told, adding=True)


def of_object(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Readers of what is in a list: whoever goes through it looks that it is an object."""
    return lambda told: read(mapping(told))


@dataclass(frozen=True)
class Reading:
    """Something that is read: its reader, its values, and how the bridge tells of one."""

    read: Callable[[Any], Any]
    values: st.SearchStrategy[Any]
    tell: Callable[[Any], Any]
    show: Callable[[Any], Any] = repr
    """To a caller: what couldn't be shown mustn't be read."""


READINGS = {
    "group": Reading(group_decoder.read_group, groups, told_group, group_to_proto),
    "results": Reading(
        read_adding,
        st.lists(results, max_size=3).map(tuple),
        lambda given: [told_result(each) for each in given],
        lambda given: [result_to_proto(each) for each in given],
    ),
    "creation": Reading(
        group_decoder.read_creation,
        st.builds(CreatedGroup, group=groups, results=st.lists(results, max_size=2).map(tuple)),
        lambda made: {"group": told_group(made.group), "results": [told_result(each) for each in made.results]},
    ),
    "preview": Reading(
        group_decoder.read_preview,
        st.from_type(GroupPreview).map(in_seconds("created_at")),
        told_preview,
        preview_to_proto,
    ),
    "request": Reading(group_decoder.read_request, requests, told_request, join_request_to_proto),
    "notice": Reading(
        of_object(group_decoder.read_notice),
        st.from_type(GroupNotice).map(lambda notice: replace(notice, kind=NoticeKind.OTHER, name="x" + notice.name)),
        told_notice,
    ),
    "chat": Reading(people_decoder.chat, st.from_type(Chat).map(by_the_second), wire, chat_to_proto),
    "contact": Reading(people_decoder.contact, st.from_type(Contact), wire, contact_to_proto),
    "existence": Reading(people_decoder.existence, st.from_type(Existence), wire, existence_to_proto),
    "business": Reading(people_decoder.business, st.from_type(BusinessProfile), wire),
    "presence": Reading(people_decoder.presence, st.from_type(Presence), wire, presence_to_proto),
    "call": Reading(people_decoder.call, st.from_type(Call), wire, call_to_proto),
    "message": Reading(of_object(decoder.message), messages, told_message),
    "receipt": Reading(of_object(decoder.receipt), receipts, told_receipt),
    "capability": Reading(of_object(decoder.capability), st.from_type(Capability), told_capability),
    "account": Reading(decoder.account, st.from_type(Me), told_account),
    "change": Reading(of_object(changes.change), any_changes, told_of),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 10**20, 10**400, -(10**400)]),
    st.sampled_from([float("inf"), float("-inf"), float("nan"), 1e300, -1e300, 1e17, 0.5]),
    st.text(max_size=3),
    st.sampled_from(["\0", "1@bot", "@", "x" * 5_000]),
    st.sampled_from([[], {}, [None], [{}], {"": None}, [[[]]]]),
)
"""What JSON, or a page, can hold where something else belongs."""


def places(told: Any, within: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield within
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, value in inner:
        yield from places(value, (*within, name))


def with_odd(told: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    hurt = dict(told) if isinstance(told, dict) else list(told)
    hurt[place[0]] = with_odd(told[place[0]], place[1:], odd)
    return hurt


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
@QUICK
@given(data=st.data())
def test_what_is_told_is_read_as_it_is(reading: Reading, data: st.DataObject) -> None:
    value = data.draw(reading.values)
    assert reading.read(orjson.loads(orjson.dumps(reading.tell(value)))) == value


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
@QUICK
@given(data=st.data())
def test_what_is_told_wrong_is_refused(reading: Reading, data: st.DataObject) -> None:
    told = orjson.loads(orjson.dumps(reading.tell(data.draw(reading.values))))
    hurt = with_odd(told, data.draw(st.sampled_from([*places(told)])), data.draw(ODD))
    with suppress(*REFUSALS):
        reading.read(hurt)


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_numbers_that_nothing_can_hold_are_refused(reading: Reading) -> None:
    """Each of the odd values in each place, of one value: what is drawn above may miss one."""
    told: Any = None

    @settings(max_examples=1, database=None, derandomize=True)
    @given(reading.values)
    def look(value: Any) -> None:
        nonlocal told
        told = orjson.loads(orjson.dumps(reading.tell(value)))

    look()
    for place in places(told):
        for odd in (10**400, float("inf"), float("nan"), 1e300, -1e300, 10**17, 10**12, -(10**12)):
            with suppress(*REFUSALS):
                reading.show(reading.read(with_odd(told, place, odd)))


@QUICK
@given(values.whole(ParticipantResult, outcome=st.sampled_from([*MISSING]), code=st.just(404)))
def test_what_a_missing_person_means_depends_on_what_was_done(result: ParticipantResult) -> None:
    result = in_seconds("invite_expires_at")(result)
    assert group_decoder.read_results([told_result(result)], **MISSING[result.outcome]) == (result,)  # type: ignore[arg-type] # the flags


def test_every_outcome_is_told() -> None:
    assert {*CODES, *MISSING} == set(ParticipantOutcome)


@QUICK
@given(
    st.sampled_from(["messages", "receipts", "changes", "people", "phase", "qr", "ready", "logout", "fault", "login"]),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("items", "phase", "me", "text", "ttlMs", "capabilities", "wajs", "page", "reason", "held"), ODD
        ),
    ),
)
def test_no_news_stops_those_that_follow(kind: str, told: dict[str, Any]) -> None:
    reader = NewsReader("s", linked=True)
    reader.read({"t": kind, **told})
    for phase in ("connected", "syncing", "lost"):
        reader.read({"t": "phase", **told, "phase": phase})
