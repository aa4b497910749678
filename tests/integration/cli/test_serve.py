"""`pombo serve` as a process: starts, refuses, stops, and leaves nothing behind."""

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.migrator import migrate
from entrypoints.cli.client import GatewayClient, Target
from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig
from tests.integration.cli.programs import KEY, all_gone, pombo, run


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxServer]:
    async with SandboxServer(SandboxConfig(data_dir=tmp_path / "sandbox", port=0, control_port=0)) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def settings(home: Path, **more: str) -> dict[str, str]:
    return {"POMBO_DATA_DIR": str(home / "data"), "PORT": "0", "GRPC_PORT": "0", **more}


@pytest.mark.timeout(240)
async def test_the_life_of_a_gateway(sandbox: SandboxServer, home: Path) -> None:
    environment = settings(home, WHATSAPP_WEB_URL=sandbox.page_url, WEBHOOK_URL="https://hook.example/", POMBO_X="1")
    async with pombo("serve", environment=environment, directory=home) as first:
        ready = await first.until("gateway.ready")
        told = {line["event"]: line for line in first.lines}
        warnings = " ".join(line["text"] for line in first.lines if line["event"] == "gateway.warning")
        assert "WEBHOOK_URL" not in warnings
        assert told["gateway.webhook_secret"]["webhook_secret"].startswith("whsec_")
        assert "POMBO_X" in warnings
        key = told["gateway.api_key"]["api_key"]
        await _parts_answer(ready["rest"])
        await _session_shows_qr(ready["rest"], key)

        code, _, errors = await run("serve", environment=environment, directory=home)
        assert (code, "DATA_DIR_IN_USE" in errors) == (1, True), errors

        began = time.monotonic()
        first.send(signal.SIGTERM)
        assert await first.ended() == 0
        assert time.monotonic() - began < 10
        assert await all_gone(home) == []
        assert key not in await first.errors()

    async with pombo("serve", environment=environment, directory=home) as second:
        ready = await second.until("gateway.ready")
        assert not {"gateway.api_key", "gateway.webhook_secret"} & {line["event"] for line in second.lines}
        async with GatewayClient.open(Target(url=ready["rest"], api_key=key)) as client:
            assert (await client.call("GET", "/sessions/demo"))["id"] == "demo"
            await _until(client, _is("SCAN_QR_CODE"))
        second.send(signal.SIGKILL)
        assert await second.ended() == -signal.SIGKILL
        assert await all_gone(home) == []


@pytest.mark.timeout(120)
async def test_without_a_browser_it_serves_and_says_so(home: Path) -> None:
    environment = settings(home, API_KEY=KEY, BROWSER_PATH=str(home / "none"), WHATSAPP_WEB_URL="http://127.0.0.1:9")
    async with pombo("serve", environment=environment, directory=home) as gateway:
        ready = await gateway.until("gateway.ready")
        assert any("BROWSER_PATH" in line["text"] for line in gateway.lines if line["event"] == "gateway.warning")
        async with GatewayClient.open(Target(url=ready["rest"], api_key=KEY)) as client:
            await client.call("POST", "/sessions", body={"id": "demo"})
            session = await _until(client, _is("FAILED"))
            assert session["status_reason"] == "BROWSER_MISSING"
        async with aiohttp.ClientSession() as http, http.get(f"{ready['rest']}/health/ready") as answer:
            assert answer.status == 503
        gateway.send(signal.SIGINT)
        assert await gateway.ended() == 0
    assert await all_gone(home) == []


@pytest.mark.timeout(120)
async def test_a_browser_that_does_not_start_is_told_with_its_own_words(home: Path) -> None:
    browser = home / "chromium"
    browser.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Chromium 150.0.0.0" && exit\necho "no libfoo.so.1" >&2\nexit 127\n'
    )
    browser.chmod(0o755)
    environment = settings(home, API_KEY=KEY, BROWSER_PATH=str(browser), WHATSAPP_WEB_URL="http://127.0.0.1:9")
    async with pombo("serve", environment=environment, directory=home) as gateway:
        ready = await gateway.until("gateway.ready")
        async with GatewayClient.open(Target(url=ready["rest"], api_key=KEY)) as client:
            await client.call("POST", "/sessions", body={"id": "demo"})
            session = await _until(client, lambda session: session["status_reason"] == "BROWSER_CRASHED")
        assert session["status"] == "STARTING"
        assert "no libfoo.so.1" in str(session["status_detail"])
        assert "pombo doctor" in str(session["status_detail"])
        gateway.send(signal.SIGTERM)
        assert await gateway.ended() == 0
    code, output, _ = await run("doctor", environment=environment, directory=home)
    assert code != 0
    assert "no libfoo.so.1" in output
    assert await all_gone(home) == []


async def test_a_database_that_a_newer_version_has_migrated(home: Path, blank_database_url: str) -> None:
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO pombo.migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')"
            )
    environment = settings(home, DATABASE_URL=blank_database_url, WHATSAPP_WEB_URL="http://127.0.0.1:9")
    code, _, errors = await run("serve", environment=environment, directory=home)
    assert (code, "DATABASE_NEWER" in errors) == (1, True), errors
    assert "Traceback" not in errors
    assert "Run that version, or restore a backup" in errors
    assert await all_gone(home) == []


async def test_a_stop_while_it_starts(home: Path) -> None:
    async with pombo("serve", environment=settings(home, API_KEY=KEY), directory=home) as gateway:
        await gateway.until("gateway.step")
        gateway.send(signal.SIGTERM)
        assert await gateway.ended() == 0
    assert await all_gone(home) == []


@pytest.mark.parametrize("setting", ["PORT", "GRPC_PORT"])
async def test_a_port_in_use(home: Path, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = settings(home) | {setting: str(taken.getsockname()[1])}
        code, _, errors = await run("serve", environment=environment, directory=home)
    assert code == 1
    assert "PORT_IN_USE" in errors
    assert setting in errors
    assert not (home / "data").exists()


async def test_a_data_directory_that_is_not_ours(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "thesis.tex").write_text("mine")
    code, _, errors = await run("serve", environment=settings(home), directory=home)
    assert (code, "DATA_DIR_FOREIGN" in errors) == (1, True), errors
    assert [entry.name for entry in (home / "data").iterdir()] == ["thesis.tex"]


async def test_bad_settings(home: Path) -> None:
    environment = settings(home, API_KEY="too-short", REDIS_URL="nonsense", POMBO_ROLE="boss", POMBO_PROBE_SECONDS="0")
    code, output, errors = await run("serve", environment=environment, directory=home)
    assert code == 2
    assert errors.count("error: ") == 4
    for name in ("API_KEY", "REDIS_URL", "POMBO_ROLE", "POMBO_PROBE_SECONDS"):
        assert f"error: {name}: " in errors
    assert "too-short" not in errors + output
    assert "Traceback" not in errors


async def test_a_database_that_does_not_answer(home: Path) -> None:
    url = "postgresql://user:hidden-password@127.0.0.1:9/none?sslmode=nonsense"
    environment = settings(home, DATABASE_URL=url, WHATSAPP_WEB_URL="http://127.0.0.1:9")
    code, _, errors = await run("serve", environment=environment, directory=home)
    assert (code, "DATABASE_UNAVAILABLE" in errors) == (1, True), errors
    assert "hidden-password" not in errors
    assert await all_gone(home) == []


@pytest.fixture
def nobody_known() -> tuple[str, ...]:
    """Starts a program as a user id without a passwd entry, to whom our files belong: in a user namespace."""
    through = ("unshare", "--user", "--map-user=61234", "--map-group=61234", "--")
    if subprocess.run((*through, "true"), check=False, capture_output=True).returncode != 0:
        pytest.skip("no user namespaces on this machine")
    return through


async def test_a_user_without_a_passwd_entry(home: Path, nobody_known: tuple[str, ...]) -> None:
    code, _, errors = await run("serve", environment=settings(home), directory=home, through=nobody_known)
    assert (code, "EMBEDDED_POSTGRES_UID" in errors) == (1, True), errors
    assert "DATABASE_URL" in errors
    assert await all_gone(home) == []


async def _parts_answer(rest: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{rest}/health/ready") as answer:
        assert answer.status == 200
        text = await answer.text()
        for part in ("postgres", "redis", "browser"):
            assert part in text


async def _session_shows_qr(rest: str, key: str) -> None:
    async with GatewayClient.open(Target(url=rest, api_key=key)) as client:
        await client.call("POST", "/sessions", body={"id": "demo"})
        await _until(client, _is("SCAN_QR_CODE"))


type Session = dict[str, object]


def _is(status: str) -> Callable[[Session], bool]:
    return lambda session: session["status"] == status


async def _until(client: GatewayClient, condition: Callable[[Session], bool]) -> Session:
    async with asyncio.timeout(60), client.stream(params={"session_id": "demo"}) as events:
        session: Session = await client.call("GET", "/sessions/demo")
        while not condition(session):
            await anext(aiter(events))
            session = await client.call("GET", "/sessions/demo")
        return session


@pytest.mark.parametrize("setting", ["POMBO_WAJS_PATH", "POMBO_WAJS_CANARY_PATH"])
async def test_a_wajs_that_is_none(home: Path, setting: str) -> None:
    (home / "other.js").write_text("self.jQuery = {}")
    code, _, errors = await run("serve", environment=settings(home) | {setting: str(home / "other.js")}, directory=home)
    assert code == 2
    assert f"{setting}: " in errors
    assert "isn't wa-js" in errors
    assert await all_gone(home) == []
