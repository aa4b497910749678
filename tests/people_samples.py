"""Chats, people, presence and calls, bare and with all they can have."""

from datetime import UTC, datetime

from domain.call import Call, CallOutcome
from domain.chat import Chat, Muted
from domain.contact import Contact
from domain.event import (
    CallEnded,
    CallReceived,
    CallRejected,
    ChatUpdated,
    ContactMerged,
    ContactUpdated,
    Payload,
    PresenceUpdated,
)
from domain.jid import Jid
from domain.presence import Activity, Presence

_NOW = datetime(2026, 11, 22, 14, 3, 21, tzinfo=UTC)
_PN, _LID, _GROUP = (Jid.parse(text) for text in ("15550100200@c.us", "9000000001@lid", "120363000000000000@g.us"))
_CALL = Call(id="A1", caller=_LID, alternate=_PN, offered_at=_NOW, video=True)

PEOPLE_PAYLOADS: tuple[Payload, ...] = (
    ChatUpdated(chat=Chat(jid=_GROUP), changed=("archived",)),
    ChatUpdated(
        chat=Chat(
            jid=_PN,
            alternate=_LID,
            name="Ada",
            unread=3,
            archived=True,
            pinned_at=_NOW,
            muted=Muted(until=_NOW),
            last_at=_NOW,
            more_on_phone=True,
        ),
        changed=("pinned", "muted"),
    ),
    ChatUpdated(chat=Chat(jid=_LID, marked_unread=True, muted=Muted()), changed=("unread",)),
    PresenceUpdated(presence=Presence(chat=_GROUP, participant=_PN, activity=Activity.RECORDING)),
    PresenceUpdated(presence=Presence(chat=_PN, alternate=_LID, online=False, last_seen=_NOW)),
    ContactUpdated(contact=Contact(jid=_LID)),
    ContactUpdated(
        contact=Contact(
            jid=_PN,
            alternate=_LID,
            username="ada.l",
            name="Ada",
            push_name="A",
            verified_name="Ada Ltd.",
            saved=True,
            business=True,
            blocked=True,
            me=True,
        )
    ),
    ContactMerged(contact_id=_PN, phone=_PN, lid=_LID, username="ada.l", merged=(_LID,)),
    ContactMerged(contact_id=_LID, phone=None, lid=_LID, username=None, merged=(_LID,)),
    CallReceived(call=_CALL),
    CallEnded(call=_CALL, outcome=CallOutcome.ACCEPTED_ELSEWHERE, at=_NOW),
    CallEnded(call=Call(id="A2", caller=_PN, offered_at=_NOW, group=True), outcome=CallOutcome.MISSED, at=_NOW),
    CallRejected(call=_CALL, at=_NOW),
)
"""One at least of each kind of event."""
