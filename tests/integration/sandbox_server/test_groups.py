"""Groups on the server: who is in them, what they may, and what everybody's devices are told."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .device import Device, Frame, RequestError
from .world import World

ADA, BOB, CYD, DAN = "15550001", "15550002", "15550003", "15550004"
MINE = f"/accounts/{ADA}/groups"


def jid(phone: str) -> str:
    return f"{phone}@c.us"


async def found(world: World, *people: str, **more: Any) -> str:
    """A group of Ada's with `people` in it."""
    for phone in {CYD, DAN} & set(people):
        if (await world.call("GET", f"/accounts/{phone}"))[0] == 404:
            await world.account(phone, phone)
    made = await world.post(MINE, {"subject": "Pigeons", "participants": list(people), **more})
    assert [each["code"] for each in made["participants"]] == [200] * len(people)
    identifier: str = made["group"]["id"]
    return identifier


async def lids(world: World, *phones: str) -> list[str]:
    return [(await world.get(f"/accounts/{phone}"))["lid"] for phone in phones]


async def roles(world: World, group: str, phone: str = ADA) -> dict[str, str]:
    seen = await world.get(f"/accounts/{phone}/groups/{group}")
    return {each["pn"].removesuffix("@c.us"): each["role"] for each in seen["participants"]}


async def changed(device: Device, kind: str, count: int = 1) -> Frame:
    await device.until(lambda: len(of_kind(device, kind)) >= count)
    return of_kind(device, kind)[count - 1]


def of_kind(device: Device, kind: str) -> list[Frame]:
    return [frame for frame in device.named("group") if frame["action"]["type"] == kind]


async def refused(device: Device, **frame: Any) -> int:
    with pytest.raises(RequestError) as error:
        await device.ask(t="iq", **frame)
    return int(error.value.code)


async def test_a_new_group_is_told_whole_to_everybody_in_it(world: World) -> None:
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    made = await ada.ask(t="iq", op="group_create", subject="Pigeons", participants=[jid(BOB), jid("19990000000")])
    assert [(each["asked"], each["code"]) for each in made["participants"]] == [
        (jid(BOB), 200),
        (jid("19990000000"), 404),
    ]
    group = made["group"]
    told = await changed(bob, "create")
    assert told["group"] == group["id"]
    assert told["state"]["subject"] == "Pigeons"
    assert [each["role"] for each in told["state"]["participants"]] == ["superadmin", "member"]
    assert told["msg"]["content"] == {
        "type": "gp2",
        "subtype": "create",
        "recipients": await lids(world, BOB),
        "body": "Pigeons",
    }
    # The device that founded it is told as well.
    assert (await changed(ada, "create"))["msg"]["from_me"] is True
    assert await roles(world, group["id"], BOB) == {ADA: "superadmin", BOB: "member"}
    assert [chat["chat"] for chat in (await world.get(f"/accounts/{BOB}/chats"))["chats"]] == [group["id"]]


async def test_a_message_goes_to_every_device_of_every_member(world: World) -> None:
    group = await found(world, BOB, CYD)
    ada, other, bob = await world.linked(ADA), await world.linked(ADA), await world.linked(BOB)
    sent = await ada.send_text(group, "hello all")
    received = await bob.received(sent)
    (lid,) = await lids(world, ADA)
    assert (received["chat"], received["participant"], received["from_me"]) == (group, lid, False)
    # Else two changes of the same second would be one.
    assert received["ts_ms"] // 1000 == received["ts"]
    assert received["from"] == group
    assert (await other.received(sent))["from_me"] is True
    (held,) = [each for each in await world.log(CYD, group) if each["id"] == sent]
    assert (held["chat"], held["body"]) == (group, "hello all")
    assert sent not in ada.messages


async def test_an_ack_counts_once_all_have_come_as_far(world: World) -> None:
    group = await found(world, BOB, CYD)
    await world.patch(CYD, online=False)
    ada = await world.linked(ADA)
    sent = await ada.send_text(group, "hello")
    bob, cyd = await lids(world, BOB, CYD)
    await ada.until(lambda: bool(ada.named("receipt")))
    receipt = ada.named("receipt")[0]
    assert (receipt["chat"], receipt["participant"], receipt["kind"], receipt["acks"]) == (group, bob, "delivered", [1])
    await world.patch(CYD, online=True)
    await ada.until(lambda: len(ada.named("receipt")) == 2)
    assert (ada.named("receipt")[1]["participant"], ada.named("receipt")[1]["acks"]) == (cyd, [2])
    assert (await world.post(f"/accounts/{BOB}/read", {"chat": group}, 200))["read"] == 1
    await ada.until(lambda: len(ada.named("receipt")) == 3)
    assert (ada.named("receipt")[2]["kind"], ada.named("receipt")[2]["acks"]) == ("read", [2])
    await world.post(f"/accounts/{CYD}/read", {"ids": [sent]}, 200)
    await ada.until(lambda: len(ada.named("receipt")) == 4)
    assert ada.named("receipt")[3]["acks"] == [3]
    (held,) = [each for each in await world.log(ADA, group) if each["id"] == sent]
    assert (held["ack"], {each["participant"] for each in held["receipts"]}) == (3, {jid(BOB), jid(CYD)})


async def test_reading_on_one_device_is_told_to_the_others(world: World) -> None:
    group = await found(world, BOB)
    one, other = await world.linked(BOB), await world.linked(BOB)
    sent = (await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "hi"}))["id"]
    message = await one.received(sent)
    await one.ask(t="receipt", kind="read", chat=group, participant=message["participant"], ids=[sent])
    await other.until(lambda: any(frame["self"] for frame in other.named("receipt")))
    assert [(frame["chat"], frame["ids"]) for frame in other.named("receipt") if frame["self"]] == [(group, [sent])]


async def test_adding_has_a_result_for_each(world: World) -> None:
    group = await found(world, BOB)
    for phone, changes in ((CYD, {"groups_add": "none"}), (DAN, {})):
        await world.account(phone, phone)
        await world.patch(phone, **changes)
    await world.account("15550005", "Eve")
    await world.post("/accounts/15550005/block", {"person": ADA}, 200)
    people = [BOB, CYD, DAN, "15550005", "19990000000"]
    answer = await world.post(f"{MINE}/{group}/participants", {"action": "add", "participants": people}, 200)
    codes = {each["asked"]: each["code"] for each in answer["participants"]}
    assert list(codes.values()) == [409, 403, 200, 401, 404]
    assert await roles(world, group) == {ADA: "superadmin", BOB: "member", DAN: "member"}
    # Who can't be added can be invited: by a code that is theirs alone.
    code = answer["participants"][1]["invite_code"]
    join = {"group": group, "code": code, "from": ADA}
    status, _ = await world.call("POST", f"/accounts/{BOB}/join-privately", {**join, "group": "1@g.us"})
    assert status == 404
    await world.account("15550006", "Fay")
    status, error = await world.call("POST", "/accounts/15550006/join-privately", join)
    assert (status, error["error"]["code"]) == (410, "INVITE_REVOKED")
    await world.post(f"/accounts/{CYD}/join-privately", join, 200)
    assert CYD in await roles(world, group)
    await world.post(f"{MINE}/{group}/participants", {"action": "remove", "participants": [CYD]}, 200)
    status, _ = await world.call("POST", f"/accounts/{CYD}/join-privately", join)
    assert status == 410


async def test_a_full_group_takes_nobody(config: Callable[..., SandboxConfig], http: aiohttp.ClientSession) -> None:
    async with SandboxServer(config(max_group_size=3)) as server:
        world = World(http, server)
        for phone in (ADA, BOB, CYD, DAN):
            await world.account(phone, phone)
        group = await found(world, BOB)
        answer = await world.post(f"{MINE}/{group}/participants", {"action": "add", "participants": [CYD, DAN]}, 200)
        assert [each["code"] for each in answer["participants"]] == [200, 419]
        code = (await world.get(f"{MINE}/{group}/invite-code"))["code"]
        status, error = await world.call("POST", f"/accounts/{DAN}/join", {"code": code})
        assert (status, error["error"]["code"]) == (419, "GROUP_FULL")
        status, error = await world.call("POST", MINE, {"subject": "Many", "participants": [BOB, CYD, DAN]})
        assert (status, error["error"]["code"]) == (419, "GROUP_FULL")
        await world.close()


async def test_only_admins_change_who_is_in_it(world: World) -> None:
    group = await found(world, BOB, CYD)
    bob = await world.linked(BOB)
    for action, whom in (("add", DAN), ("remove", CYD), ("promote", CYD), ("demote", ADA)):
        code = await refused(bob, op="group_participants", group=group, action=action, participants=[jid(whom)])
        assert code == 403, action
    await world.post(f"{MINE}/{group}/setting", {"name": "member_add", "value": "all"}, 200)
    await world.account(DAN, "Dan")
    answer = await bob.ask(t="iq", op="group_participants", group=group, action="add", participants=[jid(DAN)])
    assert [each["code"] for each in answer["participants"]] == [200]
    ada = await world.linked(ADA)
    await ada.ask(t="iq", op="group_participants", group=group, action="promote", participants=[jid(BOB)])
    assert (await changed(bob, "promote"))["action"]["people"][0]["pn"] == jid(BOB)
    # The founder can be neither demoted nor removed.
    for action in ("demote", "remove"):
        answer = await bob.ask(t="iq", op="group_participants", group=group, action=action, participants=[jid(ADA)])
        assert [each["code"] for each in answer["participants"]] == [403]
    answer = await ada.ask(t="iq", op="group_participants", group=group, action="demote", participants=[jid(BOB)])
    assert [each["code"] for each in answer["participants"]] == [200]
    assert (await roles(world, group))[BOB] == "member"


async def test_who_was_removed_is_told_keeps_the_chat_and_can_do_nothing(world: World) -> None:
    group = await found(world, BOB, CYD)
    bob = await world.linked(BOB)
    await world.post(f"{MINE}/{group}/participants", {"action": "remove", "participants": [BOB]}, 200)
    told = await changed(bob, "remove")
    assert (told["msg"]["content"]["subtype"], told["action"]["people"][0]["pn"]) == ("remove", jid(BOB))
    with pytest.raises(RequestError) as error:
        await bob.send_text(group, "let me in")
    assert error.value.code == 403
    assert await refused(bob, op="group_get", group=group) == 403
    assert await refused(bob, op="group_leave", group=group) == 403
    sent = (await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "without Bob"}))["id"]
    assert sent not in [each["id"] for each in await world.log(BOB, group)]
    assert [chat["chat"] for chat in (await world.get(f"/accounts/{BOB}/chats"))["chats"]] == [group]


async def test_leaving_makes_an_heir_and_the_last_one_ends_it(world: World) -> None:
    group = await found(world, BOB, CYD)
    bob = await world.linked(BOB)
    code = (await world.get(f"{MINE}/{group}/invite-code"))["code"]
    await world.post(f"{MINE}/{group}/leave", {}, 200)
    left = await changed(bob, "remove")
    assert (left["msg"]["content"]["subtype"], left["action"]["reason"]) == ("leave", "left")
    await changed(bob, "promote")
    assert await roles(world, group, BOB) == {BOB: "admin", CYD: "member"}
    await bob.ask(t="iq", op="group_leave", group=group)
    await world.post(f"/accounts/{CYD}/groups/{group}/leave", {}, 200)
    assert await refused(bob, op="group_get", group=group) == 404
    with pytest.raises(RequestError) as error:
        await bob.send_text(group, "anybody?")
    assert error.value.code == 404
    assert await refused(bob, op="group_invite_info", code=code) == 404


async def test_only_admins_write_where_the_group_says_so(world: World) -> None:
    group = await found(world, BOB)
    bob = await world.linked(BOB)
    await world.post(f"{MINE}/{group}/setting", {"name": "announce", "value": True}, 200)
    assert (await changed(bob, "announce"))["action"]["value"] is True
    with pytest.raises(RequestError) as error:
        await bob.send_text(group, "me too")
    assert error.value.code == 403
    status, refusal = await world.call("POST", f"/accounts/{BOB}/send", {"to": group, "text": "me too"})
    assert (status, refusal["error"]["code"]) == (403, "NOT_GROUP_ADMIN")
    await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "I may"})


async def test_what_a_group_shows_of_itself(world: World) -> None:
    group = await found(world, BOB)
    bob = await world.linked(BOB)
    await bob.ask(t="iq", op="group_subject", group=group, subject="Doves")
    assert (await changed(bob, "subject"))["msg"]["content"]["body"] == "Doves"
    await bob.ask(t="iq", op="group_description", group=group, description="coo", id="D1", previous=None)
    # What somebody else has changed meanwhile isn't overwritten.
    frame = {"op": "group_description", "group": group, "description": "moo", "id": "D2"}
    assert await refused(bob, previous=None, **frame) == 409
    await bob.ask(t="iq", previous="D1", **frame)
    seen = await world.get(f"{MINE}/{group}")
    assert (seen["subject"], seen["description"], seen["description_id"]) == ("Doves", "moo", "D2")
    await world.post(f"{MINE}/{group}/setting", {"name": "restrict", "value": True}, 200)
    assert await refused(bob, op="group_subject", group=group, subject="Gulls") == 403
    assert await refused(bob, previous="D2", **frame) == 403
    assert await refused(bob, op="group_picture", group=group, picture=None) == 403
    assert await refused(bob, op="group_setting", group=group, name="ephemeral_s", value=86_400) == 403
    await world.post(f"{MINE}/{group}/setting", {"name": "ephemeral_s", "value": 86_400}, 200)
    assert (await changed(bob, "ephemeral"))["action"]["value"] == 86_400


async def test_a_picture_is_served_and_replaced(world: World) -> None:
    group = await found(world, BOB)
    bob = await world.linked(BOB)
    image = b"\xff\xd8\xff\xe0 a picture"
    url = f"{world.server.control_url}{MINE}/{group}/picture"
    async with world.http.put(url, data=image) as response:
        assert response.status == 200
        picture = (await response.json())["picture"]
    assert (await changed(bob, "picture"))["action"]["picture"] == picture
    async with world.http.get(f"{world.server.page_url}/pp/{picture}") as response:
        assert await response.read() == image
    async with world.http.put(url, data=b"GIF89a") as response:
        assert response.status == 406
    async with world.http.delete(url) as response:
        assert response.status == 200
    async with world.http.get(f"{world.server.page_url}/pp/{picture}") as response:
        assert response.status == 404


async def test_joining_by_link(world: World) -> None:
    group = await found(world, BOB)
    await world.account(CYD, "Cyd")
    bob, cyd = await world.linked(BOB), await world.linked(CYD)
    # whatsmeow tells a missing right to see the link by 401.
    assert await refused(bob, op="group_invite_code", group=group) == 401
    code = (await world.get(f"{MINE}/{group}/invite-code"))["code"]
    shown = (await cyd.ask(t="iq", op="group_invite_info", code=code))["group"]
    assert (shown["id"], shown["subject"], shown["size"]) == (group, "Pigeons", 2)
    joined = await cyd.ask(t="iq", op="group_join", code=code)
    assert (joined["group"], joined["pending"]) == (group, False)
    told = await changed(bob, "add")
    assert (told["msg"]["content"]["subtype"], told["action"]["reason"]) == ("invite", "invite")
    assert (await changed(cyd, "add"))["state"]["size"] == 3
    assert (await cyd.ask(t="iq", op="group_join", code=code))["pending"] is False
    assert len(of_kind(bob, "add")) == 1
    async with world.http.delete(f"{world.server.control_url}{MINE}/{group}/invite-code") as response:
        fresh = (await response.json())["code"]
    assert fresh != code
    assert await refused(cyd, op="group_join", code=code) == 410
    assert await refused(cyd, op="group_join", code="nonsense") == 406


async def test_admins_decide_who_comes_in(world: World) -> None:
    group = await found(world, BOB, settings={"approval": True, "member_add": "all"})
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    for phone in (CYD, DAN):
        await world.account(phone, phone)
    code = (await world.get(f"{MINE}/{group}/invite-code"))["code"]
    for _ in range(2):
        assert (await world.post(f"/accounts/{CYD}/join", {"code": code}, 200))["pending"] is True
    told = await changed(ada, "membership_approval_request")
    assert (told["action"]["people"][0]["pn"], told["action"]["method"]) == (jid(CYD), "InviteLink")
    answer = await bob.ask(t="iq", op="group_participants", group=group, action="add", participants=[jid(DAN)])
    assert [each["code"] for each in answer["participants"]] == [421]
    asked = (await ada.ask(t="iq", op="group_requests", group=group))["requests"]
    assert [(each["pn"], each["method"]) for each in asked] == [(jid(CYD), "InviteLink"), (jid(DAN), "NonAdminAdd")]
    assert len(of_kind(ada, "membership_approval_request")) == 2
    assert not of_kind(bob, "membership_approval_request")
    assert await refused(bob, op="group_requests", group=group) == 403
    decide = {"op": "group_requests_decide", "group": group}
    assert await refused(bob, decision="approve", participants=[jid(CYD)], **decide) == 403
    answer = await ada.ask(t="iq", decision="approve", participants=[jid(CYD), jid(BOB)], **decide)
    assert [each["code"] for each in answer["participants"]] == [200, 409]
    answer = await ada.ask(t="iq", decision="reject", participants=[jid(DAN), jid(CYD)], **decide)
    assert [each["code"] for each in answer["participants"]] == [200, 409]
    assert await roles(world, group) == {ADA: "superadmin", BOB: "member", CYD: "member"}
    assert (await ada.ask(t="iq", op="group_requests", group=group))["requests"] == []
    await changed(ada, "membership_request_reject")


async def test_groups_outlive_the_server_and_come_with_the_history(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config()) as server:
        world = World(http, server)
        await world.account(ADA, "Ada")
        await world.account(BOB, "Bob")
        group = await found(world, BOB)
        sent = (await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "kept"}))["id"]
    async with SandboxServer(config()) as server:
        world = World(http, server)
        bob = await world.linked(BOB)
        (history,) = bob.named("history")
        (chat,) = history["chats"]
        assert (chat["id"], chat["group"]["subject"], chat["unread"]) == (group, "Pigeons", 1)
        assert [each["content"]["type"] for each in history["messages"]] == ["gp2", "chat"]
        assert history["messages"][1]["id"] == sent
        assert (await world.get(f"/accounts/{ADA}/groups/{group}"))["size"] == 2
        await world.close()


async def test_a_group_in_phone_addressing_names_numbers(world: World) -> None:
    group = await found(world, BOB, addressing="phone")
    bob = await world.linked(BOB)
    sent = (await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "hi", "mentions": [BOB]}))["id"]
    received = await bob.received(sent)
    assert (received["participant"], received["content"]["mentions"]) == (jid(ADA), [jid(BOB)])
    seen = await world.get(f"{MINE}/{group}")
    assert [each["jid"] for each in seen["participants"]] == [jid(ADA), jid(BOB)]


async def test_who_hides_the_number_is_known_by_the_lid_alone(world: World) -> None:
    group = await found(world, BOB)
    await world.patch(ADA, hide_phone=True)
    bob = await world.linked(BOB)
    sent = (await world.post(f"/accounts/{ADA}/send", {"to": group, "text": "hi"}))["id"]
    assert (await bob.received(sent))["peer_pn"] is None
    seen = (await bob.ask(t="iq", op="group_get", group=group))["group"]
    assert [each["pn"] for each in seen["participants"]] == [None, jid(BOB)]


async def test_typing_is_told_to_the_others(world: World) -> None:
    group = await found(world, BOB, CYD)
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    await ada.ask(t="chatstate", to=group, state="composing")
    await bob.until(lambda: bool(bob.named("chatstate")))
    (lid,) = await lids(world, ADA)
    assert [(frame["chat"], frame["participant"]) for frame in bob.named("chatstate")] == [(group, lid)]
    assert not ada.named("chatstate")


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "group_create", "subject": " "},
        {"op": "group_create", "subject": "x" * 101},
        {"op": "group_create", "subject": "x", "participants": "nobody"},
        {"op": "group_create", "subject": "x", "participants": [None]},
        {"op": "group_create", "subject": "x", "settings": {"colour": True}},
        {"op": "group_create", "subject": "x", "settings": {"ephemeral_s": 7}},
        {"op": "group_create", "subject": "x", "addressing": "pigeon"},
        {"op": "group_participants", "action": "paint", "participants": [jid(BOB)]},
        {"op": "group_participants", "action": "add", "participants": []},
        {"op": "group_subject", "subject": None},
        {"op": "group_description", "description": "x" * 2049, "id": "D"},
        {"op": "group_setting", "name": "announce", "value": 1},
        {"op": "group_setting", "name": "member_add", "value": True},
        {"op": "group_setting", "name": "subject", "value": "x"},
        {"op": "group_requests_decide", "decision": "perhaps", "participants": [jid(BOB)]},
    ],
)
async def test_bad_input_is_refused_and_nothing_is_done(world: World, frame: dict[str, Any]) -> None:
    group = await found(world, BOB)
    before = await world.get(f"{MINE}/{group}")
    ada = await world.linked(ADA)
    assert await refused(ada, **{"group": group, **frame}) == 400
    assert await world.get(f"{MINE}/{group}") == before
    assert len((await world.get(MINE))["groups"]) == 1


@pytest.mark.parametrize("group", [None, 1, "", "1@g.us", "1@c.us", ["1@g.us"]])
async def test_an_unknown_group_is_not_found(world: World, group: object) -> None:
    ada = await world.linked(ADA)
    for op in ("group_get", "group_leave", "group_subject", "group_invite_code", "group_requests"):
        assert await refused(ada, op=op, group=group) == 404


async def test_what_is_done_to_a_message_of_a_group(world: World) -> None:
    group = await found(world, BOB, CYD)
    sent = (await world.post(f"/accounts/{BOB}/send", {"to": group, "text": "hi"}))["id"]
    bob = await world.linked(BOB)
    await world.post(f"/accounts/{CYD}/react", {"id": sent, "emoji": "🕊"})
    (lid,) = await lids(world, BOB)
    await bob.until(lambda: bool(bob.named("message")))
    reaction = bob.named("message")[0]["msg"]
    assert (reaction["chat"], reaction["content"]["reactionParentKey"]) == (group, {"id": sent, "participant": lid})
    # Only an admin takes back what another one wrote.
    status, error = await world.call("POST", f"/accounts/{CYD}/revoke", {"id": sent})
    assert (status, error["error"]["code"]) == (403, "NOT_ALLOWED")
    await world.post(f"/accounts/{ADA}/revoke", {"id": sent})
    (held,) = [each for each in await world.log(CYD, group) if each["id"] == sent]
    assert held["revoked"]["by"] == jid(ADA)


async def test_who_has_come_how_far_with_a_message(world: World) -> None:
    group = await found(world, BOB, CYD)
    await world.patch(CYD, online=False)
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    sent = await ada.send_text(group, "hello")
    await ada.until(lambda: bool(ada.named("receipt")))
    receipts = (await ada.ask(t="iq", op="message_info", id=sent))["receipts"]
    told = {each["jid"]: (each["delivered_ts"] is not None, each["read_ts"]) for each in receipts}
    first, second = await lids(world, BOB, CYD)
    assert told == {first: (True, None), second: (False, None)}
    assert await refused(bob, op="message_info", id=sent) == 404


async def test_nobody_writes_what_the_server_says(world: World) -> None:
    group = await found(world, BOB)
    ada = await world.linked(ADA)
    with pytest.raises(RequestError) as error:
        await ada.ask(t="message", id="X1", to=group, content={"type": "gp2", "subtype": "subject", "body": "mine"})
    assert error.value.code == 400
