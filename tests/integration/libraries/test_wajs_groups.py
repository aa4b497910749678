"""What wa-js does with groups, unmodified, and what others see of it on their phones."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from .conftest import WaJsFactory
from .sandbox import Account, Sandbox, eventually
from .wajs import WaJsPage

# A picture of one pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@pytest.fixture
def people(sandbox: Sandbox) -> tuple[Account, Account, Account]:
    return sandbox.account("Ann"), sandbox.account("Bob"), sandbox.account("Cyd")


@pytest.fixture
async def page(wa_js: WaJsFactory, people: tuple[Account, ...]) -> AsyncIterator[WaJsPage]:
    async with wa_js() as page:
        await page.link(people[0])
        yield page
        assert page.errors == []


def seen(account: Account, group: str) -> dict[str, Any]:
    shown: dict[str, Any] = account.call("GET", f"/groups/{group}")
    return shown


def roles(account: Account, group: str) -> dict[str, str]:
    return {each["pn"]: each["role"] for each in seen(account, group)["participants"]}


def texts(account: Account, group: str) -> list[str]:
    messages = account.call("GET", f"/messages?chat={group}")["messages"]
    return [message["body"] for message in messages if message["type"] == "chat"]


def founded(account: Account, *others: Account, **more: Any) -> str:
    made = account.call(
        "POST", "/groups", {"subject": "Pigeons", "participants": [each.phone for each in others], **more}
    )
    identifier: str = made["group"]["id"]
    return identifier


async def known(page: WaJsPage, group: str) -> None:
    await eventually(lambda: page.evaluate(f"Boolean(WPP.chat.get('{group}')?.groupMetadata)"), what="the group")


async def test_founds_a_group_and_writes_into_it(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    made = await page.evaluate(
        "async (people) => { const made = await WPP.group.create('Pigeons', people);"
        " return {gid: made.gid.toString(), participants: made.participants}; }",
        [bob.jid, cyd.jid],
    )
    group = made["gid"]
    assert {wid: each["code"] for wid, each in made["participants"].items()} == {
        (await page.evaluate("WPP.whatsapp.UserPrefs.getMaybeMeLidUser().toString()")): 200,
        bob.jid: 200,
        cyd.jid: 200,
    }
    assert roles(bob, group) == {ann.jid: "superadmin", bob.jid: "member", cyd.jid: "member"}
    shown = seen(bob, group)
    assert (shown["subject"], shown["announce"], shown["restrict"]) == ("Pigeons", False, False)
    sent = await page.send(group, "hello all")
    assert sent["ack"] == 1 or sent["result"]["messageSendResult"] == "OK"
    assert texts(bob, group) == texts(cyd, group) == ["hello all"]
    # Both phones have it, so its own ack is that of a delivered message; wa-js tells of each.
    await eventually(lambda: page.evaluate(f"WPP.chat.getMessageById('{sent['id']}').then((m) => m.ack === 2)"))
    receipts = [each for each in await page.events("chat.msg_ack_change") if each["ack"] == 2]
    assert {each["sender"] for each in receipts} == {bob.lid, cyd.lid}
    info = await page.evaluate(f"WPP.chat.getMessageACK('{sent['id']}')")
    assert (len(info["participants"]), info["deliveryRemaining"], info["readRemaining"]) == (2, 0, 2)
    bob.call("POST", "/read", {"chat": group})
    await eventually(
        lambda: page.evaluate(f"WPP.chat.getMessageACK('{sent['id']}').then((info) => info.readRemaining === 1)")
    )
    assert (await page.message(sent["id"]))["ack"] == 2
    cyd.call("POST", "/read", {"chat": group})
    await eventually(lambda: page.evaluate(f"WPP.chat.getMessageById('{sent['id']}').then((m) => m.ack === 3)"))


async def test_receives_in_a_group_and_marks_as_read(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(bob, ann, cyd)
    await known(page, group)
    sent = cyd.call("POST", "/send", {"to": group, "text": "hi there"})["id"]
    message = await page.received("hi there")
    assert (message["from"], message["author"], message["to"]) == (group, cyd.lid, ann.jid)
    assert message["id"] == f"false_{group}_{sent}_{cyd.lid}"
    await page.evaluate(f"WPP.chat.markIsRead('{group}')")

    def ack() -> int:
        held = cyd.call("GET", f"/messages?chat={group}")["messages"]
        receipts = next(each for each in held if each["id"] == sent)["receipts"]
        return next(each["read_ms"] for each in receipts if each["participant"] == ann.jid)

    await eventually(ack, what="a read receipt")


async def test_changes_who_is_in_it(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(ann, bob)
    await known(page, group)
    added = await page.evaluate(f"WPP.group.addParticipants('{group}', ['{cyd.jid}', '{bob.jid}'])")
    assert {wid: each["code"] for wid, each in added.items()} == {cyd.jid: 200, bob.jid: 409}
    assert cyd.jid in roles(bob, group)
    await eventually(lambda: page.evaluate(f"WPP.group.getParticipants('{group}').then((all) => all.length === 3)"))
    await page.evaluate(f"WPP.group.promoteParticipants('{group}', '{cyd.jid}')")
    assert roles(bob, group)[cyd.jid] == "admin"
    await eventually(lambda: page.evaluate(f"WPP.group.canDemote('{group}', '{cyd.jid}')"))
    await page.evaluate(f"WPP.group.demoteParticipants('{group}', '{cyd.jid}')")
    assert roles(bob, group)[cyd.jid] == "member"
    await page.evaluate(f"WPP.group.removeParticipants('{group}', '{cyd.jid}')")
    assert cyd.jid not in roles(bob, group)
    told = await page.told("group.participant_changed", 4)
    assert [each["action"] for each in told] == ["add", "promote", "demote", "remove"]
    assert told[0]["participants"] == [cyd.lid]
    past = await page.evaluate(
        f"WPP.group.getPastParticipants('{group}').then((all) => all.map((p) => p.id.toString()))"
    )
    assert past == [cyd.lid]


async def test_news_of_a_group_are_told_in_their_order_however_close_they_come(
    page: WaJsPage, people: tuple[Account, Account, Account]
) -> None:
    ann, bob, cyd = people
    group = founded(bob, ann)
    await known(page, group)
    actions = ["add", "promote", "demote", "remove"] * 6
    for action in actions:
        bob.call("POST", f"/groups/{group}/participants", {"action": action, "participants": [cyd.phone]})
    told = await page.told("group.participant_changed", len(actions))
    assert [each["action"] for each in told] == actions


async def test_hears_of_what_others_do(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(bob, ann)
    await known(page, group)
    code = bob.call("GET", f"/groups/{group}/invite-code")["code"]
    cyd.call("POST", "/join", {"code": code})
    cyd.call("POST", f"/groups/{group}/leave")
    bob.call("POST", f"/groups/{group}/participants", {"action": "promote", "participants": [ann.phone]})
    bob.call("POST", f"/groups/{group}/subject", {"subject": "Doves"})
    bob.call("POST", f"/groups/{group}/setting", {"name": "announce", "value": True})
    await eventually(lambda: page.evaluate(f"WPP.chat.get('{group}').groupMetadata.announce === true"))
    told = await page.events("group.participant_changed")
    assert [(each["action"], each["participants"]) for each in told] == [
        ("join", [cyd.lid]),
        ("leave", [cyd.lid]),
        ("promote", [ann.lid]),
    ]
    assert await page.evaluate(f"WPP.group.iAmAdmin('{group}')")
    assert await page.evaluate(f"WPP.chat.get('{group}').formattedTitle") == "Doves"
    notices = await page.told("chat.new_message", 6, type="gp2")
    assert [each["subtype"] for each in notices] == [
        "create", "invite", "leave", "promote", "subject", "announce"
    ]  # fmt: skip
    bob.call("POST", f"/groups/{group}/participants", {"action": "demote", "participants": [ann.phone]})
    await eventually(lambda: page.evaluate(f"WPP.chat.get('{group}').isReadOnly"))
    sent = await page.send(group, "me too")
    assert sent["result"] == {"messageSendResult": "ERROR_UNKNOWN", "error": 403}
    assert "me too" not in texts(bob, group)
    bob.call("POST", f"/groups/{group}/participants", {"action": "remove", "participants": [ann.phone]})
    await eventually(lambda: page.evaluate(f"WPP.group.iAmMember('{group}').then((member) => !member)"))


async def test_hears_who_types(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(bob, ann, cyd)
    await known(page, group)
    subscribed = "(chat) => WPP.contact.subscribePresence(chat).then((wids) => wids.map(String))"
    assert await page.evaluate(subscribed, group) == [group]
    # The latest that begins shows for the group, until nobody is at anything.
    steps = [
        (bob, "composing", "typing", {bob.lid: "typing"}),
        (cyd, "recording", "recording_audio", {bob.lid: "typing", cyd.lid: "recording_audio"}),
        (cyd, "paused", "typing", {bob.lid: "typing", cyd.lid: "available"}),
        (bob, "paused", "available", {bob.lid: "available", cyd.lid: "available"}),
    ]
    for number, (who, state, shown, members) in enumerate(steps, start=1):
        who.call("POST", "/typing", {"chat": group, "state": state})
        told = (await page.told("chat.presence_change", number, isGroup=True))[-1]
        assert told["state"] == shown
        assert {each["id"]: each["state"] for each in told["participants"]} == members


async def test_sets_what_a_group_shows(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, _ = people
    group = founded(ann, bob)
    await known(page, group)
    await page.evaluate(f"WPP.group.setSubject('{group}', 'Doves')")
    for text in ("coo", "coo coo"):
        await page.evaluate(f"WPP.group.setDescription('{group}', '{text}')")
    for name in ("announcement", "restrict", "ephemeral"):
        await page.evaluate(f"WPP.group.setProperty('{group}', '{name}', true)")
    await page.evaluate(
        "(group) => WPP.whatsapp.functions.sendSetGroupProperty(WPP.util.assertWid?.(group) ??"
        " WPP.whatsapp.WidFactory.createWid(group), 'member_add_mode', 1)",
        group,
    )
    shown = seen(bob, group)
    assert (shown["subject"], shown["description"]) == ("Doves", "coo coo")
    assert (shown["announce"], shown["restrict"], shown["ephemeral_s"], shown["member_add"]) == (
        True, True, 604_800, "all"
    )  # fmt: skip


async def test_a_picture(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, _ = people
    group = founded(ann, bob)
    await known(page, group)
    image = f"data:image/png;base64,{PNG}"
    await page.evaluate(f"WPP.group.setIcon('{group}', '{image}')")
    picture = seen(bob, group)["picture"]
    assert picture is not None
    assert str(await page.evaluate(f"WPP.contact.getProfilePictureUrl('{group}')")).endswith(f"/pp/{picture}")
    assert await page.evaluate(f"WPP.group.removeIcon('{group}')") is True
    assert seen(bob, group)["picture"] is None


async def test_links_and_requests(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(ann, bob)
    await known(page, group)
    code = await page.evaluate(f"WPP.group.getInviteCode('{group}')")
    assert cyd.call("GET", f"/invite?code={code}")["subject"] == "Pigeons"
    fresh = await page.evaluate(f"WPP.group.revokeInviteCode('{group}')")
    assert fresh != code
    ann.call("POST", f"/groups/{group}/setting", {"name": "approval", "value": True})
    assert cyd.call("POST", "/join", {"code": fresh})["pending"] is True
    asked = await page.evaluate(
        f"WPP.group.getMembershipRequests('{group}').then((all) => all.map((each) => each.id.toString()))"
    )
    assert asked == [cyd.lid]
    done = await page.evaluate(f"WPP.group.approve('{group}', '{cyd.lid}')")
    assert [each.get("error") for each in done] == [None]
    assert cyd.jid in roles(bob, group)
    cyd.call("POST", f"/groups/{group}/leave")
    cyd.call("POST", "/join", {"code": fresh})
    await page.evaluate(f"WPP.group.reject('{group}', '{cyd.lid}')")
    assert ann.call("GET", f"/groups/{group}/requests")["requests"] == []
    assert cyd.jid not in roles(bob, group)


async def test_joins_by_link_and_leaves(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(bob, cyd)
    code = bob.call("GET", f"/groups/{group}/invite-code")["code"]
    shown = await page.evaluate(f"WPP.group.getGroupInfoFromInviteCode('https://chat.whatsapp.com/{code}')")
    assert (shown["id"], shown["subject"], shown["size"]) == (group, "Pigeons", 2)
    assert await page.evaluate(f"WPP.group.join('{code}')") == {"id": group, "pendingApproval": False}
    assert ann.jid in roles(bob, group)
    listed = await page.evaluate("WPP.group.getAllGroups().then((all) => all.map((chat) => chat.id.toString()))")
    assert listed == [group]
    await page.evaluate(f"WPP.group.leave('{group}')")
    assert ann.jid not in roles(bob, group)
    assert await page.evaluate("WPP.group.join('nonsense').then(() => 'joined', (error) => error.code)") != "joined"


async def test_a_group_outlives_a_reload(page: WaJsPage, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(ann, bob)
    await known(page, group)
    sent = await page.send(group, "before")
    await eventually(lambda: not ann.devices()[0]["queued"], what="all of it in the page's storage")
    await page.close()
    ann.call("POST", f"/groups/{group}/participants", {"action": "add", "participants": [cyd.phone]})
    await page.open()
    await page.ready()
    await eventually(lambda: page.evaluate(f"WPP.group.getParticipants('{group}').then((all) => all.length === 3)"))
    assert (await page.message(sent["id"]))["body"] == "before"
    assert await page.evaluate(f"WPP.group.iAmAdmin('{group}')")


async def test_a_newly_linked_device_has_the_groups(
    wa_js: WaJsFactory, people: tuple[Account, Account, Account]
) -> None:
    ann, bob, cyd = people
    group = founded(bob, ann)
    gone = founded(cyd, ann, addressing="phone")
    cyd.call("POST", "/send", {"to": gone, "text": "bye"})
    cyd.call("POST", f"/groups/{gone}/participants", {"action": "remove", "participants": [ann.phone]})
    async with wa_js("another") as page:
        await page.link(ann)
        assert await page.evaluate(f"WPP.group.iAmMember('{group}')")
        assert not await page.evaluate(f"WPP.group.iAmMember('{gone}')")
        assert await page.evaluate(f"WPP.chat.get('{gone}').isReadOnly")
        listed = await page.evaluate("WPP.chat.list({onlyGroups: true}).then((all) => all.map((c) => c.id.toString()))")
        assert set(listed) == {group, gone}
        history = await page.evaluate(f"WPP.chat.getMessages('{gone}').then((all) => all.map((m) => m.type))")
        assert history == ["gp2", "chat", "gp2"]
        assert page.errors == []
