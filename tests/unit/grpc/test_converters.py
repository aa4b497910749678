import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from application.representation.content import content_type
from application.representation.messages import message_to_dict
from application.representation.sessions import session_to_dict
from domain.changes import Change, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.content import Content, Text, Unsupported
from domain.errors import InvalidArgumentError
from domain.event import (
    PAYLOAD_TYPES,
    Event,
    MessageAcked,
    MessageCanceled,
    MessageDeleted,
    MessageEdited,
    MessageExpired,
    MessageFailed,
    MessagePinned,
    MessageQueued,
    MessageReacted,
    MessageReceived,
    MessageRevoked,
    MessageSent,
    MessageStarred,
    PairingCodeIssued,
    Payload,
    PollVoted,
    QrIssued,
    SessionStatusChanged,
    WebhookDisabled,
)
from domain.event_content import EventInvitation
from domain.group import (
    MemberAddMode,
    ParticipantAction,
    ParticipantOutcome,
    RequestMethod,
    RequestState,
    Role,
)
from domain.group_notice import NoticeKind
from domain.ids import EventId, MediaId, MessageId, SessionId, WebhookId, WhatsAppMessageId
from domain.jid import Jid
from domain.media import Media, MediaKind
from domain.media_events import MessageMediaStored
from domain.message import Direction, Failure, Message, MessageStatus
from domain.message_state import MessageState
from domain.pacing import Pacing
from domain.poll_content import Poll
from domain.proxy import Proxy
from domain.session import Me, Session, SessionStatus, StatusReason, Wanted
from domain.webhook import DeliveryKind, DeliveryOutcome, DisabledReason
from entrypoints.grpc.converters import groups, messages, sessions, webhooks
from entrypoints.grpc.converters.contents import CONTENT_CONVERTERS, content_from_proto
from entrypoints.grpc.converters.events import PAYLOAD_CONVERTERS, event_to_proto
from entrypoints.grpc.converters.times import time_from_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2, group_pb2, message_pb2, session_pb2, webhook_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as service_pb
from tests.pacing_samples import PACING_PAYLOADS
from tests.people_samples import PEOPLE_PAYLOADS
from tests.unit.domain.content_values import more_contents, sendable
from tests.unit.domain.group_values import GROUP_PAYLOADS

NOW = datetime(2026, 11, 22, 12, 30, 45, 678901, tzinfo=UTC)
ANA, BEN = Jid.parse("15550100100@c.us"), Jid.parse("15550100200@c.us")
LID = Jid.parse("9000000001@lid")
ME = Me(jid=ANA, lid=LID, name="Ana")

# Any text that UTF-8, and so protobuf, can carry.
texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


def message(content: Content | None = None, **more: object) -> Message:
    fields: dict[str, object] = {
        "id": MessageId("msg_1"),
        "session_id": SessionId("ana"),
        "whatsapp_id": WhatsAppMessageId("true_15550100200@c.us_3EB0"),
        "direction": Direction.OUTBOUND,
        "chat": BEN,
        "sender": ANA,
        "recipient": BEN,
        "content": content or Text(body="hi"),
        "status": MessageStatus.QUEUED,
        "created_at": NOW,
    }
    return Message(**(fields | more))  # type: ignore[arg-type]  # the fields' types are the dataclass's


CHANGE: dict[str, Any] = {
    "target": WhatsAppMessageId("true_1_2"),
    "chat": BEN,
    "by": ANA,
    "from_me": True,
    "at": NOW,
    "alternate": LID,
}
PAYLOADS: tuple[Payload, ...] = (
    *GROUP_PAYLOADS,
    SessionStatusChanged(status=SessionStatus.WORKING, reason=StatusReason.CONNECTED, detail="well", me=ME),
    QrIssued(expires_at=NOW),
    PairingCodeIssued(expires_at=NOW),
    MessageQueued(message=message()),
    MessageSent(message=message()),
    MessageReceived(message=message()),
    MessageFailed(message=message(status=MessageStatus.FAILED, failure=Failure(reason="WHY", message="Because."))),
    MessageCanceled(message=message(status=MessageStatus.CANCELED)),
    MessageExpired(message=message(status=MessageStatus.EXPIRED)),
    MessageAcked(
        message_id=MessageId("msg_1"),
        whatsapp_id=WhatsAppMessageId("true_1_2"),
        chat=BEN,
        status=MessageStatus.READ,
        at=NOW,
        participant=LID,
    ),
    # The message's own id is a field of the change.
    MessageEdited(message_id=None, change=Edited(**CHANGE, body="new")),
    MessageEdited(
        message_id=MessageId("msg_1"),
        change=Edited(**CHANGE, body="new", mentions=(BEN,), event=EventInvitation(name="new", starts_at=NOW)),
    ),
    MessageRevoked(message_id=None, change=Revoked(**CHANGE)),
    MessageReacted(message_id=MessageId("msg_1"), change=Reacted(**CHANGE, emoji="👍")),
    PollVoted(message_id=MessageId("msg_1"), change=Voted(**CHANGE, options=("a",))),
    MessagePinned(message_id=MessageId("msg_1"), change=Pinned(**CHANGE, until=NOW)),
    MessageStarred(message_id=MessageId("msg_1"), change=Starred(**CHANGE, starred=True)),
    MessageDeleted(message_id=None, change=Deleted(**CHANGE)),
    MessageMediaStored(
        message_id=MessageId("msg_1"),
        whatsapp_id=WhatsAppMessageId("true_1_2"),
        chat=BEN,
        media=Media(
            id=MediaId("media_1"), kind=MediaKind.IMAGE, mime_type="image/png", size=1, sha256="0" * 64, created_at=NOW
        ),
    ),
    WebhookDisabled(endpoint_id=WebhookId("whk_1"), reason=DisabledReason.GONE, failing_since=None),
    *PACING_PAYLOADS,
    *PEOPLE_PAYLOADS,
)


def test_every_member_of_every_enum_has_a_value_of_its_own() -> None:
    for mapping, members, proto in (
        (sessions.STATUSES, SessionStatus, session_pb2.SessionStatus),
        (sessions.REASONS, StatusReason, session_pb2.StatusReason),
        (sessions.WANTED, Wanted, session_pb2.WantedState),
        (messages.DIRECTIONS, Direction, message_pb2.Direction),
        (messages.STATUSES, MessageStatus, message_pb2.MessageStatus),
        (webhooks.DISABLED, DisabledReason, webhook_pb2.WebhookDisabledReason),
        (webhooks.OUTCOMES, DeliveryOutcome, webhook_pb2.DeliveryOutcome),
        (webhooks.KINDS, DeliveryKind, webhook_pb2.DeliveryKind),
        (groups.ROLES, Role, group_pb2.GroupRole),
        (groups.MODES, MemberAddMode, group_pb2.MemberAddMode),
        (groups.ACTIONS, ParticipantAction, group_pb2.ParticipantAction),
        (groups.OUTCOMES, ParticipantOutcome, group_pb2.ParticipantOutcome),
        (groups.METHODS, RequestMethod, group_pb2.JoinRequestMethod),
        (groups.STATES, RequestState, group_pb2.JoinRequestState),
        (groups.KINDS, NoticeKind, group_pb2.GroupNoticeKind),
    ):
        assert set(mapping) == set(members)
        assert set(mapping.values()) == set(proto.values()) - {0}


def test_every_kind_has_one_converter() -> None:
    assert {converter.kind for converter in CONTENT_CONVERTERS} == set(get_args(Content))
    assert len(CONTENT_CONVERTERS) == len(get_args(Content))
    assert {converter.kind for converter in PAYLOAD_CONVERTERS} == set(PAYLOAD_TYPES.values())
    assert len(PAYLOAD_CONVERTERS) == len(PAYLOAD_TYPES)


def test_the_payloads_below_are_all_there_are() -> None:
    assert {type(payload) for payload in PAYLOADS} == set(PAYLOAD_TYPES.values())
    assert len(event_pb2.Event.DESCRIPTOR.oneofs_by_name["payload"].fields) == len(PAYLOAD_TYPES)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.TYPE)
def test_an_event_of_every_type(payload: Payload) -> None:
    event = Event(id=EventId("evt_1"), session_id=SessionId("ana"), time=NOW, sequence=2**53 + 1, payload=payload)
    converted = event_pb2.Event.FromString(event_to_proto(event).SerializeToString())
    assert (converted.id, converted.type, converted.session_id) == ("evt_1", payload.TYPE, "ana")
    assert converted.sequence == 2**53 + 1
    assert time_from_proto(converted.event_time, field="event_time") == NOW
    which = converted.WhichOneof("payload")
    assert which is not None
    assert which.replace("_", "") == type(payload).__name__.lower()
    # Nothing of a payload is left out.
    given = {field.name for field in dataclasses.fields(payload) if getattr(payload, field.name) is not None}
    if (change := getattr(payload, "change", None)) is not None:
        told = {field.name for field in dataclasses.fields(change) if getattr(change, field.name)}
        given = {"change"} | told - {field.name for field in dataclasses.fields(Change)}
        common = getattr(converted, which).change
        assert len(common.ListFields()) == len(CHANGE) + (payload.message_id is not None)  # type: ignore[union-attr] # those with a change have it
    assert len(getattr(converted, which).ListFields()) == len(given)


def test_a_sessions_fields_are_those_of_rest() -> None:
    session = Session(
        id=SessionId("ana"),
        name="Ana",
        wanted=Wanted.RUNNING,
        status=SessionStatus.WORKING,
        status_reason=StatusReason.CONNECTED,
        status_detail="well",
        status_at=NOW,
        created_at=NOW - timedelta(days=1),
        updated_at=NOW,
        me=ME,
        metadata={"team": "a"},
        pacing=Pacing(burst=2),
        stop_words=("STOP",),
        proxy=Proxy.parse("http://proxy.example:3128", "ana", "secret"),
    )
    converted = sessions.session_to_proto(session)
    assert len(converted.ListFields()) == len(session_to_dict(session))
    assert converted.me.phone == "15550100100"
    assert (converted.proxy.url, converted.proxy.has_password) == ("http://proxy.example:3128", True)
    assert not converted.proxy.HasField("password")
    assert (converted.me.jid, converted.me.lid, converted.me.name) == (str(ANA), str(LID), "Ana")
    assert converted.create_time.ToDatetime(UTC) == session.created_at


def test_a_messages_fields_are_those_of_rest() -> None:
    full = message(
        Poll(question="?", options=("a", "b")),
        forwarded=True,
        expected_at=NOW,
        state=MessageState(
            edited=Edited(**CHANGE, body="new"),
            revoked=Revoked(**CHANGE),
            deleted=Deleted(**CHANGE),
            starred=Starred(**CHANGE, starred=True),
            pinned=Pinned(**CHANGE, until=NOW),
            reactions=(Reacted(**CHANGE, emoji="👍"),),
            votes=(Voted(**CHANGE, options=("a",)),),
        ),
        alternate=LID,
        push_name="Ben",
        reply_to=WhatsAppMessageId("true_1_2"),
        from_api=True,
        backfilled=True,
        failure=Failure(reason="WHY", message="Because."),
        sent_at=NOW,
        delivered_at=NOW,
        read_at=NOW,
        played_at=NOW,
        not_before=NOW,
        expires_at=NOW,
    )
    converted = messages.message_to_proto(full)
    # `type` is told by which content is set.
    assert len(converted.ListFields()) == len(message_to_dict(full)) - 1
    assert (converted.error.reason, converted.error.message) == ("WHY", "Because.")
    bare = messages.message_to_proto(message())
    assert [(each.sender, each.emoji, each.from_me) for each in converted.reactions] == [(str(ANA), "👍", True)]
    assert [(each.option, list(each.voters)) for each in converted.poll_results] == [("a", [str(ANA)]), ("b", [])]
    absent = ("alternate_id", "push_name", "context", "error", "sent_time", "delivered_time", "read_time")
    assert not any(bare.HasField(name) for name in absent)  # type: ignore[arg-type]  # the names are fields


@given(sendable)
def test_what_can_be_sent_is_read_as_it_was_shown(content: Content) -> None:
    """Both ways: the message that shows a content has the same field as the request that sends it."""
    shown = message_pb2.Message.FromString(messages.message_to_proto(message(content)).SerializeToString())
    kind = shown.WhichOneof("content")
    assert kind is not None
    request = service_pb.SendMessageRequest(**{kind: getattr(shown, kind)})
    assert content_from_proto(service_pb.SendMessageRequest.FromString(request.SerializeToString())) == content


@given(more_contents)
def test_every_content_is_told_whole(content: Content) -> None:
    shown = messages.message_to_proto(message(content))
    assert shown.WhichOneof("content") == content_type(content)
    fields = getattr(shown, content_type(content)).ListFields()
    assert len(fields) <= len(dataclasses.fields(content)) + 1


@given(kind=texts, raw=st.dictionaries(texts, json_values, max_size=4))
def test_an_unknown_kind_keeps_all_that_the_page_told(kind: str, raw: dict[str, object]) -> None:
    sent = messages.message_to_proto(message(Unsupported(kind=kind, raw=raw)))
    converted = message_pb2.Message.FromString(sent.SerializeToString())
    assert converted.WhichOneof("content") == "unsupported"
    assert converted.unsupported.kind == kind
    assert json.loads(converted.unsupported.raw_json) == raw


def test_half_a_surrogate_pair_in_an_unknown_kind_does_no_harm() -> None:
    converted = messages.message_to_proto(message(Unsupported(kind="odd", raw={"name": "cut \ud83d"})))
    assert json.loads(converted.unsupported.raw_json) == {"name": "cut \ud83d"}


@given(
    st.datetimes(
        min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3)), timezone(timedelta(hours=14))]),
    )
)
def test_times_survive_to_the_microsecond(time: datetime) -> None:
    assert time_from_proto(time_to_proto(time), field="any") == time


@pytest.mark.parametrize("timestamp", [Timestamp(seconds=10**15), Timestamp(seconds=-(10**15)), Timestamp(nanos=-1)])
def test_a_time_that_isnt_one_is_refused(timestamp: Timestamp) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        time_from_proto(timestamp, field="since_time")
    assert (caught.value.reason, caught.value.field) == ("INVALID_REQUEST", "since_time")
