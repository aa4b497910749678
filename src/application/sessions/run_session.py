"""Start, stop and restart a session."""

from application.idempotency.once import Once
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.kept_sessions import SESSION
from application.sessions.workers import SessionWorkers
from domain.ids import SessionId, parse_session_id
from domain.session import Session, Wanted


async def _want(uow_factory: UnitOfWorkFactory, clock: Clock, session_id: SessionId, wanted: Wanted) -> Session:
    async with uow_factory.begin() as uow:
        session = (await uow.sessions.get(session_id, lock=True)).want(wanted, clock.now())
        await uow.sessions.save(session)
    return session


class StartSession:
    """Wants a session to run. Idempotent; a session that had given up is tried again."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> Session:
        """Records the wish and returns at once; the status follows.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.start", {"session_id": slug})
        return await self._once.run(keyed, lambda: self._start(slug), SESSION)

    async def _start(self, slug: SessionId) -> Session:
        session = await _want(self._uow, self._clock, slug, Wanted.RUNNING)
        self._workers.nudge(session.id)
        return session


class StopSession:
    """Closes a session's browser and keeps its link. Idempotent."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> Session:
        """Returns when the browser is closed.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.stop", {"session_id": slug})
        return await self._once.run(keyed, lambda: self._stop(slug), SESSION)

    async def _stop(self, slug: SessionId) -> Session:
        session = await _want(self._uow, self._clock, slug, Wanted.STOPPED)
        self._workers.nudge(session.id)
        await self._workers.closed(session.id)
        async with self._uow.begin() as uow:
            return await uow.sessions.get(session.id)


class RestartSession:
    """Closes a session's browser and opens it again."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> Session:
        """Returns when the browser is closed; the status follows.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.restart", {"session_id": slug})
        return await self._once.run(keyed, lambda: self._restart(slug), SESSION)

    async def _restart(self, slug: SessionId) -> Session:
        session = await _want(self._uow, self._clock, slug, Wanted.RUNNING)
        await self._workers.restart(session.id)
        async with self._uow.begin() as uow:
            return await uow.sessions.get(session.id)
