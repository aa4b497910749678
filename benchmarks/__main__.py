"""``make bench``: measures the gateway and whatsapp-web.js in one run and prints a table with ratios."""

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from adapters.playwright.browser import find_browser
from benchmarks.gateway import Gateway
from benchmarks.peer import WhatsAppWebJs
from benchmarks.process_tree import pss_mib
from benchmarks.report import Measurement, environment, write
from benchmarks.system import ROOT, Sandbox, System

SESSIONS: Final = 5
LANES: Final = 20
REOPENINGS: Final = 3
ALONE: Final = 40
BURST: Final = 500
IDLE_SECONDS: Final = 8.0
"""How long a browser is left in peace before its memory is read."""

OUTSIDER: Final = "15550300999"
RECIPIENTS: Final = tuple(f"155503001{number:02}" for number in range(LANES))


def say(text: str) -> None:
    """Progress, as it comes."""
    print(text, flush=True)


async def measure(
    system: AbstractAsyncContextManager[System], sandbox: Sandbox, accounts: list[str]
) -> dict[str, Measurement]:
    """All measurements of one system."""
    found: dict[str, Measurement] = {}
    async with system as running:
        say(f"{running.name}: linking the first account")
        await sandbox.account(accounts[0])
        await running.link(accounts[0])
        await asyncio.sleep(IDLE_SECONDS)
        found["memory of the tree, 1 session"] = Measurement(pss_mib(running.pid), "MiB", lower_is_better=True)
        say(f"{running.name}: sends")
        await running.send(accounts[0], RECIPIENTS, 3)  # chats exist and code is warm before anything is timed
        seconds = await running.send(accounts[0], RECIPIENTS[:1], 300)
        found["sends, one after another"] = Measurement(300 / seconds, "/s")
        seconds = await running.send(accounts[0], RECIPIENTS, 50)
        found["sends, twenty at once"] = Measurement(LANES * 50 / seconds, "/s")
        say(f"{running.name}: inbound")
        found |= await inbound(running, sandbox, accounts[0])
        say(f"{running.name}: start with a stored login")
        times = [await running.reopen(accounts[0]) for _ in range(REOPENINGS)]
        found["start to ready, stored login"] = Measurement(statistics.median(times), "s", lower_is_better=True)
        say(f"{running.name}: linking {SESSIONS - 1} more")
        for phone in accounts[1:]:
            await sandbox.account(phone)
            await running.link(phone)
        await asyncio.sleep(IDLE_SECONDS)
        total = pss_mib(running.pid)
        found[f"memory of the tree, {SESSIONS} sessions"] = Measurement(total, "MiB", lower_is_better=True)
        found[f"memory per session, at {SESSIONS}"] = Measurement(total / SESSIONS, "MiB", lower_is_better=True)
    return found


async def inbound(system: System, sandbox: Sandbox, phone: str) -> dict[str, Measurement]:
    """Latency of messages that come alone, and the rate of a burst."""
    queue = system.received(phone)
    latencies: list[float] = []
    for _ in range(ALONE):
        begun = time.monotonic()
        sent = await sandbox.send(OUTSIDER, phone)
        async with asyncio.timeout(10):
            while (came := await queue.get())[0] != sent:
                pass
        latencies.append((came[1] - begun) * 1000)
    begun = time.monotonic()
    gate = asyncio.Semaphore(LANES)

    async def one() -> str:
        async with gate:
            return await sandbox.send(OUTSIDER, phone)

    sending = asyncio.gather(*(one() for _ in range(BURST)))
    arrived: dict[str, float] = {}
    async with asyncio.timeout(120):
        while len(arrived) < BURST:
            message, at = await queue.get()
            arrived[message] = at
    assert set(await sending) == set(arrived)
    ranks = statistics.quantiles(latencies, n=20)
    return {
        "inbound alone, p50": Measurement(statistics.median(latencies), "ms", lower_is_better=True),
        "inbound alone, p95": Measurement(ranks[-1], "ms", lower_is_better=True),
        f"inbound, burst of {BURST}": Measurement(BURST / (max(arrived.values()) - begun), "/s"),
    }


async def main() -> None:
    """Runs both, one after the other."""
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--browser", type=Path, help="the browser binary for both; found by itself otherwise")
    chosen = arguments.parse_args().browser
    browser = await find_browser(chosen, cache_dir=ROOT / ".cache" / "browser", web_dir=ROOT / "web")
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as scratch:
        data = Path(scratch)
        async with Sandbox.run(data / "sandbox") as sandbox:
            for phone in (OUTSIDER, *RECIPIENTS):
                await sandbox.account(phone)
            results = {}
            peer = WhatsAppWebJs.run(sandbox, data / "wwebjs", browser.path)
            results["whatsapp-web.js"] = await measure(peer, sandbox, [f"1555020010{n}" for n in range(SESSIONS)])
            gateway = Gateway.run(sandbox, data / "pombo", browser.path)
            results["pombo"] = await measure(gateway, sandbox, [f"1555010010{n}" for n in range(SESSIONS)])
    say(write(results, environment(browser.version), ROOT / "benchmarks" / "results"))


if __name__ == "__main__":
    asyncio.run(main())
