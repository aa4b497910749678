"""Events: one type each, in one envelope. What consumers read from the log, in order.

A topic's payloads are in a file of their own; each is one line of ``Payload``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from domain.group_events import (
    GroupJoined,
    GroupLeft,
    GroupParticipantsChanged,
    GroupRequested,
    GroupUpdated,
)
from domain.ids import EventId, SessionId
from domain.media_events import MessageMediaStored
from domain.message_change_events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageReacted,
    MessageRevoked,
    MessageStarred,
    PollVoted,
)
from domain.message_events import (
    MessageAcked,
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
)
from domain.pacing_events import (
    SessionQuotaWarned,
    SessionRestricted,
    SessionResumed,
    SuppressionAdded,
    SuppressionRemoved,
)
from domain.people_events import (
    CallEnded,
    CallReceived,
    CallRejected,
    ChatUpdated,
    ContactMerged,
    ContactUpdated,
    PresenceUpdated,
)
from domain.session_events import PairingCodeIssued, QrIssued, SessionStatusChanged
from domain.webhook_events import WebhookDisabled

__all__ = [
    "PAYLOAD_TYPES",
    "CallEnded",
    "CallReceived",
    "CallRejected",
    "ChatUpdated",
    "ContactMerged",
    "ContactUpdated",
    "Event",
    "GroupJoined",
    "GroupLeft",
    "GroupParticipantsChanged",
    "GroupRequested",
    "GroupUpdated",
    "MessageAcked",
    "MessageCanceled",
    "MessageDeleted",
    "MessageEdited",
    "MessageExpired",
    "MessageFailed",
    "MessageMediaStored",
    "MessagePinned",
    "MessageQueued",
    "MessageReacted",
    "MessageReceived",
    "MessageRevoked",
    "MessageSent",
    "MessageStarred",
    "NewEvent",
    "PairingCodeIssued",
    "Payload",
    "PollVoted",
    "PresenceUpdated",
    "QrIssued",
    "SessionQuotaWarned",
    "SessionRestricted",
    "SessionResumed",
    "SessionStatusChanged",
    "SuppressionAdded",
    "SuppressionRemoved",
    "WebhookDisabled",
]

Payload = (
    SessionStatusChanged
    | QrIssued
    | PairingCodeIssued
    | MessageQueued
    | MessageSent
    | MessageReceived
    | MessageFailed
    | MessageCanceled
    | MessageExpired
    | MessageAcked
    | MessageEdited
    | MessageRevoked
    | MessageReacted
    | PollVoted
    | MessagePinned
    | MessageStarred
    | MessageDeleted
    | MessageMediaStored
    | ChatUpdated
    | PresenceUpdated
    | ContactUpdated
    | ContactMerged
    | CallReceived
    | CallEnded
    | CallRejected
    | GroupJoined
    | GroupLeft
    | GroupParticipantsChanged
    | GroupUpdated
    | GroupRequested
    | WebhookDisabled
    | SessionRestricted
    | SessionResumed
    | SessionQuotaWarned
    | SuppressionAdded
    | SuppressionRemoved
)

PAYLOAD_TYPES: Final[dict[str, type[Payload]]] = {payload.TYPE: payload for payload in get_args(Payload)}
"""By the public names of the events' types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event on its way into the log. ``session_id`` None: it belongs to no session."""

    id: EventId
    session_id: SessionId | None
    time: datetime
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event in the log.

    Attributes:
        session_id: None when it belongs to no session.
        sequence: its place in the log, rising in the order of commits; also the cursor of whoever has read it.
    """

    id: EventId
    session_id: SessionId | None
    time: datetime
    sequence: int
    payload: Payload

    @property
    def type(self) -> str:
        """The public name of the event's type."""
        return self.payload.TYPE
