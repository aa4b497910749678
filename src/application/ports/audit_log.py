"""The audit log at rest."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.audit import AuditEntry, AuditRecord, ChainEnds
from domain.ids import ApiKeyId, SessionId, UserId
from domain.lease import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; None: whichever. ``since`` is among them, ``until`` isn't."""

    since: datetime | None = None
    until: datetime | None = None
    user_id: UserId | None = None
    key_id: ApiKeyId | None = None
    operation: str | None = None
    session_id: SessionId | None = None
    result: str | None = None


class AuditLog(Protocol):
    """The chain of entries. Part of a unit of work. Entries are never changed, and removed by retention alone."""

    @abstractmethod
    async def append(self, records: Sequence[AuditRecord]) -> Sequence[AuditEntry]:
        """Puts records at the chain's end, in order; others who do so wait until this unit of work ends."""

    @abstractmethod
    async def list(self, criteria: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Entries, newest first, those before a sequence."""

    @abstractmethod
    async def scan(self, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries in their order, those behind a sequence."""

    @abstractmethod
    async def ends(self) -> ChainEnds:
        """What is on record of the chain's two ends."""

    @abstractmethod
    async def prune(self, *, now: datetime, keep: timedelta, limit: int) -> int:
        """Removes up to a number of the oldest entries, up to the first that is young enough, and tells how many.

        The last one that was removed is put on record, see ``ends``.
        """


class AuditIntents(Protocol):
    """What was begun and isn't on record as ended. Part of a unit of work."""

    @abstractmethod
    async def add(self, owner: Owner, record: AuditRecord) -> int:
        """Keeps what is begun, and gives it a number."""

    @abstractmethod
    async def remove(self, number: int) -> bool:
        """Forgets one. Tells whether it was there."""

    @abstractmethod
    async def take_abandoned(self, owner: Owner, *, before: datetime, limit: int) -> Sequence[AuditRecord]:
        """Takes those that nobody will end: of this node's earlier lives, and of anybody's of before a time."""
