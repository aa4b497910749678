"""What an account does to itself alone: its other device, an unmodified whatsapp-web.js, shows it and does it, too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.people_events import ChatChanged, ContactChanged
from domain.changes import Deleted, Starred
from domain.chat import Chat, ChatChange, Muted
from domain.contact import Contact, Name
from domain.errors import NotFoundError
from domain.jid import Jid
from domain.text_content import Text

from ..sandbox import eventually
from .peers import Peers, inner

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def changed(peers: Peers, chat: Jid, what: str, *, after: int) -> Chat:
    event = await peers.ear.until(
        ChatChanged, lambda event: event.chat.jid == chat and what in event.changed, after=after
    )
    return event.chat


async def known(peers: Peers, jid: Jid, fits: Callable[[Contact], bool], *, after: int) -> None:
    await peers.ear.until(ContactChanged, lambda event: event.contact.jid == jid and fits(event.contact), after=after)


async def test_what_we_send_shows_on_the_other_device_and_the_other_way_round(peers: Peers) -> None:
    sent, _ = await peers.send(Text(body="from the gateway"))
    told = await peers.told(sent, client=peers.twin)
    assert (told["fromMe"], told["body"], told["to"]) == (True, "from the gateway", peers.bob.jid)
    theirs = await peers.twin.call("send", to=peers.bob.jid, text="from the other device", options={})
    seen = await peers.received(theirs["id"])
    assert (seen.from_me, seen.content) == (True, Text(body="from the other device"))


async def test_stars_both_ways(peers: Peers) -> None:
    seen, _ = await peers.text("to be kept")
    key = (await peers.told(seen.whatsapp_id, client=peers.twin))["id"]

    async def starred() -> bool:
        return bool((await peers.twin.call("message", key=key))["isStarred"])

    async def unstarred() -> bool:
        return not await starred()

    await peers.page.messages.star(seen.whatsapp_id, starred=True)
    await eventually(starred, what="our star")
    await peers.page.messages.star(seen.whatsapp_id, starred=False)
    await eventually(unstarred, what="no star any more")
    mark = len(peers.ear.heard)
    await peers.twin.call("star", of=key)
    await peers.change(Starred, seen.whatsapp_id, lambda change: change.starred, ours=True, after=mark)
    await peers.twin.call("unstar", of=key)
    await peers.change(Starred, seen.whatsapp_id, lambda change: not change.starred, ours=True, after=mark)


async def test_deletions_for_oneself_both_ways(peers: Peers) -> None:
    ours, his = (await peers.text("to be gone"))[0], (await peers.text("to be gone, too"))[0]
    for seen in (ours, his):
        await peers.told(seen.whatsapp_id, client=peers.twin)
    await peers.page.messages.delete_for_me(ours.whatsapp_id)
    await peers.twin.wait("message_revoke_me", lambda event: inner(event["id"]) == inner(ours.whatsapp_id))
    await peers.twin.call("delete", of=his.whatsapp_id, everyone=False)
    await peers.change(Deleted, his.whatsapp_id, ours=True)
    assert len(peers.bob.held(peers.ann, "to be gone")) == 1


async def test_what_we_change_of_a_chat_shows_on_the_other_device(peers: Peers) -> None:
    _, chat = await peers.somebody("Cyd")
    await peers.page.chats.change(chat, ChatChange(archived=True))
    await peers.twin.wait("chat_archived", lambda event: event["chat"] == str(chat) and event["now"] is True)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)
    await peers.page.chats.change(chat, ChatChange(archived=False, pinned=True, mute=Muted(until=until)))
    await peers.twin_shows(
        chat, archived=False, pinned=True, isMuted=True, muteExpiration=int(until.timestamp()), unread=1
    )
    await peers.page.chats.change(chat, ChatChange(pinned=False, unmute=True, unread=False))
    await peers.twin.wait("unread_count", lambda event: event["chat"] == str(chat) and event["unread"] == 0)
    await peers.twin_shows(chat, pinned=False, isMuted=False, unread=0)
    await peers.page.chats.change(chat, ChatChange(unread=True))
    await peers.twin_shows(chat, unread=-1)


async def test_what_the_other_device_changes_of_a_chat_is_told(peers: Peers) -> None:
    _, chat = await peers.somebody("Dan")
    mark = len(peers.ear.heard)
    await peers.twin.call("archive", chat=str(chat))
    assert (await changed(peers, chat, "archived", after=mark)).archived is True
    await peers.twin.call("pin", chat=str(chat))
    # A chat that is pinned is in the archive no more, or the other way round; what counts is that it is told.
    assert (await changed(peers, chat, "pinned", after=mark)).pinned_at is not None
    await peers.twin.call("mute", chat=str(chat))
    assert (await changed(peers, chat, "muted", after=mark)).muted == Muted()
    await peers.twin.call("seen", chat=str(chat))
    assert (await changed(peers, chat, "unread", after=mark)).unread == 0
    mark = len(peers.ear.heard)
    await peers.twin.call("markUnread", chat=str(chat))
    assert (await changed(peers, chat, "unread", after=mark)).marked_unread is True
    await peers.twin.call("unpin", chat=str(chat))
    assert (await changed(peers, chat, "pinned", after=mark)).pinned_at is None
    await peers.twin.call("unmute", chat=str(chat))
    assert (await changed(peers, chat, "muted", after=mark)).muted is None
    await peers.twin.call("archive", chat=str(chat))
    await peers.twin.call("unarchive", chat=str(chat))
    assert (await peers.page.chats.get(chat)).archived is False


async def test_clearing_and_deleting_a_chat_both_ways(peers: Peers) -> None:
    _, chat = await peers.somebody("Eve")
    await peers.page.chats.clear(chat, keep_starred=False)

    async def empty() -> bool:
        return await peers.twin.call("history", chat=str(chat), limit=10) == []

    await eventually(empty, what="an empty chat on the other device")
    await peers.page.chats.delete(chat)
    await peers.twin.wait("chat_removed", lambda event: event["chat"] == str(chat))
    _, chat = await peers.somebody("Fay")
    assert await peers.twin.call("clearMessages", chat=str(chat)) is True

    async def cleared() -> bool:
        return (await peers.page.chats.older(chat, before=None, limit=10)).messages == ()

    await eventually(cleared, what="an empty chat")
    mark = len(peers.ear.heard)
    assert await peers.twin.call("deleteChat", chat=str(chat)) is True
    await changed(peers, chat, "deleted", after=mark)
    with pytest.raises(NotFoundError):
        await peers.page.chats.get(chat)


async def test_the_address_book_both_ways(peers: Peers) -> None:
    gus, jid = await peers.somebody("Gus")

    async def name(expected: str | None) -> None:
        async def shows() -> bool:
            return (await peers.twin.call("person", of=str(jid)))["name"] == expected

        await eventually(shows, what=f"the name {expected}")

    await peers.page.contacts.save(jid, Name(first="August", last="K"), on_phone=True)
    await name("August K")
    assert str(jid) in await peers.twin.call("contacts")
    await peers.page.contacts.remove(jid)

    async def removed() -> bool:
        return not (await peers.twin.call("person", of=str(jid)))["isMyContact"]

    await eventually(removed, what="nobody in the address book")
    mark = len(peers.ear.heard)
    await peers.twin.call("saveContact", phone=gus.phone, first="Gustav", last="K")
    await known(peers, jid, lambda contact: contact.name == "Gustav K", after=mark)
    assert [each.name for each in await peers.page.contacts.list(saved=True) if each.jid == jid] == ["Gustav K"]
    mark = len(peers.ear.heard)
    await peers.twin.call("deleteContact", phone=str(jid))
    await known(peers, jid, lambda contact: not contact.saved, after=mark)


async def test_blocking_both_ways(peers: Peers) -> None:
    hal, jid = await peers.somebody("Hal")

    async def blocked() -> bool:
        return str(jid) in await peers.twin.call("blocked")

    async def unblocked() -> bool:
        return not await blocked()

    await peers.page.blocklist.block(jid)
    await eventually(blocked, what="blocked")
    assert (await peers.twin.call("person", of=str(jid)))["isBlocked"] is True
    await peers.page.blocklist.unblock(jid)
    await eventually(unblocked, what="unblocked")
    mark = len(peers.ear.heard)
    assert await peers.twin.call("block", of=str(jid)) is True
    await known(peers, jid, lambda contact: contact.blocked, after=mark)
    assert [each.jid for each in await peers.page.blocklist.list()] == [jid]
    assert peers.ann.call("GET", "/blocklist")["blocked"] == [hal.phone]
    mark = len(peers.ear.heard)
    assert await peers.twin.call("unblock", of=str(jid)) is True
    await known(peers, jid, lambda contact: not contact.blocked, after=mark)
