"""What every page does with chats, people, presence and calls once it is linked.

Fixture: ``linked``, one page for all of these tests, whose stage is a ``PeopleStage``.
"""

import asyncio
from abc import abstractmethod
from typing import Any, Final, Protocol

import pytest

from application.ports.page_events import MessagesSeen
from application.ports.people_events import CallRings, CallStopped, ChatChanged, ContactChanged
from domain.call import CallOutcome
from domain.chat import ChatChange, Muted
from domain.contact import Name
from domain.errors import NotFoundError, UnprocessableError
from domain.jid import Jid
from domain.presence import Activity
from tests.contracts.whatsapp_world import SECONDS, Linked, Person

NOBODY: Final = Jid.parse("15559997766@c.us")
"""Without an account, and in nobody's chats: a page keeps a chat with whoever was written to in vain."""


class PeopleStage(Protocol):
    """What phones show and do besides messages."""

    @abstractmethod
    async def chat(self, who: Person, other: Person) -> dict[str, Any]:
        """A phone's chat: ``archived``, ``pinned``, ``muted``, ``marked_unread``, ``unread``."""

    @abstractmethod
    async def has_chat(self, who: Person, other: Person) -> bool:
        """Whether a phone has a chat."""

    @abstractmethod
    async def saved(self, who: Person) -> dict[str, str]:
        """A phone's address book: names by number."""

    @abstractmethod
    async def blocked(self, who: Person) -> list[str]:
        """The numbers that an account has blocked."""

    @abstractmethod
    async def typing(self, who: Person, other: Person) -> str | None:
        """What a phone shows the other to be at: ``COMPOSING``, ``RECORDING`` or nothing."""

    @abstractmethod
    async def show(self, who: Person, *, about: str, username: str) -> None:
        """Sets what an account shows of itself."""

    @abstractmethod
    async def call(self, who: Person, to: Person) -> str:
        """A phone calls; gives the call's id."""

    @abstractmethod
    async def hang_up(self, who: Person, call_id: str, to: Person) -> None:
        """The caller gives up."""

    @abstractmethod
    async def lid(self, who: Person) -> Jid:
        """An account's LID."""


async def met(linked: Linked, name: str = "Ben") -> Person:
    """Somebody who has written to the account."""
    ben = await linked.stage.person(name)
    inner = await ben.send(linked.me, "olá")
    await linked.ear.until(MessagesSeen, lambda event: any(inner in each.whatsapp_id for each in event.messages))
    return ben


def stage_of(linked: Linked) -> PeopleStage:
    stage: Any = linked.stage
    people: PeopleStage = stage
    return people


async def shows(linked: Linked, who: Person, typing: str | None) -> None:
    """Waits until a phone shows the account at this: WhatsApp answers no activity, and it takes its way."""
    async with asyncio.timeout(SECONDS):
        while await stage_of(linked).typing(who, linked.me) != typing:  # noqa: ASYNC110 - it is asked, it doesn't tell
            await asyncio.sleep(0.02)


class PeoplePagesContract:
    async def test_a_chat_is_listed_and_found_under_either_address(self, linked: Linked) -> None:
        ben = await met(linked)
        lid = await stage_of(linked).lid(ben)
        [chat] = [chat for chat in await linked.page.chats.list() if chat.jid == ben.jid]
        assert (chat.alternate, chat.name, chat.archived) == (lid, "Ben", False)
        assert (await linked.page.chats.get(lid)).jid == (await linked.page.chats.get(ben.jid)).jid == ben.jid
        with pytest.raises(NotFoundError) as unknown:
            await linked.page.chats.get(NOBODY)
        assert unknown.value.reason == "CHAT_NOT_FOUND"

    async def test_changes_of_a_chat_reach_the_phone_and_are_told(self, linked: Linked) -> None:
        ben = await met(linked)
        mark = len(linked.ear.heard)
        chat = await linked.page.chats.change(
            ben.jid, ChatChange(archived=True, pinned=True, mute=Muted(), unread=False)
        )
        assert (chat.archived, chat.muted, chat.unread) == (True, Muted(), 0)
        assert chat.pinned_at is not None
        phone = await stage_of(linked).chat(linked.me, ben)
        assert phone == {"archived": True, "pinned": True, "muted": True, "marked_unread": False, "unread": 0}
        told = set[str]()

        def all_told(event: ChatChanged) -> bool:
            if event.chat.jid == ben.jid:
                told.update(event.changed)
            return told >= {"archived", "pinned", "muted", "unread"}

        await linked.ear.until(ChatChanged, all_told, after=mark)
        # To say it again changes nothing; the opposite undoes it.
        assert (await linked.page.chats.change(ben.jid, ChatChange(archived=True))).archived
        chat = await linked.page.chats.change(
            ben.jid, ChatChange(archived=False, pinned=False, unmute=True, unread=True)
        )
        assert (chat.archived, chat.pinned_at, chat.muted, chat.marked_unread) == (False, None, None, True)
        phone = await stage_of(linked).chat(linked.me, ben)
        assert phone == {"archived": False, "pinned": False, "muted": False, "marked_unread": True, "unread": 0}

    async def test_a_fourth_chat_is_not_pinned(self, linked: Linked) -> None:
        people = [await met(linked, f"P{number}") for number in range(4)]
        for person in people[:3]:
            await linked.page.chats.change(person.jid, ChatChange(pinned=True))
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.chats.change(people[3].jid, ChatChange(pinned=True))
        assert refused.value.reason == "TOO_MANY_PINNED"
        for person in people[:3]:
            await linked.page.chats.change(person.jid, ChatChange(pinned=False))

    async def test_clearing_and_deleting_are_the_account_s_alone(self, linked: Linked) -> None:
        ben = await met(linked)
        mark = len(linked.ear.heard)
        await linked.page.chats.clear(ben.jid, keep_starred=True)
        await linked.ear.until(
            ChatChanged, lambda event: event.chat.jid == ben.jid and "cleared" in event.changed, after=mark
        )
        assert await linked.me.held(ben, "olá") == []
        assert len(await ben.held(linked.me, "olá")) == 1
        await linked.page.chats.delete(ben.jid)
        assert not await stage_of(linked).has_chat(linked.me, ben)
        await linked.page.chats.delete(ben.jid)
        with pytest.raises(NotFoundError):
            await linked.page.chats.get(ben.jid)

    async def test_history_goes_back_from_a_message(self, linked: Linked) -> None:
        ben = await met(linked)
        for number in range(3):
            inner = await ben.send(linked.me, f"m{number}")
        await linked.ear.until(MessagesSeen, lambda event: any(inner in each.whatsapp_id for each in event.messages))
        newest = await linked.page.chats.older(ben.jid, before=None, limit=2)
        bodies = [getattr(message.content, "body", None) for message in newest.messages]
        assert (bodies, newest.more) == (["m1", "m2"], True)
        rest = await linked.page.chats.older(ben.jid, before=newest.messages[0].whatsapp_id, limit=10)
        bodies = [getattr(message.content, "body", None) for message in rest.messages]
        assert (bodies, rest.more) == (["olá", "m0"], False)

    async def test_the_address_book_is_the_phone_s(self, linked: Linked) -> None:
        ben = await met(linked)
        mark = len(linked.ear.heard)
        contact = await linked.page.contacts.save(ben.jid, Name(first="Benedita", last="Sá"), on_phone=True)
        assert (contact.name, contact.saved, contact.push_name) == ("Benedita Sá", True, "Ben")
        assert (await stage_of(linked).saved(linked.me))[ben.number] == "Benedita Sá"
        await linked.ear.until(ContactChanged, lambda event: event.contact.name == "Benedita Sá", after=mark)
        assert ben.jid in {each.jid for each in await linked.page.contacts.list(saved=True)}
        for _ in range(2):
            assert not (await linked.page.contacts.remove(ben.jid)).saved
        assert ben.number not in await stage_of(linked).saved(linked.me)

    async def test_people_are_looked_up(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        lid = await stage_of(linked).lid(ben)
        username = f"ben{ben.number[-6:]}"
        await stage_of(linked).show(ben, about="at sea", username=username)
        asked = [str(ben.jid), str(NOBODY), f"@{username}", "@nobody.there"]
        found = await linked.page.contacts.exists(asked)
        assert [each.asked for each in found] == asked
        assert [each.exists for each in found] == [True, False, True, False]
        assert (found[0].jid, found[0].lid, found[2].lid) == (ben.jid, lid, lid)
        assert await linked.page.contacts.about(ben.jid) == "at sea"
        assert await linked.page.contacts.picture(ben.jid) is None
        assert await linked.page.contacts.business(ben.jid) is None
        assert await linked.page.contacts.common_groups(ben.jid) == ()
        with pytest.raises(UnprocessableError) as unknown:
            await linked.page.contacts.get(NOBODY)
        assert unknown.value.reason == "NUMBER_NOT_ON_WHATSAPP"

    async def test_who_is_blocked_does_not_arrive(self, linked: Linked) -> None:
        ben = await met(linked)
        for _ in range(2):
            assert (await linked.page.blocklist.block(ben.jid)).blocked
        assert ben.number in await stage_of(linked).blocked(linked.me)
        assert ben.jid in {contact.jid for contact in await linked.page.blocklist.list()}
        await ben.send(linked.me, "unheard")
        for _ in range(2):
            assert not (await linked.page.blocklist.unblock(ben.jid)).blocked
        inner = await ben.send(linked.me, "heard")
        await linked.ear.until(MessagesSeen, lambda event: any(inner in each.whatsapp_id for each in event.messages))
        assert await linked.me.held(ben, "unheard") == []

    async def test_activity_shows_on_the_other_phone(self, linked: Linked) -> None:
        ben = await met(linked)
        for activity in (Activity.COMPOSING, Activity.RECORDING):
            await linked.page.presence.act(ben.jid, activity)
            await shows(linked, ben, activity.value)
        await linked.page.presence.act(ben.jid, Activity.PAUSED)
        await shows(linked, ben, None)
        with pytest.raises(NotFoundError):
            await linked.page.presence.act(NOBODY, Activity.COMPOSING)
        presence = await linked.page.presence.subscribe(ben.jid)
        assert presence.chat == ben.jid

    async def test_a_call_rings_and_is_rejected_once(self, linked: Linked) -> None:
        ben = await met(linked)
        mark = len(linked.ear.heard)
        call_id = await stage_of(linked).call(ben, linked.me)
        rings = await linked.ear.until(CallRings, lambda event: event.call.id == call_id, after=mark)
        assert (rings.call.caller, rings.call.video) == (ben.jid, False)
        assert call_id in {call.id for call in await linked.page.calls.ringing()}
        for _ in range(2):
            assert (await linked.page.calls.reject(call_id)).id == call_id
        stopped = await linked.ear.until(CallStopped, lambda event: event.call.id == call_id, after=mark)
        assert stopped.outcome is CallOutcome.REJECTED
        with pytest.raises(NotFoundError) as unknown:
            await linked.page.calls.reject("NOSUCHCALL")
        assert unknown.value.reason == "CALL_NOT_FOUND"

    async def test_a_call_that_is_given_up_is_missed(self, linked: Linked) -> None:
        ben = await met(linked)
        mark = len(linked.ear.heard)
        call_id = await stage_of(linked).call(ben, linked.me)
        await linked.ear.until(CallRings, lambda event: event.call.id == call_id, after=mark)
        await stage_of(linked).hang_up(ben, call_id, linked.me)
        stopped = await linked.ear.until(CallStopped, lambda event: event.call.id == call_id, after=mark)
        assert stopped.outcome is CallOutcome.MISSED
        with pytest.raises(NotFoundError):
            await linked.page.calls.reject(call_id)
