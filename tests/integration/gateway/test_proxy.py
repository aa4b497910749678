"""A proxy per session, through the running gateway: what passes through it, and what is said when nothing does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import session_pb2, session_service_pb2
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from tests.proxies import HttpProxy, SmallProxy, Socks5Proxy, callers_of

from .conftest import ANA, BEN, serving
from .processes import Gateway, Sandbox, descendants, until

pytestmark = pytest.mark.timeout(300)

PASSWORD: Final = "proxy-password-Tieke-4711"
WRONG: Final = "proxy-password-Hihi-4711"
SESSION: Final = "/api/v1/sessions/ana"
NAME: Final = "whatsapp.localhost"
"""A site's name, which is secure to a browser, and which proxies get as it is."""


@asynccontextmanager
async def behind(home: Path, sandbox: Sandbox, **settings: str) -> AsyncIterator[Gateway]:
    site = sandbox.page.replace("127.0.0.1", NAME)
    settings = {"POMBO_PROXY_ALLOW_PRIVATE": "127.0.0.0/8", "POMBO_LOG_LEVEL": "debug", **settings}
    async with serving(home, sandbox, WHATSAPP_WEB_URL=site, **settings) as gateway:
        yield gateway


def given(proxy: SmallProxy, password: str | None = None) -> dict[str, Any]:
    named = {} if proxy.username is None else {"username": proxy.username, "password": password or proxy.password}
    return {"url": proxy.url, **named}


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.page.rstrip("/").rpartition(":")[2])


async def reason(gateway: Gateway, wanted: str) -> dict[str, Any]:
    async def told() -> dict[str, Any] | None:
        found: dict[str, Any] = await gateway.call("GET", SESSION)
        return found if found["status_reason"] == wanted else None

    return await until(told)


def command_lines(gateway: Gateway) -> str:
    lines = []
    for pid in (gateway.process.pid, *descendants(gateway.process.pid)):
        for part in ("cmdline", "environ"):
            try:
                lines.append(Path(f"/proc/{pid}/{part}").read_bytes().decode(errors="replace"))
            except OSError:
                continue  # ended meanwhile
    return "\n".join(lines)


async def arrived(sandbox: Sandbox, body: str) -> None:
    async def look() -> bool | None:
        return body in await sandbox.bodies(BEN, ANA) or None

    await until(look)


async def test_all_of_a_session_s_connections_pass_through_its_proxy(sandbox: Sandbox, tmp_path: Path) -> None:
    async with (
        HttpProxy.run("ana", PASSWORD) as http,
        Socks5Proxy.run("ben", PASSWORD) as socks,
        behind(tmp_path, sandbox) as gateway,
    ):
        told = [
            await gateway.call("POST", "/api/v1/sessions", {"id": "ana", "proxy": given(http)}),
            await gateway.call("GET", "/api/v1/sessions"),
        ]
        assert told[0]["proxy"] == {"url": http.url, "username": "ana", "has_password": True}
        await sandbox.scan(ANA, await gateway.qr("ana"))
        await gateway.status("ana", "WORKING")
        await gateway.send("ana", BEN, "by HTTP")
        await arrived(sandbox, "by HTTP")
        await sandbox.send(BEN, ANA, "back by HTTP")
        await gateway.received("back by HTTP")
        # The name is the proxy's to look up; the site's page and its WebSocket came this way, and nothing else did.
        assert {host for host, _ in http.passed} == {NAME}
        assert min(http.sent, http.received) > 1_000
        assert callers_of(port_of(sandbox)) <= http.ports
        assert callers_of(port_of(sandbox))

        # Another one, of another kind, with a password, which browsers can't give to SOCKS5. Nobody restarts anything.
        changed = await gateway.call("PATCH", SESSION, {"proxy": given(socks)})
        assert changed["proxy"] == {"url": socks.url, "username": "ben", "has_password": True}

        async def moved() -> bool | None:
            found = await gateway.call("GET", SESSION)
            return (found["status"] == "WORKING" and bool(socks.passed)) or None

        await until(moved)
        await http.stop()
        await gateway.send("ana", BEN, "by SOCKS5")
        await arrived(sandbox, "by SOCKS5")
        assert {host for host, _ in socks.passed} == {NAME}
        assert callers_of(port_of(sandbox)) <= http.ports | socks.ports
        lines = command_lines(gateway)
        assert "--proxy-server=socks5://127.0.0.1:" in lines
        told.append(await gateway.call("GET", f"{SESSION}/status"))
        told.append(await gateway.events())
        told.append(await gateway.call("GET", "/api/v1/audit-log"))
        async with gateway.http.get(f"{gateway.url}/metrics") as answer:
            told.append(await answer.text())
        for where in (json.dumps(told), lines, gateway.log.read_text()):
            assert PASSWORD not in where

        # None at all: directly again, over the other transport.
        async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
            request = session_service_pb2.UpdateSessionRequest(session=session_pb2.Session(id="ana"))
            request.update_mask.paths.append("proxy")
            answer = await SessionServiceStub(channel).UpdateSession(request, metadata=(("x-api-key", gateway.key),))
        assert not answer.session.HasField("proxy")

        async def past_it() -> bool | None:
            return bool(callers_of(port_of(sandbox)) - http.ports - socks.ports) or None

        await until(past_it)


async def test_without_its_proxy_a_session_reaches_nothing_and_comes_back_with_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Socks5Proxy.run() as proxy, behind(tmp_path, sandbox) as gateway:
        await proxy.stop()
        await gateway.call("POST", "/api/v1/sessions", {"id": "ana", "proxy": given(proxy)})
        found = await reason(gateway, "PROXY_UNREACHABLE")
        assert found["status"] == "STARTING"
        assert not callers_of(port_of(sandbox))
        await proxy.start()
        await sandbox.scan(ANA, await gateway.qr("ana"))
        await gateway.status("ana", "WORKING")

        # It goes away under a session that works: nothing gets past it, and what was accepted waits.
        await proxy.stop()
        found = await reason(gateway, "PROXY_UNREACHABLE")
        assert found["status"] == "DEGRADED"
        assert callers_of(port_of(sandbox)) <= proxy.ports
        await proxy.start()
        await gateway.status("ana", "WORKING")
        await gateway.send("ana", BEN, "back again")
        await arrived(sandbox, "back again")


@pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
async def test_a_wrong_password_is_said_to_be_one(sandbox: Sandbox, tmp_path: Path, kind: type[SmallProxy]) -> None:
    async with kind.run("ana", PASSWORD) as proxy, behind(tmp_path, sandbox) as gateway:
        await gateway.call("POST", "/api/v1/sessions", {"id": "ana", "proxy": given(proxy, WRONG)})
        found = await reason(gateway, "PROXY_REFUSED")
        assert "password" in found["status_detail"]
        assert (proxy.passed, callers_of(port_of(sandbox))) == ([], set())
        await gateway.call("PATCH", SESSION, {"proxy": given(proxy)})
        await gateway.status("ana", "SCAN_QR_CODE")
        told = json.dumps([await gateway.events(), await gateway.call("GET", f"{SESSION}/status/history")])
        for where in (told, command_lines(gateway), gateway.log.read_text()):
            assert PASSWORD not in where
            assert WRONG not in where
