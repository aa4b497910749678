"""The outbox of a session whose messages don't leave as soon as they can."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.message import Message
from domain.pacing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The message that is next in its chat.

    Attributes:
        begun: whether the chat counts among those that were begun already.
    """

    message_id: MessageId
    chat: Jid
    standing: Standing
    begun: bool


class PacedOutbox(Protocol):
    """The outbox in two steps: what is next is looked at, and what may leave of it is taken. Part of a unit of work."""

    @abstractmethod
    async def heads(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int, begun_since: datetime
    ) -> Sequence[Head]:
        """What ``Outbox.claim`` would take, in its order, and takes nothing.

        At most ``limit`` of each standing, and of those that are begun as of those that aren't: however many of one
        kind wait, the others behind them, which may be free to leave, are among it.
        """

    @abstractmethod
    async def take(self, session_id: SessionId, message_ids: Collection[MessageId]) -> Sequence[Message]:
        """Marks heads ``SENDING`` that still are ``QUEUED`` and that nobody holds, and gives those, oldest first."""

    @abstractmethod
    async def ahead(
        self, session_id: SessionId, message_ids: Collection[MessageId], *, now: datetime
    ) -> Mapping[MessageId, int]:
        """How many messages that are due wait before each of those that are ``QUEUED``."""

    @abstractmethod
    async def standings(self, session_id: SessionId, chats: Collection[Jid]) -> Mapping[Jid, Standing]:
        """What has passed between the account and each of these, under any of their addresses."""

    @abstractmethod
    async def waiting(self, session_id: SessionId, *, now: datetime) -> int:
        """How many messages are due and ``QUEUED``."""
