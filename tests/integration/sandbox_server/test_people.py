"""Contacts, blocking, privacy, LIDs, usernames and calls, as the server keeps them."""

import pytest

from .device import RequestError
from .world import World

ADA, BOB = "15550001", "15550002"


async def test_who_is_blocked_stays_at_one_tick_and_never_arrives(world: World) -> None:
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    await bob.ask(t="iq", op="block", jid=f"{ADA}@c.us")
    sent = await ada.send_text(f"{BOB}@c.us", "are you there?")
    await world.post(f"/accounts/{ADA}/typing", {"chat": BOB, "state": "composing"}, 200)
    assert await world.log(BOB, ADA) == []
    assert [(held["id"], held["ack"]) for held in await world.log(ADA, BOB)] == [(sent, 1)]
    assert (await world.get(f"/accounts/{BOB}/presence?of={ADA}"))["typing"] is None
    await bob.ask(t="iq", op="unblock", jid=f"{ADA}@c.us")
    after = await ada.send_text(f"{BOB}@c.us", "and now?")
    await bob.received(after)
    # What was sent meanwhile is gone for good.
    assert [held["body"] for held in await world.log(BOB, ADA)] == ["and now?"]
    assert bob.named("chatstate") == []


async def test_who_blocked_somebody_cannot_write_to_them(world: World) -> None:
    ada = await world.linked(ADA)
    await world.post(f"/accounts/{ADA}/block", {"person": BOB}, 200)
    with pytest.raises(RequestError) as refused:
        await ada.send_text(f"{BOB}@c.us", "x")
    assert refused.value.code == 405
    assert (await world.get(f"/accounts/{ADA}/blocklist"))["blocked"] == [BOB]


async def test_blocking_is_told_to_the_other_devices_once(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    for _ in range(2):
        await one.ask(t="iq", op="block", jid=f"{BOB}@c.us")
    await one.ask(t="iq", op="unblock", jid=f"{BOB}@c.us")
    await other.until(lambda: len(other.named("blocklist")) == 2)
    assert [frame["blocked"] for frame in other.named("blocklist")] == [True, False]
    assert (await one.ask(t="iq", op="blocklist"))["items"] == []


async def test_an_address_book_is_kept_and_told(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    saved = await one.ask(t="iq", op="contact_save", jid=f"{BOB}@c.us", first_name="Bob", last_name="Builder")
    assert saved["saved"] == {"first_name": "Bob", "last_name": "Builder"}
    await other.until(lambda: len(other.named("contact")) == 1)
    assert other.named("contact")[0]["contact"]["jid"] == f"{BOB}@c.us"
    [entry] = (await world.get(f"/accounts/{ADA}/contacts"))["contacts"]
    assert (entry["person"], entry["name"], entry["on_phone"]) == (BOB, "Bob Builder", True)
    await one.ask(t="iq", op="contact_remove", jid=f"{BOB}@c.us")
    with pytest.raises(RequestError) as refused:
        await one.ask(t="iq", op="contact_remove", jid=f"{BOB}@c.us")
    assert refused.value.code == 404


async def test_last_seen_is_shown_to_whom_it_may_be(world: World) -> None:
    ada = await world.linked(ADA)
    await world.post(f"/accounts/{BOB}/presence", {"state": "available"}, 200)
    await ada.send(t="presence_subscribe", jid=f"{BOB}@c.us")
    await ada.until(lambda: [frame["state"] for frame in ada.named("presence")] == ["available"])
    await world.post(f"/accounts/{BOB}/presence", {"state": "unavailable"}, 200)
    await ada.until(lambda: len(ada.named("presence")) == 2)
    assert ada.named("presence")[1]["last_seen"] > 0
    await world.patch(BOB, last_seen="contacts", last_seen_online="same")
    seen = await world.get(f"/accounts/{ADA}/presence?of={BOB}")
    assert (seen["last_seen_s"], seen["denied"]) == (None, True)
    await world.post(f"/accounts/{BOB}/contacts", {"person": ADA, "first_name": "Ada"})
    assert (await world.get(f"/accounts/{ADA}/presence?of={BOB}"))["last_seen_s"] > 0
    # Who hides their own sees nobody's.
    await world.patch(ADA, last_seen="none")
    assert (await world.get(f"/accounts/{ADA}/presence?of={BOB}"))["last_seen_s"] is None


async def test_pictures_and_about_are_shown_to_whom_they_may_be(world: World) -> None:
    ada = await world.linked(ADA)
    for op in ("picture",):
        with pytest.raises(RequestError) as none:
            await ada.ask(t="iq", op=op, jid=f"{BOB}@c.us")
        assert none.value.code == 404
    await world.patch(BOB, about="here", show_about="none", business={"description": "bread"})
    headers = {"Content-Type": "image/png"}
    async with world.http.put(
        f"{world.server.control_url}/accounts/{BOB}/picture", data=b"\x89PNG", headers=headers
    ) as response:
        assert response.status == 201
    picture = (await ada.ask(t="iq", op="picture", jid=f"{BOB}@c.us"))["id"]
    async with world.http.get(f"{world.server.page_url}/pp/{picture}") as response:
        assert await response.read() == b"\x89PNG"
    with pytest.raises(RequestError) as hidden:
        await ada.ask(t="iq", op="about", jid=f"{BOB}@c.us")
    assert hidden.value.code == 401
    assert (await ada.ask(t="iq", op="business", jid=f"{BOB}@c.us"))["business"] == {"description": "bread"}


async def test_who_has_moved_to_a_lid_is_told_of_by_it(world: World) -> None:
    ada = await world.linked(ADA)
    bob = await world.patch(BOB, addressing="lid", hide_phone=True, username="bob.b")
    first = (await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "hi"}))["id"]
    message = await ada.received(first)
    assert (message["chat"], message["from"], message["peer_pn"]) == (bob["lid"], bob["lid"], None)
    sent = await ada.send_text(bob["lid"], "hello")
    await ada.until(lambda: ada.receipts(sent) == ["delivered"])
    assert ada.named("receipt")[0]["chat"] == bob["lid"]
    found = await ada.ask(t="iq", op="username", username="@Bob.B")
    assert (found["exists"], found["lid"], found["pn"]) == (True, bob["lid"], None)
    # Who asks by the number knows it.
    assert (await ada.ask(t="iq", op="contact", jid=f"{BOB}@c.us"))["pn"] == f"{BOB}@c.us"
    assert [held["body"] for held in await world.log(ADA, BOB)] == ["hi", "hello"]


async def test_a_call_rings_everywhere_and_is_rejected_by_one(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    call = await world.post(f"/accounts/{BOB}/call", {"to": ADA, "video": True})
    for device in (one, other):
        await device.until(lambda device=device: len(device.named("call")) == 1)
    assert (one.named("call")[0]["event"], one.named("call")[0]["video"]) == ("offer", True)
    await one.ask(t="iq", op="call_reject", id=call["id"])
    await other.until(lambda: len(other.named("call")) == 2)
    assert other.named("call")[1]["event"] == "rejected"
    assert [each["state"] for each in (await world.get(f"/accounts/{BOB}/calls"))["calls"]] == ["rejected"]
    with pytest.raises(RequestError) as over:
        await other.ask(t="iq", op="call_reject", id=call["id"])
    assert over.value.code == 409


async def test_a_call_is_missed_taken_elsewhere_or_never_heard(world: World) -> None:
    ada = await world.linked(ADA)
    await world.post(f"/accounts/{BOB}/call", {"to": ADA, "ring_ms": 20})
    await ada.until(lambda: [frame["event"] for frame in ada.named("call")] == ["offer", "missed"])
    call = await world.post(f"/accounts/{BOB}/call", {"to": ADA})
    await world.post(f"/accounts/{ADA}/call/accept", {"id": call["id"]}, 200)
    await world.post(f"/accounts/{BOB}/call/end", {"id": call["id"]}, 200)
    await ada.until(lambda: [frame["event"] for frame in ada.named("call")][2:] == ["offer", "accepted", "ended"])
    await world.post(f"/accounts/{ADA}/block", {"person": BOB}, 200)
    await world.post(f"/accounts/{BOB}/call", {"to": ADA})
    assert len((await world.get(f"/accounts/{ADA}/calls"))["calls"]) == 2
    await ada.ask(t="ping")
    assert len(ada.named("call")) == 5
