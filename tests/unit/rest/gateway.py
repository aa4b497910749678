"""A REST application over the memory adapters, and a client that calls it without a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, override
from urllib.parse import quote, urlsplit

from dependency_injector import providers
from fastapi import FastAPI

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
from application.limits.call_rates import CallRates
from application.observability.event_meter import EventMeter
from application.ports.health_check import HealthCheck
from application.ports.unit_of_work import UnitOfWork
from application.sessions.create_session import CreateSessionCommand
from application.workers.ownership import LeaseTerms
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.session import SessionStatus
from domain.webhook import RetrySchedule
from entrypoints.container import Container
from entrypoints.log_context import note_session
from entrypoints.media_parts import MediaParts
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.use_cases import UseCases
from tests.media_parts import media_parts

KEY = "a-key-for-tests-of-rest"
ANA, BEN = "15550100100", "15550100200"


class Part(HealthCheck):
    """A part whose health the test decides."""

    def __init__(self) -> None:
        self.problem: str | None = None

    @property
    @override
    def name(self) -> str:
        return "database"

    @override
    async def check(self) -> str | None:
        return self.problem


class BreakableDatabase(MemoryDatabase):
    """Fails on demand, as a database that is away does."""

    fault: Exception | None = None

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        if self.fault is not None:
            raise self.fault
        return super().begin(fence)


class Gateway:
    def __init__(
        self, config: RestConfig | None = None, media: MediaParts | None = None, rates: CallRates | None = None
    ) -> None:
        self.config = config or RestConfig(keep_alive=timedelta(milliseconds=50))
        instruments = self.config.instruments
        self.whatsapp = MemoryWhatsApp(SystemClock())
        for phone in (ANA, BEN):
            self.whatsapp.add_account(phone)
        self.part = Part()
        self.faults: list[BaseException] = []
        self.audit_faults: list[Exception] = []
        self.media = media or media_parts()
        self.container = container = Container()
        self.database = BreakableDatabase(
            lambda: container.feed().hint(), on_events=EventMeter(instruments.metrics).note
        )
        container.instruments.override(providers.Object(instruments))
        container.on_kept.override(providers.Object(note_session))
        container.whole_uow.override(self.database)
        container.whole_event_log.override(self.database)
        container.bus.override(MemoryEventBus())
        container.codes.override(MemoryLinkCodeCache(SystemClock()))
        container.rate_limiter.override(MemoryRateLimiter(SystemClock()))
        container.session_store.override(MemorySessionStore())
        container.media_parts.override(providers.Object(self.media))
        container.driver.override(MemoryWhatsAppDriver(self.whatsapp))
        self.proxies = MemoryProxyConnector(private={"private.test"})
        container.proxies.override(providers.Object(self.proxies))
        container.watchdog.override(MemoryWatchdog(self.whatsapp, SystemClock()))
        container.lease_terms.override(LeaseTerms(owner=Owner(node="node", life="life")))
        container.health_checks.override(providers.Object((self.part,)))
        container.configured_key.override(providers.Object(KEY))
        container.key_hash_secrets.override(providers.Object((bytes(32),)))
        container.on_fault.override(providers.Object(lambda _, fault: self.faults.append(fault)))
        container.call_rates.override(providers.Object(rates or CallRates()))
        self.receivers = MemoryWebhookReceivers()
        container.webhook_sender.override(providers.Object(MemoryWebhookSender(self.receivers, SystemClock())))
        container.retry_schedule.override(providers.Object(RetrySchedule(waits=(timedelta(milliseconds=10),))))
        container.on_audit_fault.override(providers.Object(self.audit_faults.append))
        container.on_lane_fault.override(providers.Object(lambda _, fault: self.faults.append(fault)))
        self.use_cases: UseCases = container.use_cases()
        self.app = _app_of(self)
        self.client = Client(self.app)

    async def show_qr(self, session_id: str = "ana") -> str:
        await self.use_cases.create_session.execute(CreateSessionCommand(id=session_id))
        return (await self.use_cases.get_qr.execute(session_id, wait=timedelta(seconds=5))).text

    async def link(self, session_id: str = "ana", phone: str = ANA) -> None:
        self.whatsapp.scan(phone, await self.show_qr(session_id))
        await self.reach(SessionStatus.WORKING, session_id)

    async def reach(self, status: SessionStatus, session_id: str = "ana") -> None:
        async with asyncio.timeout(5):
            async for view in await self.use_cases.watch_session.execute(session_id):
                if view.session.status is status:
                    return

    def break_database(self, fault: Exception) -> None:
        self.database.fault = fault

    async def event_head(self) -> int:
        return await self.database.settle()

    def linked_sessions(self, phone: str = ANA) -> set[SessionId]:
        return set(self.whatsapp.account(phone).devices)


class _Present:
    """Use cases of whichever gateway has the application at present."""

    of: UseCases

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


_free: dict[RestConfig, list[tuple[FastAPI, _Present]]] = {}
"""Applications that no gateway has: FastAPI takes longer to make one than most of the tests do."""


def _app_of(gateway: Gateway) -> FastAPI:
    """An application; ``running`` gives it back at its end."""
    free = _free.setdefault(gateway.config, [])
    if free:
        app, present = free.pop()
        app.state.open_streams._closing = asyncio.Event()  # the other's was of another event loop
    else:
        present = _Present()
        present.of = gateway.use_cases
        proxy: Any = present
        app = create_app(proxy, gateway.config)
        app.state.present = present
    present.of = gateway.use_cases
    app.state.end_waits = gateway.use_cases.send_message.end_waits
    return app


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[Gateway]:
    jobs = [
        asyncio.create_task(gateway.container.supervisor().run()),
        asyncio.create_task(gateway.container.feed().run()),
        asyncio.create_task(gateway.container.webhook_dispatcher().run()),
        asyncio.create_task(gateway.container.audit_trail().run()),
    ]
    await asyncio.sleep(0)
    try:
        yield gateway
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    assert gateway.faults == []
    _free[gateway.config].append((gateway.app, gateway.app.state.present))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Of a problem, whose form is checked on the way."""
        problem = self.json()
        assert self.headers["content-type"] == "application/problem+json"
        assert problem["status"] == self.status
        assert problem["request_id"] == self.headers["x-request-id"]
        assert problem.keys() >= {"type", "title", "detail", "reason", "metadata", "errors", "retry_after"}
        return str(problem["reason"])

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.json()["errors"]]


@dataclass
class Client:
    app: FastAPI
    key: str | None = KEY
    chunks: int = field(default=1)
    scheme: str = "http"

    async def call(
        self,
        method: str,
        target: str,
        *,
        json_body: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"host": "gateway"} | ({} if self.key is None else {"x-api-key": self.key})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["content-type"] = "application/json"
        if body is not None:
            sent["content-length"] = str(len(body))
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        return await self._exchange(method, target, sent, body or b"")

    async def get(self, target: str, **headers: str) -> Answer:
        return await self.call("GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()})

    async def post(self, target: str, json_body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.call("POST", target, json_body=json_body, headers=named)

    async def _exchange(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(target)
        size = max(1, -(-len(body) // self.chunks))
        pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        messages = [
            {"type": "http.request", "body": piece, "more_body": place < len(pieces) - 1}
            for place, piece in enumerate(pieces)
        ]
        start: dict[str, Any] = {}
        received = bytearray()

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                received.extend(message["body"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": self.scheme,
            "path": parts.path,
            "raw_path": quote(parts.path).encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self.app(scope, receive, send)  # type: ignore[arg-type]  # plain dictionaries are what ASGI has
        names = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], names, bytes(received))
