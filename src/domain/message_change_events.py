"""What people do to messages, as events: each is told once, whatever a page tells twice."""

from dataclasses import dataclass
from typing import ClassVar

from domain.changes import Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.ids import MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """Emitted when a message has another text or caption, or an invitation is to another event.

    Attributes:
        message_id: None in this and the other events where the message isn't on record: it is older than the session,
            or comes later.
    """

    TYPE: ClassVar[str] = "message.edited"
    message_id: MessageId | None
    change: Edited


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRevoked:
    """Emitted when a message was taken back for everyone."""

    TYPE: ClassVar[str] = "message.revoked"
    message_id: MessageId | None
    change: Revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReacted:
    """Emitted when a person reacts to a message, reacts otherwise, or takes their reaction back."""

    TYPE: ClassVar[str] = "message.reaction"
    message_id: MessageId | None
    change: Reacted


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVoted:
    """Emitted when a person votes in a poll, votes otherwise, or takes their vote back."""

    TYPE: ClassVar[str] = "poll.vote"
    message_id: MessageId | None
    change: Voted


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePinned:
    """Emitted when a message is pinned or unpinned for everyone."""

    TYPE: ClassVar[str] = "message.pinned"
    message_id: MessageId | None
    change: Pinned


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStarred:
    """Emitted when the account marks a message with a star, or takes that back."""

    TYPE: ClassVar[str] = "message.starred"
    message_id: MessageId | None
    change: Starred


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """Emitted when the account deletes a message for itself."""

    TYPE: ClassVar[str] = "message.deleted"
    message_id: MessageId | None
    change: Deleted
