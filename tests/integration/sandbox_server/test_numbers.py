"""Somebody changes their number: what the account keeps, and who is told of it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .device import RequestError
from .world import World

ADA, BOB, NEW, CY = "15550001", "15550002", "15550009", "15550003"


async def change(world: World, phone: str = ADA, new: str = NEW, status: int = 200) -> dict[str, object]:
    answer: dict[str, object] = await world.post(f"/accounts/{phone}/number", {"phone": new}, status)
    return answer


async def test_the_account_goes_on_under_the_new_number(world: World) -> None:
    before = await world.get(f"/accounts/{ADA}")
    await world.post(f"/accounts/{ADA}/send", {"to": BOB, "text": "hello"})
    now = await change(world)
    assert (now["phone"], now["jid"], now["lid"]) == (NEW, f"{NEW}@c.us", before["lid"])
    assert now["former"] == [ADA]
    status, refused = await world.call("GET", f"/accounts/{ADA}")
    assert (status, refused["error"]["code"]) == (404, "ACCOUNT_NOT_FOUND")
    assert [each["body"] for each in await world.log(NEW, BOB)] == ["hello"]
    # A number that was given up is anybody's, and back again.
    await world.account(ADA, "Another Ada")
    assert (await change(world, NEW, ADA, 409))["error"]["code"] == "ACCOUNT_EXISTS"  # type: ignore[index]


async def test_a_partner_reads_of_it_in_the_chat_with_the_new_number(world: World) -> None:
    bob = await world.linked(BOB)
    await world.post(f"/accounts/{ADA}/send", {"to": BOB, "text": "hello"})
    await bob.until(lambda: len(bob.named("message")) == 1)
    await change(world)
    await bob.until(lambda: len(bob.named("message")) == 2)
    told = bob.named("message")[1]["msg"]
    assert (told["chat"], told["from_me"]) == (f"{NEW}@c.us", False)
    assert told["content"] == {
        "type": "notification_template",
        "subtype": "change_number",
        "templateParams": [f"{ADA}@c.us", f"{NEW}@c.us"],
    }
    # It waits for no receipt, and what was unread of the old number may be read by that.
    seen = bob.named("message")[0]["msg"]
    await bob.ask(t="receipt", kind="read", chat=f"{ADA}@c.us", participant=None, ids=[seen["id"]])
    assert [each["ack"] for each in await world.log(NEW, BOB)] == [3]
    chats = (await world.get(f"/accounts/{BOB}/chats"))["chats"]
    assert [(each["chat"], each["unread"]) for each in chats] == [(f"{NEW}@c.us", 0)]
    [exists] = (await bob.ask(t="iq", op="exists", phones=[ADA]))["items"]
    assert exists["exists"] is False
    with pytest.raises(RequestError) as refused:
        await bob.send_text(f"{ADA}@c.us", "are you there?")
    assert refused.value.code == 404
    # Typing gets no answer: it must not end the connection.
    await bob.send(t="chatstate", to=f"{ADA}@c.us", state="composing")
    await bob.send_text(f"{NEW}@c.us", "there you are")


async def test_who_has_saved_the_person_has_the_new_number_in_the_address_book(world: World) -> None:
    bob = await world.linked(BOB)
    await world.post(f"/accounts/{BOB}/contacts", {"person": ADA, "first_name": "Ada"})
    await bob.until(lambda: len(bob.named("contact")) == 1)
    await change(world)
    await bob.until(lambda: len(bob.named("contact")) == 3)
    told = [frame["contact"] for frame in bob.named("contact")[1:]]
    assert [(each["jid"], each["saved"] is not None) for each in told] == [
        (f"{NEW}@c.us", True),
        (f"{ADA}@c.us", False),
    ]
    assert bob.named("message") == []
    [entry] = (await world.get(f"/accounts/{BOB}/contacts"))["contacts"]
    assert entry["person"] == NEW


async def test_nobody_who_is_blocked_hears_of_it(world: World) -> None:
    bob = await world.linked(BOB)
    await world.account(CY, "Cy")
    cy = await world.linked(CY)
    for other in (BOB, CY):
        await world.post(f"/accounts/{ADA}/send", {"to": other, "text": "hello"})
    await world.post(f"/accounts/{ADA}/block", {"person": CY}, 200)
    await bob.ask(t="iq", op="block", jid=f"{ADA}@c.us")
    await change(world)
    # Whom Bob has blocked is blocked under the new number.
    await bob.until(lambda: len(bob.named("blocklist")) == 2)
    assert [(each["jid"], each["blocked"]) for each in bob.named("blocklist")] == [
        (f"{ADA}@c.us", False),
        (f"{NEW}@c.us", True),
    ]
    assert (await world.get(f"/accounts/{NEW}/blocklist"))["blocked"] == [CY]
    await cy.ask(t="ping")
    assert [len(await world.log(each, NEW)) for each in (BOB, CY)] == [1, 1]


async def test_a_group_that_tells_of_its_members_by_number_is_told(world: World) -> None:
    bob = await world.linked(BOB)
    made = await world.post(
        f"/accounts/{ADA}/groups", {"subject": "Trip", "participants": [BOB], "addressing": "phone"}
    )
    group = made["group"]["id"]
    await bob.until(lambda: len(bob.named("group")) == 1)
    await change(world)
    await bob.until(lambda: len(bob.named("group")) == 2)
    told = bob.named("group")[-1]
    assert told["action"]["type"] == "modify"
    assert (told["msg"]["participant"], told["msg"]["content"]["recipients"]) == (f"{ADA}@c.us", [f"{NEW}@c.us"])
    shown = (await bob.ask(t="iq", op="group_get", group=group))["group"]
    assert [(each["jid"], each["role"]) for each in shown["participants"]] == [
        (f"{NEW}@c.us", "superadmin"),
        (f"{BOB}@c.us", "member"),
    ]
    await world.post(f"/accounts/{NEW}/send", {"to": group, "text": "still here"})


@pytest.mark.parametrize("phone", ["", "12", 5, None, f"{NEW}@c.us"])
async def test_what_is_no_number_is_refused(world: World, phone: object) -> None:
    status, refused = await world.call("POST", f"/accounts/{ADA}/number", {"phone": phone})
    assert (status, refused["error"]["code"]) == (400, "INVALID_PHONE")


async def test_what_cannot_change_is_refused_whole(world: World) -> None:
    assert (await change(world, ADA, BOB, 409))["error"]["code"] == "ACCOUNT_EXISTS"  # type: ignore[index]
    assert (await change(world, ADA, ADA, 409))["error"]["code"] == "ACCOUNT_EXISTS"  # type: ignore[index]
    await world.linked(ADA)
    assert (await change(world, status=409))["error"]["code"] == "ACCOUNT_LINKED"  # type: ignore[index]
    await world.patch(BOB, online=False)
    assert (await change(world, BOB, NEW, 409))["error"]["code"] == "PHONE_OFFLINE"  # type: ignore[index]
    assert (await world.get(f"/accounts/{ADA}"))["former"] == []


async def test_no_device_sends_such_a_notice(world: World) -> None:
    bob = await world.linked(BOB)
    content = {"type": "notification_template", "subtype": "change_number", "templateParams": [f"{BOB}@c.us", "1@c.us"]}
    with pytest.raises(RequestError) as refused:
        await bob.ask(t="message", id="X1", to=f"{ADA}@c.us", content=content)
    assert refused.value.code == 400


async def test_nothing_is_left_under_the_old_number(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with SandboxServer(config()) as server:
        world = World(http, server)
        for phone, name in ((ADA, "Ada"), (BOB, "Bob")):
            await world.account(phone, name)
        await world.patch(BOB, online=False)
        sent = await world.post(f"/accounts/{ADA}/send", {"to": BOB, "text": "hello"})
        await world.patch(BOB, online=True)
        await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "yes?"})
        await world.post(f"/accounts/{ADA}/star", {"id": sent["id"]}, 200)
        await world.post(f"/accounts/{ADA}/chat", {"chat": BOB, "archived": True}, 200)
        await world.post(f"/accounts/{BOB}/chat", {"chat": ADA, "archived": True}, 200)
        for owner, person in ((ADA, BOB), (BOB, ADA)):
            await world.post(f"/accounts/{owner}/contacts", {"person": person, "first_name": "X"})
            await world.post(f"/accounts/{owner}/block", {"person": person}, 200)
        await world.post(f"/accounts/{ADA}/groups", {"subject": "Trip", "participants": [BOB], "addressing": "phone"})
        await change(world)
    tables = sqlite3.connect(tmp_path / "sandbox" / "sandbox.sqlite3")
    names = [row[0] for row in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    # What was written stays as it was written, and the account remembers.
    text = {
        (name, column): " ".join(str(row[0]) for row in tables.execute(f"SELECT {column} FROM {name}"))  # noqa: S608 - names of its own
        for name in names
        for column in [row[1] for row in tables.execute(f"PRAGMA table_info({name})")]
    }
    tables.close()
    assert {where for where, held in text.items() if ADA in held} <= {("messages", "content"), ("accounts", "profile")}
    async with SandboxServer(config()) as server:
        world = World(http, server)
        chats = (await world.get(f"/accounts/{BOB}/chats"))["chats"]
        assert f"{NEW}@c.us" in [each["chat"] for each in chats]
