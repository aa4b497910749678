"""Use a session here that another browser has taken over."""

from application.idempotency.once import Once
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.kept_sessions import SESSION
from application.sessions.link_session import not_running
from application.sessions.workers import SessionWorkers
from domain.errors import ConflictError
from domain.ids import SessionId, parse_session_id
from domain.session import Session, StatusReason, Wanted


class TakeOverSession:
    """Takes a session's login back from the browser that has it: what "Use here" does in WhatsApp Web."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> Session:
        """Returns when the page has been told; the status follows. The other browser is told that it lost the login.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``NOT_IN_CONFLICT``, ``SESSION_NOT_RUNNING``.
            DeadlineExceededError: ``OWNER_SILENT``.
            CapabilityUnavailableError: this page can't.
            UnavailableError: ``PAGE_UNAVAILABLE``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.take_over", {"session_id": slug})
        return await self._once.run(keyed, lambda: self._take_over(slug), SESSION)

    async def _take_over(self, slug: SessionId) -> Session:
        session = await self._get(slug)
        if session.wanted is Wanted.STOPPED:
            raise not_running(session)
        if session.status_reason is not StatusReason.CONFLICT:
            raise ConflictError(
                "NOT_IN_CONFLICT",
                f"No other browser has taken this session over: it is {session.status} ({session.status_reason}).",
            )
        try:
            page = await self._workers.page(slug)
        except ConflictError as error:
            if error.reason != "SESSION_NOT_RUNNING":
                raise
            # Its page has died meanwhile and wasn't opened again, since that takes the login.
            await self._workers.restart(slug)
        else:
            await page.take_over()
        return await self._get(slug)

    async def _get(self, slug: SessionId) -> Session:
        async with self._uow.begin() as uow:
            return await uow.sessions.get(slug)
