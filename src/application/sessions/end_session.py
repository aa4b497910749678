"""Log a session out, and delete a session."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from application.idempotency.once import Form, Once
from application.idempotency.request_key import RequestKey
from application.messages import progress
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.message_repository import MessageFilter
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.sessions.kept_sessions import SESSION
from application.sessions.run_session import StopSession
from application.sessions.workers import SessionWorkers
from domain.errors import ConflictError
from domain.event import NewEvent
from domain.ids import SessionId, parse_session_id
from domain.message import Failure, Message, MessageStatus
from domain.session import Session

_BATCH: Final = 500


async def _read_nothing(_: Mapping[str, Any]) -> None:
    return None


_NOTHING: Final[Form[None]] = Form(write=lambda _: {}, read=_read_nothing)


class LogoutSession:
    """Ends a session's link; the page confirms it.

    One that has failed because its login is lost is forgotten here alone: the phone still lists the device.
    """

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> Session:
        """Returns when WhatsApp has let the device go and the browser is closed, or the link is forgotten.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``NOT_LINKED``, ``SESSION_NOT_RUNNING``.
            DeadlineExceededError: ``LOGOUT_UNCONFIRMED``: the link may still stand.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.logout", {"session_id": slug})

        async def read(answer: Mapping[str, Any]) -> Session:
            return await (SESSION.read(answer) if answer else self._get(slug))

        form = Form(write=SESSION.write, read=read)
        return await self._once.run(keyed, lambda: self._log_out(slug), form, done={"NOT_LINKED"})

    async def _get(self, slug: SessionId) -> Session:
        async with self._uow.begin() as uow:
            return await uow.sessions.get(slug)

    async def _log_out(self, slug: SessionId) -> Session:
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

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._stop = StopSession(uow, clock, workers)
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, request: RequestKey | None = None) -> None:
        """Stops the session and deletes it; what it had still to send fails with ``SESSION_DELETED``.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.delete", {"session_id": slug})
        await self._once.run(keyed, lambda: self._delete(slug), _NOTHING, done={"SESSION_NOT_FOUND"})

    async def _delete(self, session_id: SessionId) -> None:
        session = await self._stop.execute(session_id)
        await self._workers.forget(session.id)
        async with self._uow.begin() as uow:
            await uow.sessions.delete(session.id)
            await self._give_up_unsent(uow, session.id)
        self._workers.nudge(session.id)

    async def _give_up_unsent(self, uow: UnitOfWork, session_id: SessionId) -> None:
        """A session made later under the same id must not send what this one was asked to."""
        await self._fail(uow, session_id, await uow.outbox.unfinished(session_id))
        criteria = MessageFilter(session_id=session_id, status=MessageStatus.QUEUED)
        while queued := await uow.messages.list(criteria, after=None, limit=_BATCH):
            await self._fail(uow, session_id, queued)

    async def _fail(self, uow: UnitOfWork, session_id: SessionId, messages: Sequence[Message]) -> None:
        failure = Failure(
            reason="SESSION_DELETED", message="The session was deleted before the message was known to have left."
        )
        now = self._clock.now()
        # As they stand now: one may have been canceled, or have expired, since it was found.
        locked = await uow.messages.lock(session_id, {message.whatsapp_id for message in messages})
        ended = [progress.fail(message, failure, now) for message in locked.values()]
        await uow.messages.save([message for message, _ in ended])
        await uow.events.append(
            [
                NewEvent(id=self._ids.event_id(), session_id=session_id, time=now, payload=payload)
                for _, payloads in ended
                for payload in payloads
            ]
        )
