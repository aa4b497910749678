"""What waits to be sent."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Message


class Outbox(Protocol):
    """The queue of outbound messages. Part of a unit of work. Its rows are the messages themselves."""

    @abstractmethod
    async def claim(self, session_id: SessionId, *, busy: Collection[Jid], limit: int) -> Sequence[Message]:
        """Takes ``QUEUED`` messages of a session and marks them ``SENDING``.

        At most one per chat, the oldest; none of a chat that is ``busy`` or has a message in ``SENDING``. So
        messages of a chat leave in the order of their acceptance. They come oldest first.
        """

    @abstractmethod
    async def unfinished(self, session_id: SessionId) -> Sequence[Message]:
        """Messages in ``SENDING``, oldest first: after a crash their outcome is unknown and must be looked up."""
