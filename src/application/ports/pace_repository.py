"""Where the pace of each session stands, at rest."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.pacing import PaceState


class PaceRepository(Protocol):
    """The state of the pace, and the chats that were begun. Part of a unit of work.

    Who writes is fenced by the session's lease: one gateway at a time paces a session.
    """

    @abstractmethod
    async def load(self, session_id: SessionId) -> PaceState:
        """Where it stands; of a session that was never paced the state to begin with."""

    @abstractmethod
    async def save(self, session_id: SessionId, state: PaceState) -> None:
        """Stores it. Of a session that is deleted it stores nothing."""

    @abstractmethod
    async def begun(self, session_id: SessionId, *, since: datetime) -> Sequence[datetime]:
        """When chats were begun, behind a time; the earliest first."""

    @abstractmethod
    async def begin(self, session_id: SessionId, chats: Collection[Jid], *, at: datetime, forget: datetime) -> None:
        """Says that chats are begun, and forgets those that were begun at ``forget`` or before."""
