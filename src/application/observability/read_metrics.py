"""Reads the measurements, with those that are taken when somebody looks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from application.health.check_health import CheckHealth
from application.observability import catalogue
from application.ports.clock import Clock
from application.ports.metrics import Metrics
from application.ports.survey import SessionState, WebhookState
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import TRANSIENT, PomboError
from domain.ids import SessionId
from domain.pacing import RestrictionReason
from domain.session import SessionStatus

_FRESH: Final = timedelta(seconds=1)
"""An answer serves everybody who asks this long after it: each costs a look at everything."""
_PATIENCE_SECONDS: Final = 5.0

type Running = Callable[[], int]
"""How many sessions this gateway runs."""
type BrowserMemory = Callable[[], Awaitable[Mapping[SessionId, int]]]


class ReadMetrics:
    """Gives them as text. Those who ask at once get one answer."""

    def __init__(
        self,
        metrics: Metrics,
        check_health: CheckHealth,
        uow: UnitOfWorkFactory,
        clock: Clock,
        running: Running,
        browser_memory: BrowserMemory,
    ) -> None:
        self._metrics = metrics
        self._check_health = check_health
        self._uow = uow
        self._clock = clock
        self._running = running
        self._browser_memory = browser_memory
        self._looking = asyncio.Lock()
        self._looked_at: timedelta | None = None

    async def execute(self) -> str:
        """In Prometheus's text format. Never fails: what couldn't be asked is missing, and a gauge says so."""
        async with self._looking:
            if self._looked_at is None or self._clock.elapsed() - self._looked_at > _FRESH:
                await self._look()
                self._looked_at = self._clock.elapsed()
            return self._metrics.text()

    async def _look(self) -> None:
        report = await self._check_health.execute()
        self._metrics.show(catalogue.PART_UP, {(part.name,): part.problem is None for part in report.parts})
        self._metrics.show(catalogue.LEASES_HELD, {(): self._running()})
        memory = (await self._browser_memory()).values()
        self._metrics.show(catalogue.BROWSER_MEMORY, {(): sum(memory)})
        self._metrics.show(catalogue.BROWSER_MEMORY_MOST, {(): max(memory, default=0)})
        sessions, webhooks = await self._survey()
        self._metrics.show(catalogue.SURVEY_UP, {(): sessions is not None})
        self._show_sessions(sessions)
        self._show_webhooks(webhooks)

    async def _survey(self) -> tuple[Sequence[SessionState] | None, WebhookState | None]:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._uow.begin() as uow:
                return await uow.survey.sessions(now=self._clock.now()), await uow.survey.webhooks()
        except TimeoutError:
            return None, None
        except PomboError as error:
            if error.kind not in TRANSIENT:
                raise
            return None, None

    def _show_sessions(self, sessions: Sequence[SessionState] | None) -> None:
        gauges = (
            *(catalogue.SESSIONS, catalogue.SESSIONS_AILING, catalogue.QUEUE_DEPTH, catalogue.QUEUE_AGE),
            *(catalogue.SESSIONS_PAUSED, catalogue.LEASE_EPOCHS),
        )
        if sessions is None:
            # A figure of before would look like one of now.
            for gauge in gauges:
                self._metrics.show(gauge, {})
            return
        now = self._clock.now()
        of_status = Counter(session.status for session in sessions)
        ailing = Counter(session.status for session in sessions if session.is_ailing)
        due = [session.oldest_due_at for session in sessions if session.oldest_due_at is not None]
        # Every status, also those of none: an alert on what is missing never fires.
        self._metrics.show(catalogue.SESSIONS, {(status,): of_status[status] for status in SessionStatus})
        self._metrics.show(catalogue.SESSIONS_AILING, {(status,): ailing[status] for status in SessionStatus})
        paused = Counter(session.paused_by for session in sessions)
        self._metrics.show(catalogue.SESSIONS_PAUSED, {(reason,): paused[reason] for reason in RestrictionReason})
        self._metrics.show(
            catalogue.QUEUE_DEPTH,
            {
                ("waiting",): sum(session.waiting for session in sessions),
                ("sending",): sum(session.sending for session in sessions),
                ("put_off",): sum(session.put_off for session in sessions),
            },
        )
        age = (now - min(due)).total_seconds() if due else 0.0
        self._metrics.show(catalogue.QUEUE_AGE, {(): max(age, 0.0)})
        self._metrics.show(catalogue.LEASE_EPOCHS, {(): sum(session.epoch for session in sessions)})

    def _show_webhooks(self, webhooks: WebhookState | None) -> None:
        if webhooks is None:
            for gauge in (catalogue.WEBHOOK_BACKLOG, catalogue.WEBHOOK_ENDPOINTS, catalogue.DEAD_LETTERS):
                self._metrics.show(gauge, {})
            return
        self._metrics.show(catalogue.WEBHOOK_BACKLOG, {(): webhooks.backlog})
        self._metrics.show(catalogue.DEAD_LETTERS, {(): webhooks.dead_letters})
        self._metrics.show(
            catalogue.WEBHOOK_ENDPOINTS,
            {
                ("sound",): webhooks.enabled - webhooks.failing,
                ("failing",): webhooks.failing,
                ("disabled",): webhooks.disabled,
            },
        )
