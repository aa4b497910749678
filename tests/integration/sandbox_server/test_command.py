import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from .device import Device

_SOURCE = Path(__file__).parents[3] / "src"


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox", "--port", "0", "--control-port", "0", "--data-dir", str(data_dir)),
        env={**os.environ, "PYTHONPATH": str(_SOURCE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 10)
        yield process, json.loads(line) if line else {}
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_command_survives_kill_and_stops_on_a_signal(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with running(tmp_path) as (process, ready):
        assert ready["event"] == "sandbox.ready"
        for phone in ("15550001", "15550002"):
            await http.post(ready["control"] + "/accounts", json={"phone": phone, "name": phone})
        device = Device(http, ready["page"])
        await device.register()
        await http.post(ready["control"] + "/accounts/15550001/scan", json={"qr": device.qr})
        await device.restart_after_pairing()
        sent = await device.send_text("15550002@c.us", "answered, so kept")
        process.kill()
        await device.closed(1006)
    async with running(tmp_path) as (process, ready):
        device.move_to(ready["page"])
        await device.login()
        assert device.named("success")[0]["first_login"] is False
        async with http.get(ready["control"] + "/accounts/15550002/messages") as response:
            assert [message["id"] for message in (await response.json())["messages"]] == [sent]
        async with running(tmp_path) as (second, nothing):
            assert nothing == {}
            assert await asyncio.wait_for(second.wait(), 5) == 1
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
        await device.closed(4503)
