"""Adapters in memory whose servers go away and come back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import override

from adapters.memory.database import MemoryDatabase
from adapters.memory.link_code_cache import MemoryLinkCodeCache
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.session_store import MemorySessionStore
from application.ports.session_store import NewSnapshot, StoredVersion
from application.ports.unit_of_work import UnitOfWork
from domain.errors import InternalError, PomboError, UnavailableError
from domain.ids import SessionId
from domain.lease import Lease
from domain.message import MessageStatus
from domain.session import QrCode
from domain.snapshot import Snapshot, SnapshotLabel


class UnsteadyDatabase(MemoryDatabase):
    """Raises what ``error`` says as long as it says so; loses the answer to as many commits as it is told."""

    error: PomboError | None = None
    lost_claims = 0
    lost_acceptances = 0

    def go_away(self) -> None:
        self.error = UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer.")

    def fail(self) -> None:
        self.error = InternalError("DATABASE_FAULT", "The database refused a statement.")

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._unsteady(fence)

    @asynccontextmanager
    async def _unsteady(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        if self.error is not None:
            raise self.error
        async with super().begin(fence) as uow:
            yield uow
            written = uow.outbox._transaction._messages.values() if isinstance(uow.outbox, MemoryOutbox) else ()
            sending = [row.message.id for row in written if row.message.status is MessageStatus.SENDING]
            claimed = [message_id for message_id in sending if message_id in self._state.messages]
        if self.lost_claims and claimed:
            self.lost_claims -= 1
            raise UnavailableError("DATABASE_UNAVAILABLE", "The answer to a commit was lost.")
        if self.lost_acceptances and len(sending) > len(claimed):
            self.lost_acceptances -= 1
            raise UnavailableError("DATABASE_UNAVAILABLE", "The answer to a commit was lost.")

    def sending(self) -> bool:
        """Whether a message is with the page."""
        return any(row.message.status is MessageStatus.SENDING for row in self._state.messages.values())


class SlowDatabase(MemoryDatabase):
    """Takes ``pause`` seconds to say that a commit stands."""

    pause = 0.0

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._slow(fence)

    @asynccontextmanager
    async def _slow(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        async with super().begin(fence) as uow:
            yield uow
        await asyncio.sleep(self.pause)


class UnsteadyStore(MemorySessionStore):
    """Isn't there while ``away``, and takes its time to store while ``go_on`` isn't set."""

    away = False

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self.go_on.set()

    @override
    async def save(self, snapshot: NewSnapshot) -> SnapshotLabel:
        self._check()
        await self.go_on.wait()
        return await super().save(snapshot)

    @override
    async def versions(self, session_id: SessionId) -> Sequence[StoredVersion]:
        self._check()
        return await super().versions(session_id)

    @override
    async def load(self, session_id: SessionId, version: int) -> Snapshot:
        self._check()
        return await super().load(session_id, version)

    @override
    async def delete(self, session_id: SessionId, *, epoch: int, up_to: int | None = None) -> None:
        self._check()
        await super().delete(session_id, epoch=epoch, up_to=up_to)

    @override
    async def own_sessions(self) -> Sequence[SessionId]:
        self._check()
        return await super().own_sessions()

    def _check(self) -> None:
        if self.away:
            raise UnavailableError("CACHE_UNAVAILABLE", "Redis doesn't answer.")


class AbsentCache(MemoryLinkCodeCache):
    """Isn't there while ``away``."""

    away = True

    @override
    async def put(self, session_id: SessionId, qr: QrCode) -> None:
        self._check()
        await super().put(session_id, qr)

    @override
    async def get(self, session_id: SessionId) -> QrCode | None:
        self._check()
        return await super().get(session_id)

    @override
    async def clear(self, session_id: SessionId) -> None:
        self._check()
        await super().clear(session_id)

    def _check(self) -> None:
        if self.away:
            raise UnavailableError("CACHE_UNAVAILABLE", "The cache doesn't answer.")
