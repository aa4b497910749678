"""Take a message back before it leaves."""

from application.audit.notes import note_session
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.messages import progress
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.errors import ConflictError
from domain.event import NewEvent
from domain.ids import parse_message_id
from domain.message import Message, MessageStatus


class CancelMessage:
    """Cancels a message that is still queued. Canceled before, it stays so: calling again changes nothing."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        workers: SessionWorkers,
        waiters: MessageWaiters,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._waiters = waiters

    async def execute(self, message_id: str, *, request: RequestKey | None = None) -> Message:
        """Cancels.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            ConflictError: ``MESSAGE_NOT_CANCELABLE``: it has been handed to the page, or has come to its end.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        parsed = parse_message_id(message_id)
        keyed = None if request is None else request.of("messages.cancel", {"message_id": parsed})
        now = self._clock.now()
        async with self._uow.begin() as uow:
            # Canceled before it stays canceled: the work done again gives the same answer.
            await answered(uow, keyed, now)
            named = await uow.messages.get(parsed)
            note_session(named.session_id)
            locked = await uow.messages.lock(named.session_id, {named.whatsapp_id})
            message, payloads = progress.cancel(locked[named.whatsapp_id], now)
            if message.status is not MessageStatus.CANCELED:
                raise ConflictError(
                    "MESSAGE_NOT_CANCELABLE",
                    f"The message is {message.status}; only what is QUEUED can be taken back.",
                    metadata={"status": message.status},
                )
            if payloads:
                await uow.messages.save([message])
            await uow.events.append(
                [
                    NewEvent(id=self._ids.event_id(), session_id=message.session_id, time=now, payload=payload)
                    for payload in payloads
                ]
            )
            await note_answer(uow, keyed, {"message_id": parsed})
        self._waiters.tell(message)
        self._workers.nudge_outbox(message.session_id)
        return message
