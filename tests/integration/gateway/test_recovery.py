"""Sessions whose pages go wrong, through the gateway's own API, with a real browser and the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

CARLA = "15550100300"


@pytest.fixture
async def gateway(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path / "data", sandbox, {"POMBO_PROBE_SECONDS": "1"})
    try:
        await gateway.start()
        yield gateway
    finally:
        await gateway.close()


async def link(gateway: Gateway, sandbox: Sandbox) -> None:
    """Links, and waits until the browser of the fresh link has been started once more: faults hit open pages."""
    await gateway.link("ana", sandbox, ANA)

    async def settled() -> bool | None:
        if b"fresh_login_saved" not in gateway.log.read_bytes():
            return None
        devices = (await sandbox.call("GET", f"/accounts/{ANA}/devices"))["devices"]
        return any(device["connected"] for device in devices) or None

    await until(settled)
    await gateway.status("ana", "WORKING")


async def fault(sandbox: Sandbox, kind: str, phone: str, **more: Any) -> None:
    await sandbox.call("POST", "/faults", {"kind": kind, "account": phone, **more})


async def test_a_page_that_goes_elsewhere_comes_back_and_nothing_is_lost(gateway: Gateway, sandbox: Sandbox) -> None:
    await link(gateway, sandbox)
    await gateway.send("ana", BEN, "before it went")
    await fault(sandbox, "navigate_page", ANA)
    await sandbox.send(BEN, ANA, "while it was elsewhere")
    message = await gateway.send("ana", BEN, "from elsewhere")
    await gateway.received("while it was elsewhere")

    async def sent() -> bool | None:
        found = await gateway.call("GET", f"/api/v1/messages/{message['id']}")
        return found["status"] in {"SENT", "DELIVERED", "READ"} or None

    await until(sent)
    assert await sandbox.bodies(BEN, ANA) == ["before it went", "from elsewhere"]

    async def told() -> bool | None:
        """That it was away, by whatever way that was found, and that it is back."""
        listed = await gateway.call("GET", "/api/v1/sessions/ana/status/history")
        statuses = [change["status"] for change in listed["items"]]
        return (statuses[0] == "WORKING" and statuses.count("WORKING") > 1) or None

    await until(told)


async def test_another_browser_takes_over_and_is_taken_over(gateway: Gateway, sandbox: Sandbox) -> None:
    await link(gateway, sandbox)
    await fault(sandbox, "conflict", ANA)
    degraded = await gateway.status("ana", "DEGRADED")
    assert degraded["status_reason"] == "CONFLICT"
    await gateway.call("POST", "/api/v1/sessions/ana/takeover")
    await gateway.status("ana", "WORKING")
    await gateway.send("ana", BEN, "here again")
    assert await sandbox.bodies(BEN, ANA) == ["here again"]


async def test_a_ban_and_a_passkey_are_called_what_they_are(gateway: Gateway, sandbox: Sandbox) -> None:
    await link(gateway, sandbox)
    await fault(sandbox, "ban", ANA)
    ended = await gateway.status("ana", "LOGGED_OUT")
    assert (ended["status_reason"], ended["me"]) == ("BANNED", None)

    await sandbox.account(CARLA)
    await fault(sandbox, "passkey", CARLA, count=1)
    await gateway.call("POST", "/api/v1/sessions", {"id": "carla"})
    qr = await gateway.qr("carla")
    with pytest.raises(AssertionError, match="PASSKEY_REQUIRED"):
        await sandbox.scan(CARLA, qr)
    demanded = await gateway.status("carla", "PASSKEY_REQUIRED")
    assert demanded["status_reason"] == "PASSKEY_DEMANDED"
    await gateway.call("GET", "/api/v1/sessions/carla/qr", status=409)
    # The way out: another try.
    await gateway.call("POST", "/api/v1/sessions/carla/restart")
    qr = await gateway.qr("carla")
    await sandbox.scan(CARLA, qr)
    await gateway.status("carla", "WORKING")
