"""Works on one claimed lane."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from application.observability import catalogue
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.metrics import Metrics
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.webhook_log import DeadLetter, Delivery
from application.ports.webhook_queue import ClaimedLane
from application.ports.webhook_sender import SendResult, WebhookSender
from application.webhooks import outcomes
from application.webhooks.envelope import envelope_of
from domain.event import Event
from domain.webhook import DeliveryKind, DeliveryOutcome, DisabledReason, RetrySchedule, WebhookEndpoint

_UNITS_AT_ONCE: Final = 4
"""Units of work at a time, however many lanes are posted: the database's connections are everybody's."""


class LaneWork:
    """Posts a lane's events, one after the other, and writes down what became of each before the next.

    Raises, from ``run``:
        ClaimLostError: the lane is somebody else's by now.
        NotFoundError: the endpoint was deleted.
        UnavailableError: the database is away; the event may have been posted, and will be again.
    """

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        sender: WebhookSender,
        schedule: RetrySchedule,
        lease: timedelta,
        chance: Callable[[], float],
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._metrics = metrics
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._sender = sender
        self._schedule = schedule
        self._lease = lease
        self._chance = chance
        self._turns = asyncio.Semaphore(_UNITS_AT_ONCE)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self._turns, self._uow.begin() as uow:
            yield uow

    async def run(self, lane: ClaimedLane, burst: int) -> None:
        """Works until the lane has nothing more, fails, or has had its burst; releases it."""
        held: ClaimedLane | None = lane
        while held is not None:
            async with self._begin() as uow:
                events = await uow.webhook_queue.read(held, limit=burst)
                if not events:
                    # What waited isn't wanted any more, or not kept.
                    await uow.webhook_queue.advance(held, to=held.target, now=self._clock.now(), keep_for=None)
                    return
            for event in events:
                burst -= 1
                held = await self._deliver(held, event, last=burst <= 0)
                if held is None:
                    return

    async def _deliver(self, lane: ClaimedLane, event: Event, *, last: bool) -> ClaimedLane | None:
        """One try. Gives the lane while it is to be gone on with."""
        began = self._clock.now()
        result = await self._sender.send(lane.endpoint, event.id, envelope_of(event))
        delivery = _delivery(lane, event, result, began)
        self._metrics.observe(catalogue.WEBHOOK, result.took.total_seconds(), result.outcome)
        if not result.delivered:
            await self._fail(lane, event, delivery)
            return None
        delay = (began + result.took - event.time).total_seconds()
        self._metrics.observe(catalogue.WEBHOOK_DELAY, max(delay, 0))
        async with self._begin() as uow:
            await uow.webhook_log.record(delivery)
            now = self._clock.now()
            step = await uow.webhook_queue.advance(
                lane, to=event.sequence, now=now, keep_for=None if last else self._lease
            )
        if step.was_failing:
            # By itself, since it locks the endpoint and then other lanes, which must not happen the other way round.
            async with self._begin() as uow:
                await outcomes.note_success(uow, lane.endpoint.id)
        return step.lane

    async def _fail(self, lane: ClaimedLane, event: Event, delivery: Delivery) -> None:
        async with self._begin() as uow:
            now = self._clock.now()
            since = lane.first_failed_at
            # A first failure in the future was noted by a clock that has gone back since.
            first = now if since is None or since > now else since
            failures = lane.failures + 1
            gone = delivery.outcome is DeliveryOutcome.GONE

            def why_disable(endpoint: WebhookEndpoint) -> DisabledReason | None:
                if gone:
                    return DisabledReason.GONE
                nothing_else = endpoint.failing_since is not None and endpoint.failing_since <= first
                return (
                    DisabledReason.FAILING if nothing_else and self._is_over(endpoint, failures, first, now) else None
                )

            endpoint = await outcomes.note_failure(uow, self._ids, lane.endpoint.id, now, why_disable)
            await uow.webhook_log.record(delivery)
            if not gone and self._is_over(endpoint, failures, first, now):
                await uow.webhook_log.bury(_dead_letter(event, delivery, failures, first, now))
                await uow.webhook_queue.advance(lane, to=event.sequence, now=now, keep_for=None)
            else:
                await self._postpone(uow, lane, failures, first, now)

    def _is_over(self, endpoint: WebhookEndpoint, failures: int, first: datetime, now: datetime) -> bool:
        return self._schedule.is_over(failures=failures, lasted=now - first, give_up_after=endpoint.give_up_after)

    async def _postpone(
        self, uow: UnitOfWork, lane: ClaimedLane, failures: int, first: datetime, now: datetime
    ) -> None:
        wait = self._schedule.wait(failures, self._chance())
        await uow.webhook_queue.postpone(lane, failures=failures, first_failed_at=first, now=now, wait=wait)


def _delivery(lane: ClaimedLane, event: Event, result: SendResult, began: datetime) -> Delivery:
    return Delivery(
        webhook_id=lane.endpoint.id,
        event_id=event.id,
        event_type=event.type,
        session_id=event.session_id,
        kind=DeliveryKind.EVENT,
        attempt=lane.failures + 1,
        at=began,
        took=result.took,
        outcome=result.outcome,
        status=result.status,
        detail=result.detail,
    )


def _dead_letter(event: Event, delivery: Delivery, attempts: int, first: datetime, now: datetime) -> DeadLetter:
    return DeadLetter(
        webhook_id=delivery.webhook_id,
        event_id=event.id,
        event_type=event.type,
        session_id=event.session_id,
        position=event.sequence,
        attempts=attempts,
        first_failed_at=first,
        given_up_at=now,
        outcome=delivery.outcome,
        status=delivery.status,
    )
