"""The programs of a run, all of them processes but the servers' supervision, the proxies and the receiver."""

import asyncio
import base64
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.chaos import children
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Ledger
from tests.chaos.receiver import Receiver
from tests.chaos.whatsapp import WhatsApp
from tests.faults.proxy import FaultProxy

_START_SECONDS: Final = 600.0
"""The first start may unpack a browser."""

_GONE_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1


@dataclass(slots=True)
class World:
    """What runs."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    whatsapp: WhatsApp
    receiver: Receiver
    gateways: list[Gateway]


@asynccontextmanager
async def open_world(home: Path, *, seed: int, gateways: int, ledger: Ledger) -> AsyncIterator[World]:
    """Starts everything below a directory that is there and has a `logs` in it; at the end nothing of it is running."""
    ports = children.Ports()
    async with AsyncExitStack() as stack:
        servers = home / "servers"
        stack.enter_context(DataDirectory.open(servers))
        postgres, valkey = EmbeddedPostgres(servers), EmbeddedValkey(servers)
        stack.callback(_keep_logs, servers, home / "logs")
        stack.push_async_callback(postgres.stop)
        stack.push_async_callback(valkey.stop)
        urls = await asyncio.gather(postgres.start(), valkey.start())
        whatsapp = WhatsApp(home / "whatsapp", home / "logs" / "sandbox.log", ports.take(), ports.take())
        stack.push_async_callback(whatsapp.close)
        receiver = Receiver(seed, ports.take(), ledger)
        stack.push_async_callback(receiver.close)
        await asyncio.gather(whatsapp.start(), receiver.start())
        world = World(postgres, valkey, whatsapp, receiver, [])
        shared = {
            "API_KEY": secrets.token_urlsafe(24),
            "POMBO_SNAPSHOT_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "WHATSAPP_WEB_URL": whatsapp.page,
        }
        for number in range(gateways):
            gateway = Gateway(
                name=f"gateway-{number + 1}",
                home=home / f"gateway-{number + 1}",
                port=ports.take(),
                grpc_port=ports.take(),
                postgres=await stack.enter_async_context(FaultProxy.open(_postgres_socket(urls[0]))),
                redis=await stack.enter_async_context(FaultProxy.open(Path(urlsplit(urls[1]).path))),
                settings=shared,
                ledger=ledger,
            )
            world.gateways.append(gateway)
            stack.push_async_callback(gateway.close)
            await gateway.open()
            await gateway.until_serving(_START_SECONDS)
        yield world


async def until_gone(home: Path) -> list[str]:
    """Waits a while until no process of a directory's is left; kills and names those that stay."""
    end = asyncio.get_running_loop().time() + _GONE_SECONDS
    while left := children.processes_of(home):
        if asyncio.get_running_loop().time() > end:
            for pid in left:
                children.kill(pid)
            return [f"process {pid}: {line}" for pid, line in left.items()]
        await asyncio.sleep(_LOOK_SECONDS)
    return []


def _postgres_socket(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"


def _keep_logs(servers: Path, logs: Path) -> None:
    for log in servers.glob("*/*.log"):
        shutil.copy(log, logs / log.name)
