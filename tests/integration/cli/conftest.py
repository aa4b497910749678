"""A gateway over the adapters in memory, reached by its real REST server."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
import structlog

from adapters.memory.driver import MemoryWhatsApp
from adapters.system.system_clock import SystemClock
from application.sessions.create_session import CreateSessionCommand
from domain.session import SessionStatus
from entrypoints.cli.client import GatewayClient, Target
from entrypoints.cli.main import run
from entrypoints.logging import configure_logging
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.rest.server import RestServer
from entrypoints.use_cases import UseCases
from tests.unit.entrypoints.assembly import API_KEY, build, running

ANA, BEN = "15550000001", "15550000002"


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Gateway:
    """A gateway that serves."""

    whatsapp: MemoryWhatsApp
    use_cases: UseCases
    target: Target

    async def link(self, session_id: str = "demo", phone: str = ANA) -> None:
        """Makes a session that works."""
        await self.use_cases.create_session.execute(CreateSessionCommand(id=session_id))
        async for view in await self.use_cases.watch_session.execute(session_id):
            if view.qr is not None:
                self.whatsapp.scan(phone, view.qr.text)
            if view.session.status is SessionStatus.WORKING:
                return


@pytest.fixture(autouse=True)
def logs() -> Iterator[io.StringIO]:
    """The gateway's log, apart from what the commands print."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    buffer = io.StringIO()
    configure_logging(level="info", format="json", stream=buffer)
    yield buffer
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    whatsapp = MemoryWhatsApp(SystemClock())
    whatsapp.add_account(ANA, name="Ana")
    whatsapp.add_account(BEN, name="Ben")
    async with running(build(whatsapp)) as use_cases:
        server = RestServer(create_app(use_cases, RestConfig()), host="127.0.0.1", port=0)
        await server.start()
        try:
            yield Gateway(whatsapp, use_cases, Target(url=f"http://127.0.0.1:{server.port}", api_key=API_KEY))
        finally:
            await server.stop()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[GatewayClient]:
    async with GatewayClient.open(gateway.target) as client:
        yield client


@pytest.fixture
def pombo(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Ran]]:
    """Runs a command against the gateway, as the program would."""
    monkeypatch.setenv("POMBO_URL", gateway.target.url)
    monkeypatch.setenv("API_KEY", API_KEY)
    # No terminal is as wide as a test needs it.
    monkeypatch.setenv("COLUMNS", "200")

    async def run_command(*arguments: str) -> Ran:
        code = await asyncio.to_thread(run, arguments)
        captured = capsys.readouterr()
        return Ran(int(code), captured.out, captured.err)

    return run_command
