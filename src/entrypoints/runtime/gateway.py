"""The gateway, from its start to its end."""

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from dependency_injector import providers

from adapters.embedded.data_directory import DataDirectory
from application.observability.catalogue import FAULTS
from application.ports.metrics import Metrics
from application.workers.keeper_settings import KeeperSettings
from application.workers.ownership import LeaseTerms
from domain.ids import SessionId, WebhookId
from domain.lease import Owner
from domain.webhook import RetrySchedule
from entrypoints.container import Container
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.server import GrpcServer
from entrypoints.log_context import note_session
from entrypoints.ports import check_port
from entrypoints.rest.app import create_app, create_health_app
from entrypoints.rest.config import RestConfig
from entrypoints.rest.server import RestServer
from entrypoints.runtime.access import foreign_keys_advice, key_hash_secrets
from entrypoints.runtime.announcer import Addresses, Announcer
from entrypoints.runtime.browser import make_driver, make_watchdog, open_proxies
from entrypoints.runtime.checks import check_settings
from entrypoints.runtime.core_tasks import CoreTasks
from entrypoints.runtime.health import DiskHealth
from entrypoints.runtime.instruments import open_instruments
from entrypoints.runtime.limits import tell_of_limiter
from entrypoints.runtime.media import inline_limit, log_failed_download, open_media, upload_limit
from entrypoints.runtime.snapshots import snapshot_every, tell
from entrypoints.runtime.storage import Storage, open_storage
from entrypoints.runtime.tls import open_tls
from entrypoints.runtime.webhooks import ensure_webhook, log_lane_fault, open_webhook_sender
from entrypoints.settings import Settings, unknown_variables
from entrypoints.use_cases import UseCases

_log: Final = structlog.stdlib.get_logger(__name__)
_REQUEST_GRACE: Final = timedelta(seconds=1.5)
"""How long requests that go on may take when the gateway stops; the rest of ten seconds is for the browsers."""


class Gateway:
    """One process: REST, gRPC, and the sessions' workers; or a part of these, by its role."""

    def __init__(self, settings: Settings, announcer: Announcer) -> None:
        self._settings = settings
        self._announcer = announcer

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until told to stop, also while it starts.

        Raises:
            PomboError: why it can't start, or can't go on; nothing is left running.
        """
        self._warn_of_settings()
        check_settings(self._settings)
        check_port(self._settings.host, self._settings.port, "PORT")
        if self._serves_api:
            check_port(self._settings.host, self._settings.grpc_port, "GRPC_PORT")
        if self._settings.health_port is not None:
            check_port(self._settings.host, self._settings.health_port, "POMBO_HEALTH_PORT")
        async with AsyncExitStack() as stack:
            tasks = await _unless(stop, self._start(stack))
            if tasks is not None:
                await tasks.until(stop)
            _log.info("gateway_stopping")
        _log.info("gateway_stopped")

    async def _start(self, stack: AsyncExitStack) -> CoreTasks:
        directory = stack.enter_context(DataDirectory.open(self._settings.data_dir))
        container = await self._assemble(stack, Owner(node=directory.node, life=secrets.token_hex(8)))
        key = await container.access().ensure_key.execute() if self._serves_api else None
        await self._warn_of_foreign_keys(container)
        configured = await ensure_webhook(
            container.ensure_webhook(), container.webhook_sender(), self._settings, self._announcer
        )
        work = {
            "event feed": container.feed().run(),
            "key ring": container.access().ring.run(),
            "audit trail": container.audit_trail().run(),
            "session supervisor": container.supervisor().run(),
        }
        if self._runs_sessions:
            work |= self._work(container)
        tasks = await stack.enter_async_context(CoreTasks.running(work))
        # A gateway that was killed left its sessions WORKING: nobody is told so before it is true again.
        await tasks.until(container.supervisor().taken_over)
        addresses = await self._serve(stack, container)
        if key is not None:
            self._announcer.api_key(key)
        if configured is not None and configured.is_new:
            self._announcer.webhook_secret(configured.endpoint.secret)
        self._announcer.ready(addresses)
        _log.info("gateway_ready", rest=addresses.rest, grpc=addresses.grpc)
        return tasks

    @property
    def _serves_api(self) -> bool:
        return self._settings.role != "worker"

    @property
    def _runs_sessions(self) -> bool:
        return self._settings.role != "api"

    def _work(self, container: Container) -> dict[str, Coroutine[Any, Any, None]]:
        """What is done where sessions are run, and beside them."""
        work = {
            "snapshots": container.snapshots().run(),
            "housekeeper": container.housekeeper().run(),
            "webhook dispatcher": container.webhook_dispatcher().run(),
            "media retention": container.media().retention.run(),
            "media downloads": container.media().downloads.run(),
        }
        if self._settings.event_retention_days:
            work["event retention"] = container.event_retention().run()
        if self._settings.audit_retention_days:
            work["audit retention"] = container.audit_retention().run()
        return work

    async def _assemble(self, stack: AsyncExitStack, owner: Owner) -> Container:
        container = Container()
        instruments = await stack.enter_async_context(open_instruments(self._settings))
        container.instruments.override(providers.Object(instruments))
        container.on_kept.override(providers.Object(note_session))
        proxies = stack.enter_context(open_proxies(self._settings))
        container.proxies.override(providers.Object(proxies))
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(
                open_storage(
                    stack,
                    self._settings,
                    self._announcer,
                    container.clock(),
                    lambda: container.feed().hint(),
                    instruments.metrics,
                )
            )
            making = tasks.create_task(make_driver(self._settings, self._announcer, proxies))
        disk = DiskHealth(self._settings.data_dir)
        storage, (driver, browser_health) = opening.result(), making.result()
        watchdog = make_watchdog(self._settings)
        # Ended after the driver, which closes the browsers in peace.
        stack.push_async_callback(watchdog.stop)
        await watchdog.start()
        stack.push_async_callback(driver.stop)
        if self._runs_sessions:
            await driver.start()
        _hand_in(container, storage)
        container.call_rates.override(providers.Object(self._settings.call_rates))
        container.on_limiter_away.override(providers.Object(tell_of_limiter))
        container.driver.override(providers.Object(driver))
        container.watchdog.override(providers.Object(watchdog))
        terms = LeaseTerms(
            owner=owner, ttl=timedelta(seconds=self._settings.lease_seconds), runs_sessions=self._runs_sessions
        )
        container.lease_terms.override(providers.Object(terms))
        media, media_checks = await stack.enter_async_context(open_media(self._settings))
        container.media_parts.override(providers.Object(media))
        container.on_download_failed.override(providers.Object(log_failed_download))
        checks = (*storage.health_checks, *((browser_health,) if self._runs_sessions else ()), disk, *media_checks)
        container.health_checks.override(providers.Object(checks))
        key = self._settings.api_key
        container.configured_key.override(providers.Object(None if key is None else key.get_secret_value()))
        container.key_hash_secrets.override(providers.Object(key_hash_secrets(self._settings)))
        container.snapshot_every.override(providers.Object(snapshot_every(self._settings)))
        container.tell_of_snapshot.override(providers.Object(tell))
        container.on_fault.override(providers.Object(partial(_note_fault, instruments.metrics)))
        container.keeper_settings.override(providers.Object(_keeper_settings(self._settings)))
        container.audit_retention_days.override(providers.Object(self._settings.audit_retention_days))
        container.on_audit_fault.override(providers.Object(_note_audit_fault))
        container.event_retention_days.override(providers.Object(self._settings.event_retention_days))
        sender = await stack.enter_async_context(open_webhook_sender(self._settings, container.clock()))
        container.webhook_sender.override(providers.Object(sender))
        container.retry_schedule.override(providers.Object(RetrySchedule(waits=self._settings.webhook_retry_schedule)))
        container.on_lane_fault.override(providers.Object(partial(_note_lane_fault, instruments.metrics)))
        return container

    async def _serve(self, stack: AsyncExitStack, container: Container) -> Addresses:
        settings, use_cases = self._settings, container.use_cases()
        tls = open_tls(settings)
        config = RestConfig(
            max_body_bytes=settings.max_body_bytes,
            max_inline_bytes=inline_limit(settings),
            max_upload_bytes=upload_limit(settings),
            cors_origins=settings.cors_origins,
            trusted_proxies=settings.trusted_proxies,
            metrics=settings.metrics,
            instruments=container.instruments(),
        )
        app = create_app(use_cases, config) if self._serves_api else create_health_app(use_cases, config)
        rest = RestServer(
            app,
            host=settings.host,
            port=settings.port,
            stop_within=_REQUEST_GRACE,
            max_connections=settings.max_connections,
            tls=tls,
        )
        if settings.health_port is not None:
            await self._serve_health(stack, use_cases, settings.health_port)
        scheme = "http" if tls is None else "https"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        if not self._serves_api:
            await rest.start()
            stack.push_async_callback(rest.stop)
            return Addresses(rest=f"{scheme}://{host}:{rest.port}", grpc=None)
        grpc = GrpcServer(
            use_cases,
            GrpcConfig(
                host=settings.host,
                port=settings.grpc_port,
                max_request_bytes=settings.max_body_bytes,
                max_inline_bytes=inline_limit(settings),
                trusted_proxies=settings.trusted_proxies,
                instruments=container.instruments(),
                tls=tls,
            ),
        )

        async def stop_both() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(rest.stop())
                tasks.create_task(grpc.stop(_REQUEST_GRACE))

        await rest.start()
        stack.push_async_callback(stop_both)
        await grpc.start()
        return Addresses(rest=f"{scheme}://{host}:{rest.port}", grpc=f"{host}:{grpc.port}")

    async def _serve_health(self, stack: AsyncExitStack, use_cases: UseCases, port: int) -> None:
        """For whoever supervises the process and has no certificate to show: health alone, in plain text."""
        app = create_health_app(use_cases, RestConfig(metrics="off"))
        health = RestServer(app, host=self._settings.host, port=port, stop_within=_REQUEST_GRACE, max_connections=100)
        stack.push_async_callback(health.stop)
        await health.start()

    async def _warn_of_foreign_keys(self, container: Container) -> None:
        count = await container.access().count_foreign_keys.execute()
        if count:
            self._announcer.warn(foreign_keys_advice(self._settings, count))
            _log.warning("api_keys_of_another_secret", count=count)

    def _warn_of_settings(self) -> None:
        for name in unknown_variables():
            self._announcer.warn(f"{name} is no setting of this version and changes nothing.")


async def _unless[T](stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives, or None when the stop came first; the work is then cancelled and has ended."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    return None if working.cancelled() else working.result()


def _hand_in(container: Container, storage: Storage) -> None:
    container.whole_uow.override(providers.Object(storage.uow))
    container.whole_event_log.override(providers.Object(storage.event_log))
    container.bus.override(providers.Object(storage.bus))
    container.codes.override(providers.Object(storage.codes))
    container.rate_limiter.override(providers.Object(storage.rate_limiter))
    container.session_store.override(providers.Object(storage.snapshots))


def _keeper_settings(settings: Settings) -> KeeperSettings:
    return KeeperSettings(
        probe_every=timedelta(seconds=settings.probe_seconds),
        starts_at_once=settings.starts_at_once,
        pace=settings.pace,
    )


def _note_fault(metrics: Metrics, session_id: SessionId | None, fault: BaseException) -> None:
    metrics.add(FAULTS, "session")
    _log.error("session_fault", session_id=session_id, exc_info=fault)


def _note_audit_fault(error: Exception) -> None:
    _log.error("audit_not_written", exc_info=error)


def _note_lane_fault(metrics: Metrics, webhook_id: WebhookId, fault: Exception) -> None:
    metrics.add(FAULTS, "webhook")
    log_lane_fault(webhook_id, fault)
