"""A gateway's application over the adapters in memory, for tests of what stands around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dependency_injector import providers

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.memory.event_bus import MemoryEventBus
from adapters.memory.link_code_cache import MemoryLinkCodeCache
from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.watchdog import MemoryWatchdog
from adapters.memory.webhook_sender import MemoryWebhookReceivers, MemoryWebhookSender
from adapters.system.system_clock import SystemClock
from application.workers.ownership import LeaseTerms
from domain.ids import SessionId, WebhookId
from domain.lease import Owner
from domain.webhook import RetrySchedule
from entrypoints.container import Container
from entrypoints.use_cases import UseCases
from tests.media_parts import media_parts

API_KEY = "a-key-for-tests-only"


def _fail(session_id: SessionId | None, fault: BaseException) -> None:
    raise AssertionError(session_id) from fault


def _fail_lane(webhook_id: WebhookId, fault: Exception) -> None:
    raise AssertionError(webhook_id) from fault


def build(whatsapp: MemoryWhatsApp) -> Container:
    container = Container()
    clock = SystemClock()
    database = MemoryDatabase(lambda: container.feed().hint())
    container.whole_uow.override(database)
    container.whole_event_log.override(database)
    container.bus.override(MemoryEventBus())
    container.codes.override(MemoryLinkCodeCache(clock))
    container.rate_limiter.override(MemoryRateLimiter(clock))
    container.session_store.override(MemorySessionStore())
    container.media_parts.override(providers.Object(media_parts()))
    container.driver.override(MemoryWhatsAppDriver(whatsapp))
    container.proxies.override(MemoryProxyConnector())
    container.watchdog.override(MemoryWatchdog(whatsapp, clock))
    container.lease_terms.override(LeaseTerms(owner=Owner(node="node", life="life")))
    container.health_checks.override(providers.Object(()))
    container.configured_key.override(providers.Object(API_KEY))
    container.key_hash_secrets.override(providers.Object((bytes(32),)))
    container.on_fault.override(providers.Object(_fail))
    container.webhook_sender.override(providers.Object(MemoryWebhookSender(MemoryWebhookReceivers(), clock)))
    container.retry_schedule.override(providers.Object(RetrySchedule()))
    container.on_lane_fault.override(providers.Object(_fail_lane))
    return container


@asynccontextmanager
async def running(container: Container) -> AsyncIterator[UseCases]:
    work = (
        container.supervisor().run(),
        container.feed().run(),
        container.webhook_dispatcher().run(),
        container.snapshots().run(),
        container.audit_trail().run(),
    )
    tasks = [asyncio.ensure_future(each) for each in work]
    await asyncio.sleep(0)
    try:
        yield container.use_cases()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
