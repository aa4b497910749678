"""`pombo demo` as a process: what `make run` shows."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.integration.cli.programs import KEY, all_gone, pombo, run
from tests.ports import free_port

SETTINGS = ("PORT", "GRPC_PORT", "POMBO_SANDBOX_PORT", "POMBO_SANDBOX_HTTPS_PORT", "POMBO_SANDBOX_CONTROL_PORT")
SIGN = "Scan this"


def environment(home: Path) -> dict[str, str]:
    ports = dict(zip(SETTINGS, (str(free_port()) for _ in SETTINGS), strict=True))
    return {"POMBO_DATA_DIR": str(home), **ports}


@pytest.mark.timeout(400)
async def test_the_main_job_is_shown_and_the_second_time_needs_no_qr(tmp_path: Path) -> None:
    settings = environment(tmp_path)
    code, output, errors = await run("demo", "--once", environment=settings, directory=tmp_path, seconds=150)
    assert code == 0, output + errors
    for shown in (SIGN, "receipt: DELIVERED", "receipt: READ", "message.received", "main job: ok", "API key", "/docs"):
        assert shown in output
    key = (tmp_path / "api-key").read_text().strip()
    assert key in output
    assert (tmp_path / "api-key").stat().st_mode & 0o077 == 0
    assert await all_gone(tmp_path) == []

    async with pombo("demo", environment=settings, directory=tmp_path) as again:
        output = await _until(again.process.stdout, "main job: ok")
        assert "no QR is needed" in output
        assert SIGN not in output
        began = time.monotonic()
        again.send(signal.SIGINT)
        assert await again.ended() == 0
        assert time.monotonic() - began < 10
        assert await all_gone(tmp_path) == []


@pytest.mark.timeout(120)
async def test_a_killed_demo_leaves_nothing(tmp_path: Path) -> None:
    async with pombo("demo", environment=environment(tmp_path) | {"API_KEY": KEY}, directory=tmp_path) as demo:
        await _until(demo.process.stdout, "starting the embedded")
        demo.send(signal.SIGKILL)
        await demo.ended()
    assert await all_gone(tmp_path) == []


@pytest.mark.parametrize("setting", ["GRPC_PORT", "POMBO_SANDBOX_CONTROL_PORT"])
async def test_a_port_in_use_names_its_setting(tmp_path: Path, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = environment(tmp_path) | {setting: str(taken.getsockname()[1])}
        code, _, errors = await run("demo", environment=settings, directory=tmp_path)
    assert code == 1
    assert f"with {setting}" in errors
    assert not (tmp_path / "gateway").exists()


@pytest.mark.timeout(120)
async def test_a_gateway_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    settings = environment(tmp_path) | {"DATABASE_URL": "postgresql://u@127.0.0.1:9/none?sslmode=nonsense"}
    code, _, errors = await run("demo", environment=settings, directory=tmp_path)
    assert code == 1
    assert "DATABASE_UNAVAILABLE" in errors
    assert "gateway.log" in errors
    assert await all_gone(tmp_path) == []


async def test_the_sandbox_alone(tmp_path: Path) -> None:
    arguments = (
        "sandbox",
        "--data-dir",
        str(tmp_path / "s"),
        "--port",
        "0",
        "--https-port",
        "0",
        "--control-port",
        "0",
    )
    async with pombo(*arguments, environment={}, directory=tmp_path) as sandbox:
        ready = await sandbox.until("sandbox.ready")
        assert all(ready[name].startswith("http") for name in ("page", "https", "control"))
        code, _, errors = await run(*arguments, environment={}, directory=tmp_path)
        assert (code, "SANDBOX_FAILED" in errors) == (1, True), errors
        sandbox.send(signal.SIGTERM)
        assert await sandbox.ended() == 0


async def _until(stream: asyncio.StreamReader | None, text: str) -> str:
    assert stream is not None
    output = ""
    async with asyncio.timeout(150):
        async for raw in stream:
            output += raw.decode()
            if text in output:
                return output
    raise AssertionError(f"it ended before it said {text!r}: {json.dumps(output)}")
