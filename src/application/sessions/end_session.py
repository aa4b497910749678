"""Log a session out, and delete a session."""

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.run_session import StopSession
from application.sessions.workers import SessionWorkers
from domain.errors import ConflictError
from domain.ids import parse_session_id
from domain.session import Session


class LogoutSession:
    """Ends a session's link; the page confirms it."""

    def __init__(self, uow: UnitOfWorkFactory, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers

    async def execute(self, session_id: str) -> Session:
        """Returns when WhatsApp has let the device go and the browser is closed.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``NOT_LINKED``, ``SESSION_NOT_RUNNING``.
            DeadlineExceededError: ``LOGOUT_UNCONFIRMED``: the link may still stand.
        """
        slug = parse_session_id(session_id)
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(slug)
        if session.me is None:
            raise ConflictError("NOT_LINKED", "No account is linked to this session.")
        await self._workers.logout(slug)
        async with self._uow.begin() as uow:
            return await uow.sessions.get(slug)


class DeleteSession:
    """Forgets a session and its login. Its messages and events stay.

    The phone still lists the device until it is unlinked there: log out first to end the link on both sides.
    """

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers
        self._stop = StopSession(uow, clock, workers)

    async def execute(self, session_id: str) -> None:
        """Stops the session and deletes it.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        session = await self._stop.execute(session_id)
        await self._workers.forget(session.id)
        async with self._uow.begin() as uow:
            await uow.sessions.delete(session.id)
        self._workers.nudge(session.id)
