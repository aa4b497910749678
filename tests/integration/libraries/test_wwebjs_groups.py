"""What whatsapp-web.js 1.34.7 does with groups, unmodified, and what others see of it on their phones."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser

from .sandbox import Account, Sandbox, eventually, in_thread
from .test_wajs_groups import PNG, founded, roles, seen, texts
from .wwebjs import WwebjsClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Linked(NamedTuple):
    ann: Account
    client: WwebjsClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def linked(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Linked]:
    """Ann's client, for all of these tests: each founds groups of its own, with people of its own."""
    ann = sandbox.account("Ann")
    async with WwebjsClient(browser, tmp_path_factory.mktemp("groups"), sandbox.https_port) as client:
        await in_thread(ann.scan, (await client.wait("qr"))["qr"])
        await client.wait("ready")
        yield Linked(ann, client)
        assert not [event for event in client.events if event["event"] == "unhandled"]


@pytest.fixture
def people(linked: Linked, sandbox: Sandbox) -> tuple[Account, Account, Account]:
    return linked.ann, sandbox.account("Bob"), sandbox.account("Cyd")


@pytest.fixture
def client(linked: Linked) -> WwebjsClient:
    # What was told of another test's groups doesn't count.
    linked.client.events[:] = [event for event in linked.client.events if event["event"] == "unhandled"]
    return linked.client


async def told(client: WwebjsClient, name: str, kind: str) -> dict[str, Any]:
    return await client.wait(name, lambda event: event["type"] == kind)


async def test_founds_a_group_writes_and_reads(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    options = {"announce": True, "isRestrict": False, "memberAddMode": True}
    made = await client.call(
        "createGroup", title="Pigeons", people=[bob.jid, cyd.jid, "19990000000@c.us"], options=options
    )
    group = made["gid"]
    codes = {who: each["statusCode"] for who, each in made["participants"].items()}
    assert codes == {ann.jid: 200, bob.jid: 200, cyd.jid: 200, "19990000000@c.us": 404}
    assert made["participants"][ann.jid]["isGroupCreator"] is True
    assert roles(bob, group) == {ann.jid: "superadmin", bob.jid: "member", cyd.jid: "member"}
    # What the page takes are everybody's permissions, so `announce: true` is the opposite of what the option promises
    # (wwebjs/whatsapp-web.js#201767).
    assert (seen(bob, group)["announce"], seen(bob, group)["member_add"]) == (False, "all")

    sent = await client.call("send", to=group, text="hello all")
    assert texts(bob, group) == texts(cyd, group) == ["hello all"]
    await client.acked(sent["id"], 2)
    assert await client.call("readers", key=sent["id"]) == {
        "delivered": [bob.lid, cyd.lid],
        "read": [],
        "left": [0, 2],
    }
    bob.call("POST", "/read", {"chat": group})
    cyd.call("POST", "/read", {"chat": group})
    await client.acked(sent["id"], 3)

    cyd.call("POST", "/send", {"to": group, "text": "hello yourself"})
    received = await client.received("hello yourself")
    assert (received["from"], received["data"]["author"]) == (group, cyd.lid)
    shown = await client.call("group", of=group)
    assert shown["name"] == "Pigeons"
    assert {each["id"]: each["isAdmin"] for each in shown["participants"]} == {
        ann.jid: True, bob.jid: False, cyd.jid: False
    }  # fmt: skip
    assert await client.call("commonGroups", of=bob.jid) == [group]


async def test_a_picture(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, _ = people
    group = founded(ann, bob)
    await told(client, "group_update", "create")
    assert await client.call("setGroupPicture", of=group, data=PNG) is True
    assert seen(bob, group)["picture"] == (await told(client, "group_update", "picture"))["body"]
    assert await client.call("deleteGroupPicture", of=group) is True
    assert seen(bob, group)["picture"] is None


async def test_without_options_only_admins_write(
    client: WwebjsClient, people: tuple[Account, Account, Account]
) -> None:
    _, bob, _ = people
    made = await client.call("createGroup", title="Pigeons", people=[bob.jid])
    assert (seen(bob, made["gid"])["announce"], seen(bob, made["gid"])["restrict"]) == (True, True)


async def test_changes_who_is_in_it(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(ann, bob)
    await told(client, "group_update", "create")
    cyd.sandbox.call("PATCH", f"/accounts/{cyd.phone}", {"groups_add": "none"})
    added = await client.call("addToGroup", of=group, people=[cyd.jid, bob.jid])
    assert {who: each["code"] for who, each in added.items()} == {cyd.jid: 403, bob.jid: 409}
    cyd.sandbox.call("PATCH", f"/accounts/{cyd.phone}", {"groups_add": "all"})
    added = await client.call("addToGroup", of=group, people=[cyd.jid])
    assert added[cyd.jid]["code"] == 200
    joined = await told(client, "group_join", "add")
    assert (joined["chat"], joined["recipients"]) == (group, [cyd.lid])
    await client.call("promoteInGroup", of=group, people=[cyd.jid])
    assert roles(bob, group)[cyd.jid] == "admin"
    await client.call("demoteInGroup", of=group, people=[cyd.jid])
    assert roles(bob, group)[cyd.jid] == "member"
    await told(client, "group_admin_changed", "demote")
    await client.call("removeFromGroup", of=group, people=[cyd.jid])
    assert cyd.jid not in roles(bob, group)
    assert (await told(client, "group_leave", "remove"))["recipients"] == [cyd.lid]


async def test_sets_what_a_group_shows(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, _ = people
    group = founded(ann, bob)
    await told(client, "group_update", "create")
    for what, value in (
        ("setSubject", "Doves"),
        ("setDescription", "coo"),
        ("setDescription", "coo coo"),
        ("setMessagesAdminsOnly", True),
        ("setInfoAdminsOnly", True),
        ("setAddMembersAdminsOnly", False),
    ):
        assert await client.call(what, of=group, value=value) is True, what
    shown = seen(bob, group)
    assert (shown["subject"], shown["description"], shown["announce"], shown["restrict"], shown["member_add"]) == (
        "Doves", "coo coo", True, True, "all"
    )  # fmt: skip
    bob_owns = founded(bob, ann)
    await client.wait("group_update", lambda event: event["chat"] == bob_owns)
    bob.call("POST", f"/groups/{bob_owns}/setting", {"name": "restrict", "value": True})
    assert await client.call("setSubject", of=bob_owns, value="mine") is False
    assert seen(bob, bob_owns)["subject"] == "Pigeons"


async def test_links_requests_and_leaving(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, cyd = people
    group = founded(bob)
    code = bob.call("GET", f"/groups/{group}/invite-code")["code"]
    assert await client.call("inviteInfo", code=code) == "Pigeons"
    assert await client.call("acceptInvite", code=code) == group
    assert ann.jid in roles(bob, group)
    bob.call("POST", f"/groups/{group}/participants", {"action": "promote", "participants": [ann.phone]})
    await told(client, "group_admin_changed", "promote")
    assert await client.call("inviteCode", of=group) == code
    fresh = await client.call("revokeInvite", of=group)
    assert fresh not in (code, None)
    bob.call("POST", f"/groups/{group}/setting", {"name": "approval", "value": True})
    cyd.call("POST", "/join", {"code": fresh})
    asked = await told(client, "group_membership_request", "membership_approval_request")
    assert (asked["chat"], asked["author"]) == (group, cyd.lid)
    assert await client.call("groupRequests", of=group) == [[cyd.lid, "InviteLink"]]
    (done,) = await client.call("approveRequests", of=group, people=None)
    assert (done["requesterId"], done["message"]) == (cyd.lid, "Approved successfully")
    assert cyd.jid in roles(bob, group)
    await client.call("leaveGroup", of=group)
    assert ann.jid not in roles(bob, group)


async def test_a_private_invitation(client: WwebjsClient, people: tuple[Account, Account, Account]) -> None:
    ann, bob, _ = people
    group = founded(bob)
    ann.sandbox.call("PATCH", f"/accounts/{ann.phone}", {"groups_add": "none"})
    (refused,) = bob.call("POST", f"/groups/{group}/participants", {"action": "add", "participants": [ann.phone]})[
        "participants"
    ]
    invite = {
        "groupId": group, "fromId": bob.jid, "inviteCode": refused["invite_code"], "inviteCodeExp": refused["invite_ts"]
    }  # fmt: skip
    assert await client.call("acceptPrivateInvite", invite=invite) == 200
    assert ann.jid in roles(bob, group)
    ann.sandbox.call("PATCH", f"/accounts/{ann.phone}", {"groups_add": "all"})
    await eventually(lambda: group in [chat["id"] for chat in ann.call("GET", "/groups")["groups"]])
