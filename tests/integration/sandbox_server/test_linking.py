import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .device import Device, RequestError, b64
from .world import World


async def test_links_by_qr_and_logs_in_again(world: World) -> None:
    device = world.device()
    refs = await device.register()
    assert [ref["ttl_ms"] for ref in refs] == [60_000] + [20_000] * 5
    linked = await world.post("/accounts/+15550001/scan", {"qr": device.qr})
    assert (linked["device"], linked["jid"]) == (1, "15550001:1@c.us")
    await device.restart_after_pairing()
    success = device.named("success")[0]
    assert (success["jid"], success["name"], success["first_login"]) == ("15550001:1@c.us", "Ada", True)
    assert success["lid"] == (await world.get("/accounts/15550001"))["lid"]
    assert [frame["t"] for frame in device.frames] == ["success", "history", "offline_start", "offline_done"]
    await device.close()
    await device.login()
    assert [frame["t"] for frame in device.frames] == ["success", "offline_start", "offline_done"]
    assert device.named("success")[0]["first_login"] is False
    devices = (await world.get("/accounts/15550001/devices"))["devices"]
    assert [(each["device"], each["connected"]) for each in devices] == [(1, True)]


async def test_a_fifth_part_of_the_qr_is_ignored(world: World) -> None:
    device = world.device()
    await device.register()
    await world.post("/accounts/15550001/scan", {"qr": device.qr + ",1"})


async def test_links_by_pairing_code(world: World) -> None:
    device = world.device()
    await device.register()
    shown = {"t": "pairing_code", "phone": "15550001", "code": "ABCD2345", "adv_secret": b64(device.adv_secret)}
    answer = await device.ask(**shown)
    assert answer["expires_at_ms"] > 0
    linked = await world.post("/accounts/15550001/pairing-code", {"code": "abcd-2345"})
    assert linked["device"] == 1
    await device.restart_after_pairing()
    status, error = await world.call("POST", "/accounts/15550001/pairing-code", {"code": "ABCD2345"})
    assert (status, error["error"]["code"]) == (410, "CODE_EXPIRED")


async def test_pairing_code_errors(world: World) -> None:
    device = world.device()
    await device.register()
    shown = {"t": "pairing_code", "phone": "15550001", "code": "ABCD2345", "adv_secret": b64(device.adv_secret)}
    with pytest.raises(RequestError, match=r"^404"):
        await device.ask(**{**shown, "phone": "15559999"})
    with pytest.raises(RequestError, match=r"^400"):
        await device.ask(**{**shown, "code": "ABCD234O"})
    for _ in range(3):
        await device.ask(**shown)
    with pytest.raises(RequestError, match=r"^429"):
        await device.ask(**shown)
    assert (await world.call("POST", "/accounts/15550002/pairing-code", {"code": "ABCD2345"}))[0] == 404
    assert (await world.call("POST", "/accounts/15550001/pairing-code", {"code": "A"}))[0] == 400


@pytest.mark.parametrize("linked", [False, True])
async def test_wrong_proof_is_refused(world: World, *, linked: bool) -> None:
    device = await world.linked("15550001") if linked else world.device()
    await device.close()
    if linked:
        await device.login(proof=b64(b"x" * 32))
    else:
        await device.register(proof=b64(b"x" * 32))
    await device.closed(4401)
    assert device.named("failure")[0]["reason"] == 401


async def test_another_key_is_not_the_device(world: World) -> None:
    device = await world.linked("15550001")
    thief = world.device()
    thief.jid = device.jid
    await thief.login()
    await thief.closed(4401)
    assert device.close_code is None


async def test_low_order_key_is_refused(world: World) -> None:
    device = world.device()
    device.noise_pub = bytes(32)
    await device.register()
    await device.closed(4401)


async def test_unknown_malformed_and_mismatched_qr(world: World) -> None:
    device = world.device()
    await device.register()
    parts = device.qr.split(",")
    expected = {
        "": 400,
        "nonsense": 400,
        ",".join(["2@unknown", *parts[1:]]): 404,
        ",".join([*parts[:3], "c2hvcnQ="]): 400,
        ",".join([parts[0], b64(b"k" * 32), *parts[2:]]): 400,
    }
    for qr, status in expected.items():
        assert (await world.call("POST", "/accounts/15550001/scan", {"qr": qr}))[0] == status
    assert (await world.call("POST", "/accounts/15559999/scan", {"qr": device.qr}))[0] == 404
    assert (await world.call("POST", "/accounts/15550001/scan", {"qr": 7}))[0] == 400


async def test_references_expire_by_the_servers_clock(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config(qr_first_ms=40, qr_next_ms=40, qr_refs=2)) as server:
        world = World(http, server)
        await world.account("15550001", "Ada")
        device = world.device()
        await device.register()
        first, second = device.qr, device.qr_of(1)
        await device.until(lambda: bool(device.named("refs_ended")))
        for qr in (first, second):
            status, error = await world.call("POST", "/accounts/15550001/scan", {"qr": qr})
            assert (status, error["error"]["code"]) == (410, "QR_EXPIRED")
        device.refs = (await device.ask(t="refresh_refs"))["refs"]
        assert len(device.refs) == 2
        await world.post("/accounts/15550001/scan", {"qr": device.qr})
        await world.close()


async def test_a_device_that_left_has_expired_references(world: World) -> None:
    device = world.device()
    await device.register()
    await device.close()
    assert (await world.call("POST", "/accounts/15550001/scan", {"qr": device.qr}))[0] == 410


async def test_unacknowledged_pairing_leaves_no_device(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config(pair_ack_ms=60)) as server:
        world = World(http, server)
        await world.account("15550001", "Ada")
        device = world.device()
        device.pair_ack = False
        await device.register()
        status, error = await world.call("POST", "/accounts/15550001/scan", {"qr": device.qr})
        assert (status, error["error"]["code"]) == (504, "PAGE_NO_ANSWER")
        await device.closed(4401)
        assert (await world.get("/accounts/15550001/devices"))["devices"] == []
        await device.login()
        await device.closed(4401)
        device.pair_ack = True
        await device.register()
        linked = await world.post("/accounts/15550001/scan", {"qr": device.qr})
        assert linked["device"] == 2, "a number that was offered is spent"
        await world.close()


async def test_page_that_leaves_while_pairing(world: World) -> None:
    device = world.device()
    device.pair_ack = False
    await device.register()
    scan = asyncio.create_task(world.call("POST", "/accounts/15550001/scan", {"qr": device.qr}))
    await device.until(lambda: bool(device.named("pair_success")))
    assert (await world.call("POST", "/accounts/15550002/scan", {"qr": device.qr}))[0] == 409
    await device.close()
    assert (await scan)[0] == 504


async def test_four_devices_and_numbers_are_never_reused(world: World) -> None:
    devices = [await world.linked("15550001") for _ in range(4)]
    assert [device.number for device in devices] == [1, 2, 3, 4]
    fifth = world.device()
    await fifth.register()
    status, error = await world.call("POST", "/accounts/15550001/scan", {"qr": fifth.qr})
    assert (status, error["error"]["code"]) == (409, "TOO_MANY_DEVICES")
    assert (await world.call("DELETE", "/accounts/15550001/devices/4"))[0] == 200
    await world.post("/accounts/15550001/scan", {"qr": fifth.qr})
    await fifth.until(lambda: fifth.number is not None)
    assert fifth.number == 5


async def test_pairings_under_way_count_as_devices(world: World) -> None:
    for _ in range(3):
        await world.linked("15550001")
    fourth, fifth = world.device(), world.device()
    for device in (fourth, fifth):
        device.pair_ack = False
        await device.register()
    scan = asyncio.create_task(world.call("POST", "/accounts/15550001/scan", {"qr": fourth.qr}))
    await fourth.until(lambda: bool(fourth.named("pair_success")))
    async with asyncio.timeout(5):
        status, error = await world.call("POST", "/accounts/15550001/scan", {"qr": fifth.qr})
    assert (status, error["error"]["code"]) == (409, "TOO_MANY_DEVICES")
    await fourth.close()
    assert (await scan)[0] == 504


async def test_unlink_logs_the_device_out(world: World) -> None:
    device = await world.linked("15550001")
    assert (await world.call("DELETE", "/accounts/15550001/devices/1"))[0] == 200
    await device.closed(4401)
    assert device.named("failure")[0]["reason"] == 401
    await device.login()
    await device.closed(4401)
    for number in ("1", "99999999999", "x"):
        assert (await world.call("DELETE", f"/accounts/15550001/devices/{number}"))[0] == 404


async def test_logout_removes_the_device(world: World) -> None:
    device = await world.linked("15550001")
    await device.ask(t="iq", op="logout")
    await device.closed(4401)
    assert (await world.get("/accounts/15550001/devices"))["devices"] == []


async def test_a_key_that_is_linked_anew_replaces_its_link(world: World) -> None:
    device: Device = await world.linked("15550001")
    await device.close()
    await device.register()
    await world.post("/accounts/15550002/scan", {"qr": device.qr})
    await device.restart_after_pairing()
    assert device.jid == "15550002:1@c.us"
    assert (await world.get("/accounts/15550001/devices"))["devices"] == []


async def test_second_login_takes_over(world: World) -> None:
    device = await world.linked("15550001")
    twin = world.device()
    twin.noise, twin.noise_pub, twin.jid = device.noise, device.noise_pub, device.jid
    await twin.login()
    await device.closed(4440)
    assert device.named("conflict")
    await world.post("/accounts/15550002/send", {"to": "15550001", "text": "hi"})
    await twin.until(lambda: twin.copies == 1)


async def test_offline_phone_can_not_scan(world: World) -> None:
    device = world.device()
    await device.register()
    await world.patch("15550001", online=False)
    status, error = await world.call("POST", "/accounts/15550001/scan", {"qr": device.qr})
    assert (status, error["error"]["code"]) == (409, "PHONE_OFFLINE")
