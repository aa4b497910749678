"""What two people see of each other besides messages: receipts, presence, profiles, calls."""

import pytest

from application.ports.page_events import MessagesSeen, NumberChange
from application.ports.people_events import CallRings, CallStopped, PresenceChanged
from domain.call import CallOutcome
from domain.chat import ChatChange
from domain.group_notice import NoticeKind
from domain.jid import Jid
from domain.message import MessageStatus
from domain.presence import Activity
from domain.text_content import Text

from ..sandbox import eventually, in_thread
from .peers import SENT, Peers, inner

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_receipts_both_ways(peers: Peers) -> None:
    for account in (peers.ann, peers.bob):
        account.call("PATCH", "", {"online": False})
    try:
        sent, told = await peers.send(Text(body="have you read it?"))
        await peers.receipt(sent, MessageStatus.DELIVERED)
        await peers.client.call("seen", chat=peers.ann.jid)
        await peers.receipt(sent, MessageStatus.READ)
        seen, his = await peers.text("and you?")
        await peers.client.acked(his["id"], 2)
        await peers.page.chats.change(peers.chat, ChatChange(unread=False))
        await peers.client.acked(his["id"], 3)
        assert inner(his["id"]) == inner(seen.whatsapp_id)
        assert told["ack"] >= 1
        # Who writes back has read, unless the library is told otherwise. It would say so before it writes.
        again, _ = await peers.send(Text(body="and this?"))
        await peers.receipt(again, MessageStatus.DELIVERED)
        await peers.receive("send", text="not now", options={**SENT, "sendSeen": False})
        found = await peers.page.find(again)
        assert found is not None
        assert found.status is MessageStatus.DELIVERED
        await peers.receive("send", text="I have", options={**SENT, "sendSeen": True})
        await peers.receipt(again, MessageStatus.READ)
    finally:
        for account in (peers.ann, peers.bob):
            account.call("PATCH", "", {"online": True})


async def test_typing_and_presence_both_ways(peers: Peers) -> None:
    await peers.text("so that there is a chat")
    await peers.page.presence.subscribe(peers.chat)

    async def shows(online: bool | None, activity: Activity, *, after: int) -> None:
        await peers.ear.until(
            PresenceChanged,
            lambda event: (
                event.presence.chat == peers.chat
                and event.presence.activity is activity
                and online in {None, event.presence.online}
            ),
            after=after,
        )

    for command, activity in (
        ("typing", Activity.COMPOSING),
        ("recording", Activity.RECORDING),
        ("clearState", Activity.PAUSED),
    ):
        mark = len(peers.ear.heard)
        await peers.client.call(command, chat=peers.ann.jid)
        await shows(None, activity, after=mark)
    # Whoever types is there, and goes first.
    for command, online in (("offline", False), ("online", True)):
        mark = len(peers.ear.heard)
        await peers.client.call(command)
        await shows(online, Activity.PAUSED, after=mark)


async def test_it_finds_us_and_we_find_it(peers: Peers) -> None:
    number = await peers.client.call("numberId", number=peers.ann.phone)
    assert number["_serialized"] == peers.ann.jid
    assert await peers.client.call("isRegistered", of=peers.ann.jid) is True
    assert await peers.client.call("lidAndPhone", ids=[peers.ann.jid]) == [{"lid": peers.ann.lid, "pn": peers.ann.jid}]
    assert (await peers.client.call("person", of=peers.ann.jid))["pushname"] == "Ann"
    assert (await peers.client.call("contact", of=peers.ann.jid))["number"] == peers.ann.phone
    [found] = await peers.page.contacts.exists([peers.bob.jid])
    assert (str(found.jid), str(found.lid)) == (peers.bob.jid, peers.bob.lid)
    assert (await peers.page.contacts.get(peers.chat)).push_name == "Bob"
    resolved = await peers.page.resolve(peers.chat)
    assert resolved is not None
    assert str(resolved.lid) == peers.bob.lid


async def test_it_sees_our_profile_and_we_see_its_own(peers: Peers) -> None:
    peers.ann.call("PATCH", "", {"about": "at sea"})
    peers.bob.call("PATCH", "", {"about": "ashore"})
    for person in (peers.ann, peers.bob):
        await in_thread(person.set_picture, b"\x89PNG")
    assert await peers.client.call("about", of=peers.ann.jid) == "at sea"
    assert "/pp/" in await peers.client.call("picture", of=peers.ann.jid)
    assert await peers.page.contacts.about(peers.chat) == "ashore"
    assert "/pp/" in (await peers.page.contacts.picture(peers.chat) or "")


async def test_it_has_the_history_that_we_have(peers: Peers) -> None:
    sent, _ = await peers.send(Text(body="for the record"))
    # Where the library cuts, it has messages of one second in no order.
    history = await peers.client.call("history", chat=peers.ann.jid, limit=50)
    [record] = [each for each in history if each["body"] == "for the record"]
    [chat] = [each for each in await peers.client.call("chats") if each["id"] == peers.ann.jid]
    assert chat["name"] == "Ann"
    _, his = await peers.text("for the record, too")
    older = await peers.page.chats.older(peers.chat, before=None, limit=2)
    assert [inner(each.whatsapp_id) for each in older.messages] == [inner(sent), inner(his["id"])]
    assert (await peers.page.chats.get(peers.chat)).name == "Bob"
    assert str(peers.chat) in [str(each.jid) for each in await peers.page.chats.list()]
    assert await peers.client.call("chatWith", of=peers.ann.jid) == peers.ann.jid
    assert await peers.client.call("personIn", chat=peers.ann.jid) == "Ann"
    told = await peers.client.call("sendIn", chat=peers.ann.jid, text="by way of the chat")
    assert (await peers.received(f"false_{peers.bob.jid}_{inner(told)}")).content == Text(body="by way of the chat")
    assert await peers.client.call("writer", of=record["id"]) == "Ann"
    assert await peers.client.call("chatOf", of=record["id"]) == peers.ann.jid
    # His phone has nothing older than his page: it isn't asked.
    assert await peers.client.call("syncHistory", chat=peers.ann.jid) is False


async def test_nothing_comes_from_whom_the_other_has_blocked(peers: Peers) -> None:
    await peers.page.blocklist.block(peers.chat)
    try:
        await peers.client.call("send", to=peers.ann.jid, text="into the void", options={"waitUntilMsgSent": True})
        mark = len(peers.ear.heard)
    finally:
        await peers.page.blocklist.unblock(peers.chat)
    await peers.text("there again")
    heard = [event for event in peers.ear.heard[mark - 1 :] if isinstance(event, MessagesSeen)]
    assert all(each.content != Text(body="into the void") for event in heard for each in event.messages)
    await peers.client.call("block", of=peers.ann.jid)
    blocked = Text(body="and the other way round")
    whatsapp_id = await peers.sent(blocked)
    assert await peers.client.call("unblock", of=peers.ann.jid) is True
    await peers.send(Text(body="heard again"))
    bodies = [event["message"]["body"] for event in peers.client.events if event["event"] == "message"]
    assert blocked.body not in bodies
    found = await peers.page.find(whatsapp_id)
    assert found is not None
    assert found.status is MessageStatus.SENT


async def test_somebody_changes_their_number(peers: Peers) -> None:
    person, before = await peers.somebody("Ida")
    first = await in_thread(person.send, peers.bob, "hello, Bob")
    await peers.told(f"false_{before}_{first}")
    now = peers.sandbox.new_number()
    await in_thread(person.call, "POST", "/number", {"phone": now})
    ida = person._replace(phone=now)
    # An unmodified library on either account tells of it as of a contact's new number.
    for library in (peers.client, peers.twin):
        told = await library.wait("contact_changed", lambda event: event["before"] == str(before))
        assert (told["now"], told["isContact"]) == (ida.jid, True)
    expected = NumberChange(before=before, now=Jid.parse(ida.jid))
    notice = await peers.came(lambda message: message.number_change == expected)
    assert notice.chat == expected.now
    # The new number has the LID of the old one, which nobody has any more.
    [found] = await peers.page.contacts.exists([str(expected.now)])
    assert str(found.lid) == person.lid
    [gone] = await peers.page.contacts.exists([str(before)])
    assert gone.jid is None
    sent = await peers.sent(Text(body="so that is your number"), chat=expected.now)
    await eventually(lambda: ida.message(inner(sent), peers.ann), what="what we write to the new number")
    answer = await in_thread(ida.send, peers.ann, "it is")
    assert (await peers.received(f"false_{ida.jid}_{answer}")).alternate == Jid.parse(person.lid)


async def test_a_member_of_a_group_changes_their_number(peers: Peers) -> None:
    person, before = await peers.somebody("Jo")
    group = {"subject": "Numbers", "participants": [peers.ann.phone, peers.bob.phone], "addressing": "phone"}
    made = await in_thread(person.call, "POST", "/groups", group)
    chat = Jid.parse(made["group"]["id"])
    await peers.notice(chat, NoticeKind.CREATED)
    now = peers.sandbox.new_number()
    await in_thread(person.call, "POST", "/number", {"phone": now})
    told = await peers.client.wait("contact_changed", lambda event: event["before"] == str(before))
    assert (told["now"], told["isContact"], told["chat"]) == (f"{now}@c.us", False, str(chat))
    expected = NumberChange(before=before, now=Jid.parse(f"{now}@c.us"))
    await peers.came(lambda message: message.chat == chat and message.number_change == expected)
    members = (await peers.page.groups.get(chat)).participants
    assert expected.now in [each.jid for each in members]
    assert before not in [each.jid for each in members]


async def test_each_rejects_a_call(peers: Peers) -> None:
    _, jid = await peers.somebody("Ida")
    ida = peers.sandbox.call("GET", f"/accounts/{str(jid).partition('@')[0]}")
    path = f"/accounts/{ida['phone']}"
    call = await in_thread(peers.sandbox.call, "POST", f"{path}/call", {"to": peers.bob.phone})
    await peers.client.wait("call", lambda event: event["id"] == call["id"])
    await peers.client.call("rejectCall", call=call["id"])

    def rejected() -> bool:
        return bool(peers.sandbox.call("GET", f"{path}/calls")["calls"][-1]["state"] == "rejected")

    await eventually(rejected, what="his rejection")
    # On the account's two devices it rings at once, and stops at once, whichever rejects it.
    call = await in_thread(peers.sandbox.call, "POST", f"{path}/call", {"to": peers.ann.phone})
    ours = await peers.ear.until(CallRings, lambda event: event.call.id == call["id"])
    assert Jid.parse(str(ours.call.caller)) == jid
    await peers.twin.wait("call", lambda event: event["id"] == call["id"])
    await peers.page.calls.reject(call["id"])
    stopped = await peers.ear.until(CallStopped, lambda event: event.call.id == call["id"])
    assert stopped.outcome is CallOutcome.REJECTED
    await eventually(rejected, what="our rejection")
    call = await in_thread(peers.sandbox.call, "POST", f"{path}/call", {"to": peers.ann.phone})
    await peers.ear.until(CallRings, lambda event: event.call.id == call["id"])
    await peers.twin.wait("call", lambda event: event["id"] == call["id"])
    await peers.twin.call("rejectCall", call=call["id"])
    stopped = await peers.ear.until(CallStopped, lambda event: event.call.id == call["id"])
    assert stopped.outcome is CallOutcome.MISSED
