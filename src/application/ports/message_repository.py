"""Messages at rest."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Direction, Message, MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePosition:
    """Where a page of a list ended."""

    created_at: datetime
    id: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages a list shows; None doesn't filter.

    Attributes:
        chat: matches either address form of a person.
        also: further addresses of the same person; together with ``chat`` only.
        among: only these sessions'.
        types: public names of kinds of content. Without any a list shows all but operations on other messages.
    """

    session_id: SessionId | None = None
    chat: Jid | None = None
    also: tuple[Jid, ...] = ()
    direction: Direction | None = None
    status: MessageStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    types: frozenset[str] = frozenset()
    among: frozenset[SessionId] | None = None


class MessageRepository(Protocol):
    """Messages of all sessions. Part of a unit of work."""

    @abstractmethod
    async def add_absent(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Adds those whose (session, WhatsApp id) isn't there yet, and gives exactly those, in the given order.

        Two units of work that add the same message at once: one of them gets it, the other doesn't.
        """

    @abstractmethod
    async def get(self, message_id: MessageId) -> Message:
        """One message, with what was done to it, as ``find`` and ``list`` give them, too.

        Raises:
            NotFoundError: ``MESSAGE_NOT_FOUND``.
        """

    @abstractmethod
    async def find(self, message_ids: Collection[MessageId]) -> Mapping[MessageId, Message]:
        """Those of the named messages that exist."""

    @abstractmethod
    async def look_up(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        """Those of the named messages that exist. Waits for nobody and keeps nobody waiting.

        They come without what was done to them, as do those that ``lock`` gives.
        """

    @abstractmethod
    async def lock(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        """Those of the named messages that exist; nobody else changes them before this unit of work ends."""

    @abstractmethod
    async def save(self, messages: Sequence[Message]) -> None:
        """Stores messages that exist: status, failure and times; the rest of a message never changes."""

    @abstractmethod
    async def ids_since(self, session_id: SessionId, since: datetime, limit: int) -> Sequence[WhatsAppMessageId]:
        """WhatsApp's ids of a session's newest messages, operations left out, from that time on; at most so many."""

    @abstractmethod
    async def list(self, criteria: MessageFilter, *, after: MessagePosition | None, limit: int) -> Sequence[Message]:
        """Messages, newest first by (created_at, id), those behind the given position."""
