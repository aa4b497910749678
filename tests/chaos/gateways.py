"""Gateways of a run: ``pombo serve``, kept running as a service manager would."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import grpc.aio

from adapters.embedded.data_directory import DataDirectory
from entrypoints.grpc.gen.pombo.v1.group_service_pb2_grpc import GroupServiceStub
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from tests.chaos import children
from tests.chaos.ledger import Json, Ledger
from tests.faults.proxy import FaultProxy

CALL_SECONDS: Final = 25.0
"""How long a client waits for an answer before it takes the gateway for dead."""

_FOREIGN: Final = ("DATABASE_URL", "REDIS_URL", "API_KEY", "WEBHOOK_URL", "BROWSER_PATH", "PYTHONDONTWRITEBYTECODE")
_LOOK_SECONDS: Final = 0.1
_RESTART_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 20.0


@dataclass(slots=True)
class Gateway:
    """One gateway. `restart` starts it again whenever it has ended, until `close`.

    Attributes:
        postgres: what stands between it and its database.
        redis: the same for Redis.
        settings: what its environment has beside its addresses.
    """

    name: str
    home: Path
    port: int
    grpc_port: int
    postgres: FaultProxy
    redis: FaultProxy
    settings: dict[str, str]
    ledger: Ledger
    process: asyncio.subprocess.Process | None = None
    is_wanted: bool = True
    is_expected_to_end: bool = False
    _keeper: asyncio.Task[None] | None = None
    _http: aiohttp.ClientSession | None = field(default=None, repr=False)
    _channel: grpc.aio.Channel | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return self.settings["API_KEY"]

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None and self.process.returncode is None else None

    @property
    def http(self) -> aiohttp.ClientSession:
        assert self._http is not None
        return self._http

    @property
    def groups(self) -> GroupServiceStub:
        assert self._channel is not None
        return GroupServiceStub(self._channel)

    @property
    def messages(self) -> MessageServiceStub:
        assert self._channel is not None
        return MessageServiceStub(self._channel)

    async def open(self) -> None:
        """Starts it; it may take a while until it serves."""
        self._http = aiohttp.ClientSession(
            headers={"X-API-Key": self.key}, timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)
        )
        # A client that looks every ten minutes whether the gateway is back would measure itself.
        options = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1_000)]
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.grpc_port}", options=options)
        await self._launch()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def close(self) -> None:
        """Stops it for good."""
        self.is_wanted = False
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self.process is not None:
            await children.end(self.process, _STOP_SECONDS)
        if self._http is not None:
            await self._http.close()
        if self._channel is not None:
            await self._channel.close()

    async def kill(self) -> None:
        """kill -9. It is started again."""
        if self.pid is not None:
            self.is_expected_to_end = True
            children.kill(self.pid)

    async def restart(self) -> None:
        """SIGTERM, and waits for its end. It is started again."""
        if self.process is not None:
            self.is_expected_to_end = True
            await children.end(self.process, _STOP_SECONDS)

    async def is_serving(self) -> bool:
        """Whether it takes calls."""
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self.http.get(self.url + "/health/live", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.ok
        return False

    async def until_serving(self, seconds: float) -> None:
        """Waits for its first start.

        Raises:
            RuntimeError: it has ended, and why.
        """
        async with asyncio.timeout(seconds):
            while not await self.is_serving():
                if self.ledger.exits:
                    raise RuntimeError(f"{self.ledger.exits[-1]}: {self.log.read_text(errors='replace')[-500:]}")
                await asyncio.sleep(_LOOK_SECONDS)

    async def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Any:
        """An answer's JSON.

        Raises:
            aiohttp.ClientError: there was none, or it wasn't a success.
        """
        async with self.http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None) if answer.status != 204 else None

    async def _launch(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._share_files()
        inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        inherited = {name: value for name, value in inherited.items() if not name.startswith("POMBO_")}
        environment = {
            **inherited,
            **self.settings,
            "PORT": str(self.port),
            "GRPC_PORT": str(self.grpc_port),
            "DATABASE_URL": f"postgresql://pombo@127.0.0.1:{self.postgres.port}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "POMBO_DATA_DIR": str(self.home),
            "POMBO_LOG_FORMAT": "json",
            "POMBO_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
            "POMBO_WEBHOOK_RETRY_SCHEDULE": "0.3s,0.6s,1s,2s",
        }
        self.process = await children.launch(("entrypoints.cli", "serve"), self.log, environment)

    def _share_files(self) -> None:
        """Gateways on one database need one place for files: here a directory, as a network's file system would be."""
        shared, own = self.home.parent / "files", self.home / "media"
        shared.mkdir(mode=0o700, exist_ok=True)
        if not own.is_symlink():
            with DataDirectory.open(self.home):
                pass  # it is a gateway's from now on, and may have something in it
            own.symlink_to(shared, target_is_directory=True)

    @property
    def log(self) -> Path:
        return self.home.parent / "logs" / f"{self.name}.log"

    async def _keep(self) -> None:
        while self.is_wanted:
            assert self.process is not None
            code = await self.process.wait()
            if not self.is_expected_to_end:
                self.ledger.exits.append(f"{time.strftime('%H:%M:%S')} {self.name} ended by itself with status {code}")
            self.is_expected_to_end = False
            await asyncio.sleep(_RESTART_SECONDS)
            if self.is_wanted:
                await self._launch()
