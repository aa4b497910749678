"""Let an endpoint's events come again from a point on."""

from dataclasses import dataclass
from datetime import datetime

from application.events.list_events import check_cursor
from application.ports.event_log import EventLog
from application.ports.unit_of_work import UnitOfWorkFactory
from application.webhooks.read_webhooks import WebhookReport, report_of
from domain.errors import InvalidArgumentError
from domain.ids import parse_webhook_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEventsCommand:
    """Exactly one of the two: ``since`` a time, or ``after`` a cursor."""

    webhook_id: str
    since: datetime | None = None
    after: int | None = None


class ReplayEvents:
    """Moves an endpoint's lanes back: the events have the same ids as before, and come in order."""

    def __init__(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        self._uow = uow
        self._log = log

    async def execute(self, command: ReplayEventsCommand) -> WebhookReport:
        """Moves them; the report's backlog holds what comes again.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_REQUEST``, ``INVALID_CURSOR``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """
        webhook_id = parse_webhook_id(command.webhook_id)
        await self._log.settle()
        after = await self._position(command)
        async with self._uow.begin() as uow:
            endpoint = await uow.webhooks.get(webhook_id, lock=True)
            await uow.webhook_queue.rewind(webhook_id, after=after)
            return await report_of(uow, endpoint)

    async def _position(self, command: ReplayEventsCommand) -> int:
        match command:
            case ReplayEventsCommand(since=datetime() as since, after=None):
                return await self._log.before(since)
            case ReplayEventsCommand(since=None, after=int(after)):
                await check_cursor(self._log, after)
                return after
            case _:
                raise InvalidArgumentError("INVALID_REQUEST", "Give 'since' or 'after', one of the two.", field="since")
