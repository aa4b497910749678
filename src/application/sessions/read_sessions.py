"""Read sessions: one, all, and one's status with its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.pacing.standing_of import standing_of
from application.ports.clock import Clock
from application.ports.session_repository import KEPT_CHANGES
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.bridge import Bridge
from domain.errors import ConflictError, InvalidArgumentError
from domain.ids import SessionId, parse_session_id
from domain.pacing import Restriction
from domain.session import Capability, Me, Session, StatusChange

MAX_PAGE: Final = 500
DEFAULT_HISTORY: Final = 100
_HISTORY: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Sessions in the order of their ids; ``next_after`` None when there are no more."""

    items: Sequence[Session]
    next_after: SessionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReport:
    """A session's status with its newest changes (newest first), what its page can do, and the bridge in it.

    ``restriction``: that of WhatsApp's, while it holds or is remembered.
    """

    session: Session
    history: Sequence[StatusChange]
    capabilities: tuple[Capability, ...]
    bridge: Bridge | None
    restriction: Restriction | None = None


class GetSession:
    """Reads one session."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, session_id: str) -> Session:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            return await uow.sessions.get(parse_session_id(session_id))


class GetMe:
    """Tells which account a session is linked to."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, session_id: str) -> Me:
        """Reads.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``NOT_LINKED``.
        """
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(parse_session_id(session_id))
        if session.me is None:
            raise ConflictError("NOT_LINKED", "No account is linked to this session; scan its QR first.")
        return session.me


class ListSessions:
    """Lists sessions."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, *, after: str | None = None, limit: int = 100) -> SessionPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_SESSION_ID``.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        async with self._uow.begin() as uow:
            found = await uow.sessions.list(after=parse_session_id(after) if after else None, limit=limit + 1)
        more = len(found) > limit
        return SessionPage(items=found[:limit], next_after=found[limit - 1].id if more else None)


class ListStatusChanges:
    """Reads a session's history."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, session_id: str, *, limit: int = DEFAULT_HISTORY) -> Sequence[StatusChange]:
        """The newest changes of status, newest first, up to ``limit``; at most 500 are kept.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_PAGE_SIZE``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        slug = parse_session_id(session_id)
        if not 1 <= limit <= KEPT_CHANGES:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {KEPT_CHANGES} items.", field="page_size")
        async with self._uow.begin() as uow:
            await uow.sessions.get(slug)
            return await uow.sessions.history(slug, limit=limit)


class GetSessionStatus:
    """Reads a session's status."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._workers = workers

    async def execute(self, session_id: str) -> SessionReport:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        slug = parse_session_id(session_id)
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(slug)
            history = await uow.sessions.history(slug, limit=_HISTORY)
            pace = await standing_of(uow, session, self._clock.now())
        return SessionReport(
            session=session,
            history=history,
            capabilities=self._workers.capabilities(slug),
            bridge=self._workers.bridge(slug),
            restriction=pace.restriction,
        )
