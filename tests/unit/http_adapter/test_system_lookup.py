"""Names by the operating system's resolver, whose calls can't be broken off."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.http.guarded_resolver import SystemLookup
from adapters.http.webhook_sender import HttpWebhookSender
from adapters.system.system_clock import SystemClock
from domain.webhook import DeliveryOutcome
from tests.contracts.samples import IDS, webhook

ADDRESS = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))]


class NameServers:
    """Those of ``silent`` names answer when they are told to."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int, **_: Any) -> Any:
        self.asked.append(host)
        if host.startswith("silent"):
            self.answer.wait(30)
        return ADDRESS


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServers]:
    servers = NameServers()
    monkeypatch.setattr(socket, "getaddrinfo", servers)
    yield servers
    servers.answer.set()


@pytest.fixture
def lookup(servers: NameServers) -> Iterator[SystemLookup]:
    lookup = SystemLookup()
    yield lookup
    servers.answer.set()
    lookup.close()


async def test_a_silent_name_server_holds_up_no_other_name(servers: NameServers, lookup: SystemLookup) -> None:
    waiting = [asyncio.create_task(lookup("silent.example", 443)) for _ in range(40)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await lookup("good.example", 443) == ("192.0.2.1",)
    # Who doesn't wait any more takes it from nobody, and who comes again joins it.
    for task in waiting[1:]:
        task.cancel()
    again = asyncio.create_task(lookup("silent.example", 443))
    await asyncio.sleep(0)
    servers.answer.set()
    assert await waiting[0] == await again == ("192.0.2.1",)
    assert servers.asked == ["silent.example", "good.example"]
    assert await lookup("silent.example", 443) == ("192.0.2.1",)
    assert servers.asked.count("silent.example") == 2


async def test_who_gives_up_leaves_no_lookup_in_the_queue(servers: NameServers, lookup: SystemLookup) -> None:
    waiting = [asyncio.create_task(lookup(f"silent{number}.example", 443)) for number in range(60)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    servers.answer.set()
    assert await lookup("good.example", 443) == ("192.0.2.1",)
    assert len(servers.asked) < len(waiting)


async def test_a_name_that_cant_be_one() -> None:
    async with HttpWebhookSender.open(SystemClock()) as sender:
        result = await sender.send(webhook(url=f"http://{'a' * 64}.example/"), IDS.event_id(), "{}")
    assert result.outcome is DeliveryOutcome.NAME_NOT_RESOLVED
