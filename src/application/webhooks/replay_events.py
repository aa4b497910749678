"""Let an endpoint's events come again from a point on."""

from dataclasses import dataclass
from datetime import datetime

from application.events.cursors import check_cursor, check_kept
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.event_log import EventLog
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.values import time_to_text
from application.webhooks.keyed import done_before, note_done
from application.webhooks.read_webhooks import WebhookReport, report_of
from domain.errors import InvalidArgumentError
from domain.ids import parse_webhook_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEventsCommand:
    """Exactly one of the two: ``since`` a time, or ``after`` a cursor."""

    webhook_id: str
    since: datetime | None = None
    after: int | None = None
    request: RequestKey | None = None


class ReplayEvents:
    """Moves an endpoint's lanes back: the events have the same ids as before, and come in order."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, log: EventLog) -> None:
        self._uow = uow
        self._clock = clock
        self._log = log

    async def execute(self, command: ReplayEventsCommand) -> WebhookReport:
        """Moves them; the report's backlog holds what comes again.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_REQUEST``, ``INVALID_CURSOR``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            GoneError: ``CURSOR_EXPIRED``: events behind it are past their retention.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        webhook_id = parse_webhook_id(command.webhook_id)
        since = None if command.since is None else time_to_text(command.since)
        asked = {"webhook_id": webhook_id, "since": since, "after": command.after}
        keyed = None if command.request is None else command.request.of("webhooks.replay", asked)
        after = await self._position(command, await self._log.settle())
        async with self._uow.begin() as uow:
            endpoint = await uow.webhooks.get(webhook_id, lock=True)
            if await done_before(uow, keyed, self._clock.now()) is None:
                await uow.webhook_queue.rewind(webhook_id, after=after)
                await note_done(uow, keyed, webhook_id)
            return await report_of(uow, endpoint)

    async def _position(self, command: ReplayEventsCommand, head: int) -> int:
        match command:
            case ReplayEventsCommand(since=datetime() as since, after=None):
                return await self._log.before(since)
            case ReplayEventsCommand(since=None, after=int(after)):
                check_cursor(after, head)
                # 0 is the beginning, wherever that is by now.
                if after > 0:
                    check_kept(after, await self._log.oldest())
                return after
            case _:
                raise InvalidArgumentError("INVALID_REQUEST", "Give 'since' or 'after', one of the two.", field="since")
