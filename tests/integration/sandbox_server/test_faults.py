import asyncio

import pytest

from .device import RequestError
from .world import World


async def test_drop_socket_once(world: World) -> None:
    ada = await world.linked("15550001")
    fault = await world.post("/faults", {"kind": "drop_socket", "account": "15550001"})
    assert fault["affected"] == 1
    await ada.closed(1006)
    await ada.login()
    assert ada.close_code is None


async def test_drop_socket_refuses_for_a_while(world: World) -> None:
    ada = await world.linked("15550001")
    await world.post("/faults", {"kind": "drop_socket", "account": "15550001", "duration_ms": 60_000})
    await ada.closed(1006)
    await ada.login()
    await ada.closed(1006)
    assert await world.call("DELETE", "/faults") == (200, {"cleared": 1})
    await ada.login()
    assert ada.close_code is None


async def test_conflict(world: World) -> None:
    ada, other = await world.linked("15550001"), await world.linked("15550001")
    await world.post("/faults", {"kind": "conflict", "account": "15550001", "device": 1})
    await ada.closed(4440)
    assert ada.named("conflict")
    assert other.close_code is None


async def test_slow_sync(world: World) -> None:
    ada = await world.linked("15550001")
    await ada.close()
    await world.post("/faults", {"kind": "slow_sync", "ms": 100})
    started = asyncio.get_running_loop().time()
    await ada.login()
    assert asyncio.get_running_loop().time() - started >= 0.1


async def test_lost_ack_then_the_same_id_again(world: World) -> None:
    ada, bob = await world.linked("15550001"), await world.linked("15550002")
    await world.post("/faults", {"kind": "lose_acks", "count": 1})
    with pytest.raises(TimeoutError):
        await ada.send_text("15550002@c.us", "x", message_id="3EB0AB", deadline=0.1)
    await bob.received("3EB0AB")
    await ada.send_text("15550002@c.us", "x", message_id="3EB0AB")
    await ada.send_text("15550002@c.us", "y")
    await bob.until(lambda: bob.copies == 2)
    assert (await world.get("/faults"))["faults"] == []


async def test_reach_out_time_lock(world: World) -> None:
    ada = await world.linked("15550001")
    await world.post("/faults", {"kind": "restrict_463", "account": "15550001"})
    with pytest.raises(RequestError) as caught:
        await ada.send_text("15550002@c.us", "x")
    assert caught.value.code == 463
    assert await world.log("15550002", "15550001") == []
    await world.post("/accounts/15550002/send", {"to": "15550001", "text": "write to me"})
    await ada.send_text("15550002@c.us", "x")


async def test_new_chat_cap(world: World) -> None:
    await world.account("15550003", "Cy")
    ada = await world.linked("15550001")
    await world.post("/faults", {"kind": "cap_475", "account": "15550001", "limit": 1})
    await ada.send_text("15550002@c.us", "first new chat")
    with pytest.raises(RequestError) as caught:
        await ada.send_text("15550003@c.us", "second")
    assert caught.value.code == 475
    await ada.send_text("15550002@c.us", "goes on")


async def test_ban(world: World) -> None:
    ada = await world.linked("15550001")
    await world.post("/faults", {"kind": "ban", "account": "15550001"})
    await ada.closed(4401)
    assert ada.named("failure")[0]["reason"] == 403
    await ada.login()
    await ada.closed(4401)
    assert ada.named("failure")[0]["reason"] == 403
    new = world.device()
    await new.register()
    assert (await world.call("POST", "/accounts/15550001/scan", {"qr": new.qr}))[0] == 403


async def test_end_refs(world: World) -> None:
    device = world.device()
    await device.register()
    assert (await world.post("/faults", {"kind": "end_refs"}))["affected"] == 1
    await device.until(lambda: bool(device.named("refs_ended")))
    assert (await world.call("POST", "/accounts/15550001/scan", {"qr": device.qr}))[0] == 410
    device.refs = (await device.ask(t="refresh_refs"))["refs"]
    await world.post("/accounts/15550001/scan", {"qr": device.qr})
