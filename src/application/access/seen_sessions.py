"""The sessions that a caller sees."""

from collections.abc import Collection, Sequence
from typing import override

from application.ports.session_repository import SessionRepository
from domain.errors import NotFoundError, PermissionDeniedError
from domain.ids import SessionId
from domain.session import Session, StatusChange


class SeenSessions(SessionRepository):
    """Some of the sessions."""

    def __init__(self, sessions: SessionRepository, session_ids: frozenset[SessionId]) -> None:
        self._sessions = sessions
        self._session_ids = session_ids

    @override
    async def add(self, session: Session) -> None:
        if session.id not in self._session_ids:
            raise out_of_scope("session_id")
        await self._sessions.add(session)

    @override
    async def get(self, session_id: SessionId, *, lock: bool = False) -> Session:
        self._check(session_id)
        return await self._sessions.get(session_id, lock=lock)

    @override
    async def keep(self, session_id: SessionId) -> Session:
        self._check(session_id)
        return await self._sessions.keep(session_id)

    @override
    async def list(
        self, *, after: SessionId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[Session]:
        seen = self._session_ids if among is None else self._session_ids & set(among)
        return await self._sessions.list(after=after, limit=limit, among=seen)

    @override
    async def save(self, session: Session) -> None:
        self._check(session.id)
        await self._sessions.save(session)

    @override
    async def history(self, session_id: SessionId, *, limit: int) -> Sequence[StatusChange]:
        self._check(session_id)
        return await self._sessions.history(session_id, limit=limit)

    @override
    async def delete(self, session_id: SessionId) -> None:
        self._check(session_id)
        await self._sessions.delete(session_id)

    def _check(self, session_id: SessionId) -> None:
        if session_id not in self._session_ids:
            # Word for word what is said of one that doesn't exist.
            raise NotFoundError(
                "SESSION_NOT_FOUND", "There is no session with this id.", metadata={"session_id": session_id}
            )


def out_of_scope(field: str) -> PermissionDeniedError:
    """What is to be made would belong to sessions that the caller doesn't see."""
    return PermissionDeniedError(
        "SESSION_OUT_OF_SCOPE", "This API key is for certain sessions; name one or some of those.", field=field
    )
