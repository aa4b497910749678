"""Posts events to webhook endpoints.

Where there are none, it looks now and then, and doesn't follow every hint of the log.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from application.events.feed import EventFeed
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.metrics import Metrics
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhook_queue import ClaimedLane, ClaimLostError
from application.ports.webhook_sender import WebhookSender
from application.workers.webhook_lane import LaneWork
from domain.errors import TRANSIENT, NotFoundError, PomboError
from domain.ids import WebhookId
from domain.webhook import RetrySchedule

_SHORTEST_POLL: Final = timedelta(milliseconds=20)
_HOUSEKEEPING: Final = timedelta(minutes=5)
_PRUNED_AT_ONCE: Final = 5_000
_FAREWELL_SECONDS: Final = 1.0
"""How long giving the claims back may take at the end; without it they run out by themselves."""

type LaneFaultHook = Callable[[WebhookId, Exception], None]
"""Is told of a fault of ours that ended the work on a lane for a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLimits:
    """How much goes on at once.

    Attributes:
        lanes: most lanes at work.
        lanes_per_endpoint: of one endpoint, so that one that hangs leaves room for the others.
        burst: how many events a lane posts before it makes room for another one.
        lease: how long a claim holds without a sign of life; well beyond the longest request.
        poll: how often to look without a hint.
        log_kept: how long the delivery log is kept.
    """

    lanes: int = 128
    lanes_per_endpoint: int = 8
    burst: int = 32
    lease: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=1)
    log_kept: timedelta = timedelta(days=14)


class WebhookDispatcher:
    """Claims lanes that are due and works on them, side by side; each lane's events go one after the other.

    Several processes may do so on one database: a lane is one's at a time, and who has lost it can write nothing.
    """

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        feed: EventFeed,
        clock: Clock,
        ids: IdGenerator,
        sender: WebhookSender,
        schedule: RetrySchedule | None = None,
        limits: WebhookLimits | None = None,
        on_fault: LaneFaultHook = lambda _, __: None,
        chance: Callable[[], float] = random.random,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        schedule = schedule or RetrySchedule()
        self._uow = uow
        self._feed = feed
        self._clock = clock
        self._ids = ids
        self._limits = limits or WebhookLimits()
        self._work = LaneWork(uow, clock, ids, sender, schedule, self._limits.lease, chance, metrics)
        self._poll = min(self._limits.poll, max(_SHORTEST_POLL, *schedule.waits[:1]))
        self._wake = asyncio.Event()
        self._busy: Counter[WebhookId] = Counter()
        self._held: dict[str, ClaimedLane] = {}
        self._orphans: list[str] = []
        self._has_endpoints = False
        self._on_fault = on_fault
        self._rounds = 0
        self._name = ""

    async def run(self) -> None:
        """Works until cancelled. What is on its way then is posted again by the next run, with the same id."""
        self._name, self._rounds = self._ids.event_id(), 0
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._keep_house())
                while True:
                    self._wake.clear()
                    await _unless_away(self._turn(tasks))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll.total_seconds()):
                            await (self._wake if self._has_endpoints else asyncio.Event()).wait()
        finally:
            await self._give_back()

    async def _listen(self) -> None:
        head = 0
        while True:
            head = await self._feed.wait_beyond(head)
            self._wake.set()

    async def _turn(self, tasks: asyncio.TaskGroup) -> None:
        async with self._uow.begin() as uow:
            self._has_endpoints = bool(await uow.webhooks.list(limit=1))
        if not self._has_endpoints:
            return
        orphans, free = list(self._orphans), self._limits.lanes - len(self._held)
        claimed: Sequence[ClaimedLane] = ()
        self._rounds += 1
        async with self._uow.begin() as uow:
            if orphans:
                await uow.webhook_queue.release(orphans)
            is_behind = await uow.webhook_queue.scan()
            if free > 0:
                claimed = await uow.webhook_queue.claim(
                    token=f"{self._name}:{self._rounds}",
                    now=self._clock.now(),
                    lease=self._limits.lease,
                    limit=free,
                    per_endpoint=self._limits.lanes_per_endpoint,
                    busy=dict(self._busy),
                )
        self._orphans = [token for token in self._orphans if token not in orphans]
        if is_behind:
            self._wake.set()
        for lane in claimed:
            self._held[lane.token] = lane
            self._busy[lane.endpoint.id] += 1
            tasks.create_task(self._follow(lane))

    async def _follow(self, lane: ClaimedLane) -> None:
        try:
            await self._work.run(lane, self._limits.burst)
        except (ClaimLostError, NotFoundError):
            pass  # somebody else's by now, or its endpoint was deleted
        except PomboError as error:
            if error.kind not in TRANSIENT:
                self._on_fault(lane.endpoint.id, error)
            else:
                # The database is away, and what became of the event isn't written: it is posted again.
                self._orphans.append(lane.token)
        except Exception as fault:  # noqa: BLE001 - told; one lane's fault must not end the others' work
            # Its claim runs out by itself, so that it isn't tried again without a pause.
            self._on_fault(lane.endpoint.id, fault)
        self._forget(lane)
        self._wake.set()

    def _forget(self, lane: ClaimedLane) -> None:
        self._held.pop(lane.token, None)
        self._busy[lane.endpoint.id] -= 1
        if self._busy[lane.endpoint.id] <= 0:
            del self._busy[lane.endpoint.id]

    async def _keep_house(self) -> None:
        while True:
            await _unless_away(self._prune(self._clock.now() - self._limits.log_kept))
            await self._clock.sleep(_HOUSEKEEPING)

    async def _prune(self, before: datetime) -> None:
        pruned = _PRUNED_AT_ONCE
        while pruned == _PRUNED_AT_ONCE:
            async with self._uow.begin() as uow:
                pruned = await uow.webhook_log.prune(before, limit=_PRUNED_AT_ONCE)

    async def _give_back(self) -> None:
        """Lets others, and the next run, go on with the lanes at once."""
        tokens = [*self._held, *self._orphans]
        self._held.clear()
        self._busy.clear()
        if tokens:
            with suppress(PomboError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS), self._uow.begin() as uow:
                    await uow.webhook_queue.release(tokens)


async def _unless_away(work: Coroutine[Any, Any, None]) -> None:
    """Does the work; a database that is away is tried again at the next turn."""
    try:
        await work
    except PomboError as error:
        if error.kind not in TRANSIENT:
            raise
