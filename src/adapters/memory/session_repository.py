"""Sessions in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import override

from adapters.memory.state import SessionRow
from adapters.memory.transaction import Transaction
from application.ports.session_repository import KEPT_CHANGES, SessionRepository
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId
from domain.session import Session, StatusChange


class MemorySessionRepository(SessionRepository):
    """Sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, session: Session) -> None:
        await self._transaction.lock(session.id)
        if self._transaction.session(session.id):
            raise AlreadyExistsError(
                "SESSION_EXISTS", "A session with this id exists.", metadata={"session_id": session.id}
            )
        row = SessionRow(_own(session), (session.last_change(),))
        self._transaction.put_session(session.id, row)

    @override
    async def get(self, session_id: SessionId, *, lock: bool = False) -> Session:
        if lock:
            await self._transaction.lock(session_id)
        return self._row(session_id).session

    @override
    async def keep(self, session_id: SessionId) -> Session:
        await self._transaction.share(("kept", session_id))
        return self._row(session_id).session

    @override
    async def list(
        self, *, after: SessionId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[Session]:
        found = (row.session for row in self._transaction.sessions() if among is None or row.session.id in among)
        behind = (session for session in found if after is None or session.id > after)
        return tuple(islice(sorted(behind, key=lambda session: session.id), limit))

    @override
    async def save(self, session: Session) -> None:
        await self._transaction.lock(session.id)
        old = self._row(session.id)
        change = session.last_change()
        history = old.history if change == old.session.last_change() else (change, *old.history)[:KEPT_CHANGES]
        self._transaction.put_session(session.id, SessionRow(_own(session), history))

    @override
    async def history(self, session_id: SessionId, *, limit: int) -> Sequence[StatusChange]:
        row = self._transaction.session(session_id)
        return row.history[:limit] if row else ()

    @override
    async def delete(self, session_id: SessionId) -> None:
        await self._transaction.lock(session_id)
        await self._transaction.lock(("kept", session_id))
        self._row(session_id)
        self._transaction.put_session(session_id, None)
        watched = [key for key, _ in self._transaction.watched.items() if key[0] == session_id]
        for key in watched:
            self._transaction.watched.put(key, None)
        self._transaction.paces.put(session_id, None)
        for chat in [key for key, _ in self._transaction.begun_chats.items() if key[0] == session_id]:
            self._transaction.begun_chats.put(chat, None)

    def _row(self, session_id: SessionId) -> SessionRow:
        row = self._transaction.session(session_id)
        if row is None:
            raise NotFoundError(
                "SESSION_NOT_FOUND", "There is no session with this id.", metadata={"session_id": session_id}
            )
        return row


def _own(session: Session) -> Session:
    """A copy that the caller's later changes to its metadata don't reach."""
    return replace(session, metadata=dict(session.metadata))
