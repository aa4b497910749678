import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from application.representation.content import CONTENT_FORMS, content_from_dict, content_to_dict
from application.representation.events import PAYLOAD_FORMS, payload_from_dict, payload_to_dict
from application.representation.message_state import state_from_dict, state_to_dict
from application.representation.messages import message_from_dict, message_to_dict
from application.representation.sessions import session_from_dict, session_to_dict
from domain import event
from domain.call import Call, CallOutcome
from domain.chat import Chat, Muted
from domain.contact import Contact
from domain.content import Content, Text, Unsupported
from domain.event import PAYLOAD_TYPES, Payload
from domain.ids import MessageId, SessionId, WebhookId, WhatsAppMessageId
from domain.jid import Jid, Server
from domain.message import Direction, Failure, Message, MessageStatus
from domain.message_state import NOTHING_DONE, MessageState
from domain.presence import Activity, Presence
from domain.session import Me, Session, SessionStatus, StatusReason, Wanted
from domain.webhook import DisabledReason
from tests.unit.domain import content_values as values
from tests.unit.domain.content_values import more_contents
from tests.unit.domain.group_values import group_payloads
from tests.unit.domain.media_values import media_contents

jids = st.builds(
    lambda user, server: Jid(user=str(user), server=server),
    st.integers(10**8, 10**14),
    st.sampled_from([Server.USER, Server.LID]),
)
times = st.datetimes(min_value=datetime(2010, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
contents = (
    media_contents
    | more_contents
    | st.builds(Text, body=st.text(), mentions=st.lists(jids, max_size=3).map(tuple))
    | st.builds(Unsupported, kind=st.text(min_size=1), raw=st.dictionaries(st.text(), json_values, max_size=3))
)
messages = st.builds(
    Message,
    id=st.just(MessageId("msg_1")),
    session_id=st.just(SessionId("ana")),
    whatsapp_id=st.just(WhatsAppMessageId("true_15550100200@c.us_3EB0")),
    direction=st.sampled_from(Direction),
    chat=jids,
    sender=jids,
    recipient=jids,
    content=contents,
    status=st.sampled_from(MessageStatus),
    created_at=times,
    alternate=st.none() | jids,
    push_name=st.none() | st.text(),
    reply_to=st.none() | st.just(WhatsAppMessageId("false_15550100200@c.us_3A")),
    from_api=st.booleans(),
    backfilled=st.booleans(),
    failure=st.none() | st.builds(Failure, reason=st.just("SEND_REFUSED"), message=st.text()),
    not_before=st.none() | times,
    expires_at=st.none() | times,
    sent_at=st.none() | times,
    read_at=st.none() | times,
    forwarded=st.booleans(),
)
mes = st.none() | st.builds(Me, jid=jids, lid=st.none() | jids, name=st.none() | st.text())
message_ids = st.none() | st.just(MessageId("msg_1"))
users = st.builds(Jid, user=st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True), server=st.just(Server.USER))
lids = st.builds(Jid, user=st.from_regex(r"[0-9]{1,20}", fullmatch=True), server=st.just(Server.LID))
groups = st.just(Jid.parse("120363000000000000@g.us"))
names = st.none() | st.text()


def _in_both_forms(kind: type, first: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Things that have a person's address and its other form, or a group's, which has none."""
    return st.one_of(
        *(
            st.builds(kind, **{first: one, "alternate": other}, **fields)
            for one, other in ((users, st.none() | lids), (lids, st.none() | users), (groups, st.none()))
        )
    )


chats = _in_both_forms(
    Chat,
    "jid",
    name=names,
    unread=st.integers(0, 10_000),
    marked_unread=st.booleans(),
    archived=st.booleans(),
    pinned_at=st.none() | times,
    muted=st.none() | st.builds(Muted, until=st.none() | times),
    last_at=st.none() | times,
    more_on_phone=st.none() | st.booleans(),
)
contacts = _in_both_forms(
    Contact, "jid", username=names, name=names, push_name=names, verified_name=names, saved=st.booleans()
)
presences = _in_both_forms(
    Presence,
    "chat",
    participant=st.none() | users,
    online=st.none() | st.booleans(),
    activity=st.sampled_from(Activity),
    last_seen=st.none() | times,
)
calls = _in_both_forms(
    Call, "caller", id=st.text(min_size=1), offered_at=times, video=st.booleans(), group=st.booleans()
)
payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(
        event.SessionStatusChanged,
        status=st.sampled_from(SessionStatus),
        reason=st.sampled_from(StatusReason),
        detail=st.none() | st.text(),
        me=mes,
    ),
    st.builds(event.QrIssued, expires_at=times),
    st.builds(event.ChatUpdated, chat=chats, changed=st.lists(st.sampled_from(("archived", "muted"))).map(tuple)),
    st.builds(event.PresenceUpdated, presence=presences),
    st.builds(event.ContactUpdated, contact=contacts),
    st.builds(
        event.ContactMerged,
        contact_id=jids,
        phone=st.none() | jids,
        lid=st.none() | jids,
        username=st.none() | st.text(),
        merged=st.lists(jids).map(tuple),
    ),
    st.builds(event.CallReceived, call=calls),
    st.builds(event.CallEnded, call=calls, outcome=st.sampled_from(CallOutcome), at=times),
    st.builds(event.CallRejected, call=calls, at=times),
    st.builds(event.PairingCodeIssued, expires_at=times),
    st.builds(event.MessageQueued, message=messages),
    st.builds(event.MessageSent, message=messages),
    st.builds(event.MessageReceived, message=messages),
    st.builds(event.MessageFailed, message=messages),
    st.builds(event.MessageCanceled, message=messages),
    st.builds(event.MessageExpired, message=messages),
    st.builds(
        event.MessageAcked,
        message_id=st.just(MessageId("msg_1")),
        whatsapp_id=st.just(WhatsAppMessageId("w")),
        chat=jids,
        status=st.sampled_from(MessageStatus),
        at=times,
        participant=st.none() | jids,
    ),
    st.builds(event.MessageEdited, message_id=message_ids, change=values.edited),
    st.builds(event.MessageRevoked, message_id=message_ids, change=values.revoked),
    st.builds(event.MessageReacted, message_id=message_ids, change=values.reacted),
    st.builds(event.PollVoted, message_id=message_ids, change=values.voted),
    st.builds(event.MessagePinned, message_id=message_ids, change=values.pinned),
    st.builds(event.MessageStarred, message_id=message_ids, change=values.starred),
    st.builds(event.MessageDeleted, message_id=message_ids, change=values.deleted),
    group_payloads,
    st.builds(
        event.WebhookDisabled,
        endpoint_id=st.just(WebhookId("whk_1")),
        reason=st.sampled_from(DisabledReason),
        failing_since=st.none() | times,
    ),
)


@given(contents)
def test_content_survives_json(content: Content) -> None:
    assert content_from_dict(json.loads(json.dumps(content_to_dict(content)))) == content


@given(messages)
def test_a_message_survives_json(message: Message) -> None:
    assert message_from_dict(json.loads(json.dumps(message_to_dict(message)))) == message


states = st.lists(values.changes, max_size=6).map(
    lambda changes: reduce(lambda state, change: state.apply(change), changes, NOTHING_DONE)
)


@given(states)
def test_a_state_survives_json(state: MessageState) -> None:
    assert state_from_dict(json.loads(json.dumps(state_to_dict(state)))) == state


@given(messages, states)
def test_a_message_shows_the_same_after_it_was_stored_in_an_event(message: Message, state: MessageState) -> None:
    shown = json.loads(json.dumps(message_to_dict(replace(message, state=state))))
    assert json.loads(json.dumps(message_to_dict(message_from_dict(shown)))) == shown


@given(payloads)
def test_every_payload_survives_json(payload: Payload) -> None:
    assert payload_from_dict(payload.TYPE, json.loads(json.dumps(payload_to_dict(payload)))) == payload


def test_every_payload_type_is_listed_by_its_name() -> None:
    assert {name: kind.TYPE for name, kind in PAYLOAD_TYPES.items()} == {name: name for name in PAYLOAD_TYPES}
    assert len(PAYLOAD_TYPES) == len(get_args(Payload))


@given(
    st.builds(
        Session,
        id=st.just(SessionId("ana")),
        name=st.text(),
        wanted=st.sampled_from(Wanted),
        status=st.sampled_from(SessionStatus),
        status_reason=st.sampled_from(StatusReason),
        status_detail=st.none() | st.text(),
        status_at=times,
        created_at=times,
        updated_at=times,
        me=mes,
        metadata=st.dictionaries(st.text(), st.text(), max_size=3),
    )
)
def test_a_session_is_read_back_as_it_was(session: Session) -> None:
    assert session_from_dict(json.loads(json.dumps(session_to_dict(session)))) == session


def test_every_kind_of_content_and_payload_has_one_form() -> None:
    assert sorted(form.kind.__name__ for form in CONTENT_FORMS) == sorted(kind.__name__ for kind in get_args(Content))
    assert len({form.name for form in CONTENT_FORMS}) == len(CONTENT_FORMS)
    assert sorted(form.kind.TYPE for form in PAYLOAD_FORMS) == sorted(PAYLOAD_TYPES)
