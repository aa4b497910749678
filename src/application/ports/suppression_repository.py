"""Opt-outs at rest."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.suppression import Suppression


class SuppressionRepository(Protocol):
    """Who isn't to be written to, by session. Part of a unit of work. Like messages, they outlive their session.

    A person is one, by whichever of their addresses they are named.
    """

    @abstractmethod
    async def add(self, session_id: SessionId, suppression: Suppression) -> bool:
        """Adds one; False where the person has opted out already: then nothing changes."""

    @abstractmethod
    async def find(self, session_id: SessionId, address: Jid) -> Suppression | None:
        """A person's."""

    @abstractmethod
    async def remove(self, session_id: SessionId, address: Jid) -> Suppression | None:
        """Removes all of a person's, and gives the one that ``find`` would."""

    @abstractmethod
    async def list(self, session_id: SessionId, *, after: Jid | None, limit: int) -> Sequence[Suppression]:
        """By address, those behind the given one."""

    @abstractmethod
    async def among(self, session_id: SessionId, addresses: Collection[Jid]) -> frozenset[Jid]:
        """Those of the addresses that are of people who have opted out."""
