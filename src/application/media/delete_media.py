"""Delete a file."""

from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import parse_media_id


class DeleteMedia:
    """Forgets a file. Its content goes when nothing else has it, with the next turn of ``MediaRetention``."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, media_id: str, *, request: RequestKey | None = None) -> None:
        """Deletes it.

        Raises:
            InvalidArgumentError: ``INVALID_MEDIA_ID``.
            NotFoundError: ``MEDIA_NOT_FOUND``.
            ConflictError: ``MEDIA_IN_USE``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        parsed = parse_media_id(media_id)
        keyed = None if request is None else request.of("media.delete", {"media_id": parsed})
        async with self._uow.begin() as uow:
            if await answered(uow, keyed, self._clock.now()) is None:
                await uow.media.delete(parsed)
                await note_answer(uow, keyed, {"media_id": parsed})
