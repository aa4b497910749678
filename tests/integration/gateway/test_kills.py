"""kill -9 at the gateway and at the browser: no QR afterwards, nothing lost, nothing twice."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, descendants, until


async def test_a_gateway_that_was_killed_comes_back_without_qr(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    await gateway.send("ana", BEN, "before")
    await gateway.kill()
    await sandbox.send(BEN, ANA, "while you were away")
    await gateway.start()
    await gateway.status("ana", "WORKING")
    await gateway.received("while you were away")
    await gateway.send("ana", BEN, "after")
    assert await sandbox.bodies(BEN, ANA) == ["before", "after"]
    kinds = [event["type"] for event in await gateway.events()]
    assert kinds.count("session.qr") == 1
    assert kinds.count("message.sent") == 2


async def test_a_gateway_killed_among_its_sends_sends_each_once(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    await gateway.send("ana", BEN, "first")
    sends = [asyncio.create_task(gateway.send("ana", BEN, str(number))) for number in range(30)]
    await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
    await gateway.kill()
    await asyncio.gather(*sends, return_exceptions=True)
    await gateway.start()
    await gateway.status("ana", "WORKING")

    async def all_left() -> list[str] | None:
        queued = await gateway.events("message.queued")
        sent = await gateway.events("message.sent")
        left = {event["payload"]["message"]["id"] for event in sent}
        accepted = {event["payload"]["message"]["id"]: event for event in queued}
        if left != set(accepted):
            return None
        return [event["payload"]["message"]["text"]["body"] for event in accepted.values()]

    accepted = await until(all_left)
    assert sorted(await sandbox.bodies(BEN, ANA)) == sorted(accepted)
    assert len(accepted) == len(set(accepted))


@pytest.mark.parametrize("moment", ["at once after linking", "later"])
async def test_a_browser_that_was_killed_comes_back_without_qr(gateway: Gateway, sandbox: Sandbox, moment: str) -> None:
    await gateway.link("ana", sandbox, ANA)
    if moment == "later":
        await gateway.send("ana", BEN, "before")
    browsers = [pid for pid in descendants(gateway.process.pid) if _is_browser(pid)]
    assert browsers
    for pid in browsers:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # went with its parent

    async def crash_on_record() -> bool | None:
        status = await gateway.call("GET", "/api/v1/sessions/ana/status")
        return any(entry["reason"] == "BROWSER_CRASHED" for entry in status["history"]) or None

    await until(crash_on_record)
    await gateway.status("ana", "WORKING")
    await gateway.send("ana", BEN, "after")
    assert (await sandbox.bodies(BEN, ANA))[-1] == "after"
    assert [event["type"] for event in await gateway.events()].count("session.qr") == 1


def _is_browser(pid: int) -> bool:
    try:
        return b"--user-data-dir" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
