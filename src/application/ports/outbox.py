"""What waits to be sent."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Message


class Outbox(Protocol):
    """The queue of outbound messages. Part of a unit of work. Its rows are the messages themselves."""

    @abstractmethod
    async def claim(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int
    ) -> Sequence[Message]:
        """Takes due ``QUEUED`` messages of a session and marks them ``SENDING``.

        At most one per chat, the oldest that is due: its ``not_before`` has come and its ``expires_at`` hasn't. None
        of a chat that is ``busy`` or has a message in ``SENDING``. So messages of a chat leave in the order of their
        acceptance. They come oldest first.
        """

    @abstractmethod
    async def is_clear(self, session_id: SessionId, chat: Jid, *, now: datetime) -> bool:
        """Whether nothing of a chat waits to be sent or is with the page, so that a new message may go at once.

        Messages that others hold at present count; those whose ``not_before`` hasn't come don't.
        """

    @abstractmethod
    async def lock_expired(self, *, now: datetime, limit: int) -> Sequence[Message]:
        """``QUEUED`` messages of all sessions whose ``expires_at`` has come.

        Nobody else changes them before this unit of work ends; those that somebody else changes at present aren't
        among them.
        """

    @abstractmethod
    async def unfinished(self, session_id: SessionId) -> Sequence[Message]:
        """Messages in ``SENDING``, oldest first: after a crash their outcome is unknown and must be looked up."""
