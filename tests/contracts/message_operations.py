"""What every page does with contents beside texts and files, and with what is done to messages.

Fixture: ``linked``. It may be one page for all of these tests.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.page_events import ChangesSeen, MessagesSeen, SeenMessage
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation
from domain.changes import AnyChange, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.contact_content import CardName, CardPhone, ContactCard, Contacts
from domain.content import Content, Text
from domain.errors import UnprocessableError
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.ids import WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.operations import Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.text_content import LinkPreview
from tests.contracts.whatsapp_world import Linked, Person, new_id

DAY = timedelta(days=1)
STARTS = datetime(2030, 5, 1, 18, tzinfo=UTC)
CARD = ContactCard(
    name=CardName(formatted="Olga Bö", first="Olga", last="Bö"),
    phones=(CardPhone(phone="+1 555 0001", type="CELL", whatsapp="15550001"),),
)
EVENT = EventInvitation(name="Picnic", starts_at=STARTS, ends_at=STARTS + timedelta(hours=2), description="Bring cake")
POLL = Poll(question="Which one?", options=("red", "green", "blue"), selectable=0)
MENU = ListMenu(
    button="Menu",
    sections=(Section(title="Drinks", rows=(Choice(id="t", title="Tea", description="green"),)),),
)
CONTENTS: tuple[Content, ...] = (
    Location(latitude=52.52, longitude=13.405, name="Alex", address="Berlin"),
    Contacts(cards=(CARD,)),
    Contacts(cards=(CARD, CARD)),
    POLL,
    EVENT,
    GroupInvite(group=Jid.parse("120363000000000000@g.us"), code="AbCdEf0123", group_name="Hikers", expires_at=STARTS),
    Interactive(body="Choose", header="Bar", footer="Open late", action=MENU),
    Interactive(body="Coming?", action=ReplyButtons(buttons=(Choice(id="y", title="Yes"), Choice(id="n", title="No")))),
    Text(
        body="see https://example.org/page",
        preview=LinkPreview(url="https://example.org/page", title="A page", description="of ours", thumbnail=b"jpg"),
    ),
    Text(body="@all hear this", mention_all=True),
)
REPLIES: tuple[Content, ...] = (
    InteractiveReply(choice=Choice(id="t", title="Tea", description="green"), of_list=True),
    InteractiveReply(choice=Choice(id="y", title="Yes"), of_list=False),
)
"""What phones alone send."""


def _name(content: Content) -> str:
    return type(content).__name__


def message(to: Person, content: Content) -> Outgoing:
    return Outgoing(whatsapp_id=new_id(to.jid), chat=to.jid, content=content)


def inner(whatsapp_id: WhatsAppMessageId) -> str:
    """The part of an id that all views share."""
    return whatsapp_id.split("_")[2]


def theirs(writer: Person, inner_id: str) -> WhatsAppMessageId:
    """The id of another person's message in the account's own view."""
    return WhatsAppMessageId(f"false_{writer.jid}_{inner_id}")


def to_do(chat: Person, content: Operation) -> OutgoingOperation:
    return OutgoingOperation(whatsapp_id=new_id(chat.jid), chat=chat.jid, content=content)


async def heard(linked: Linked, inner_id: str) -> SeenMessage:
    seen = await linked.ear.until(
        MessagesSeen, lambda event: any(inner_id in message.whatsapp_id for message in event.messages)
    )
    return next(message for message in seen.messages if inner_id in message.whatsapp_id)


async def changed[T: AnyChange](
    linked: Linked,
    kind: type[T],
    target: WhatsAppMessageId,
    by: Person,
    that: Callable[[T], bool] = lambda _: True,
) -> T:
    """The newest change of a kind to a message by somebody that fits, once there is one."""

    def fitting(event: ChangesSeen) -> list[T]:
        found = [change for change in event.changes if isinstance(change, kind)]
        return [change for change in found if change.target == target and change.by == by.jid and that(change)]

    await linked.ear.until(ChangesSeen, lambda event: bool(fitting(event)))
    events = [event for event in linked.ear.heard if isinstance(event, ChangesSeen)]
    return [change for event in events for change in fitting(event)][-1]


class MessageOperationsContract:
    @pytest.mark.parametrize("content", CONTENTS, ids=_name)
    async def test_a_content_leaves_as_it_is_and_is_sent_once(self, linked: Linked, content: Content) -> None:
        ben = await linked.stage.person("Ben")
        outgoing = message(ben, content)
        sent, again = await asyncio.gather(linked.page.send(outgoing), linked.page.send(outgoing))
        assert sent.whatsapp_id == again.whatsapp_id == outgoing.whatsapp_id
        assert sent.content == content
        assert sent.status is not None
        await ben.sees(linked.me, inner(sent.whatsapp_id))

    @pytest.mark.parametrize("content", [*CONTENTS, *REPLIES], ids=_name)
    async def test_a_content_comes_in_as_it_is(self, linked: Linked, content: Content) -> None:
        ben = await linked.stage.person("Ben")
        told = await heard(linked, await ben.send_content(linked.me, content))
        assert told.content == content
        assert not told.forwarded

    async def test_a_message_that_is_sent_on_carries_the_mark(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        outgoing = Outgoing(
            whatsapp_id=new_id(ben.jid), chat=ben.jid, content=Text(body="heard it there"), forwarded=True
        )
        sent = await linked.page.send(outgoing)
        assert (await ben.sees(linked.me, inner(sent.whatsapp_id))).forwarded

    async def test_reactions_both_ways_take_the_place_of_the_last(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="react")))
        target, part = sent.whatsapp_id, inner(sent.whatsapp_id)
        for emoji in ("👍", "🎉"):
            done = await linked.page.perform(to_do(ben, Reaction(target=target, emoji=emoji)))
            seen = await ben.sees(linked.me, part)
            assert seen.reactions == {linked.me.jid: emoji}
        mine = await changed(linked, Reacted, target, linked.me, lambda change: change.emoji == "🎉")
        assert (mine.from_me, mine.at) == (True, done)
        await ben.react(linked.me, part, "🐦")
        other = await changed(linked, Reacted, target, ben)
        assert (other.emoji, other.from_me, other.chat) == ("🐦", False, ben.jid)
        await linked.page.perform(to_do(ben, Reaction(target=target, emoji="")))
        assert (await ben.sees(linked.me, part)).reactions == {ben.jid: "🐦"}
        await changed(linked, Reacted, target, linked.me, lambda change: change.emoji == "")

    async def test_a_message_is_edited_by_whom_it_is_of(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="helo")))
        done = await linked.page.perform(to_do(ben, Edit(target=sent.whatsapp_id, body="hello")))
        assert (await ben.sees(linked.me, inner(sent.whatsapp_id))).body == "hello"
        mine = await changed(linked, Edited, sent.whatsapp_id, linked.me)
        assert (mine.body, mine.at) == ("hello", done)

        part = await ben.send(linked.me, "bom di")
        await heard(linked, part)
        await ben.edit(linked.me, part, "bom dia")
        other = await changed(linked, Edited, theirs(ben, part), ben)
        assert (other.body, other.from_me) == ("bom dia", False)
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.perform(to_do(ben, Edit(target=theirs(ben, part), body="mine")))
        assert refused.value.reason == "NOT_AN_OWN_MESSAGE"
        assert (await ben.sees(linked.me, part)).body == "bom dia"

    async def test_a_message_is_deleted_for_everyone_by_whom_it_is_of(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="not for long")))
        done = await linked.page.perform(to_do(ben, Revoke(target=sent.whatsapp_id)))
        assert (await ben.sees(linked.me, inner(sent.whatsapp_id))).revoked
        mine = await changed(linked, Revoked, sent.whatsapp_id, linked.me)
        assert (mine.from_me, mine.at) == (True, done)
        # Once more, and asked for after a crash: it is done, and was done then.
        again = to_do(ben, Revoke(target=sent.whatsapp_id))
        assert await linked.page.perform(again) == done
        assert await linked.page.effect(again) == done
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.perform(to_do(ben, Reaction(target=sent.whatsapp_id, emoji="👍")))
        assert refused.value.reason == "SEND_REFUSED"

        part = await ben.send(linked.me, "his, and gone")
        await heard(linked, part)
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.perform(to_do(ben, Revoke(target=theirs(ben, part))))
        assert refused.value.reason == "NOT_AN_OWN_MESSAGE"
        await ben.revoke(linked.me, part)
        other = await changed(linked, Revoked, theirs(ben, part), ben)
        assert (other.from_me, other.chat) == (False, ben.jid)

    async def test_votes_both_ways(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, POLL))
        target, part = sent.whatsapp_id, inner(sent.whatsapp_id)
        await ben.vote(linked.me, part, ("green", "blue"))
        other = await changed(linked, Voted, target, ben)
        assert (sorted(other.options), other.from_me) == (["blue", "green"], False)
        done = await linked.page.perform(to_do(ben, PollVote(target=target, options=("red",))))
        mine = await changed(linked, Voted, target, linked.me)
        assert (mine.options, mine.at) == (("red",), done)
        seen = await ben.sees(linked.me, part)
        assert {who: sorted(options) for who, options in seen.votes.items()} == {
            linked.me.jid: ["red"],
            ben.jid: ["blue", "green"],
        }
        await linked.page.perform(to_do(ben, PollVote(target=target, options=())))
        assert set((await ben.sees(linked.me, part)).votes) == {ben.jid}

    async def test_an_edited_event_is_told_whole(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        part = await ben.send_content(linked.me, EVENT)
        await heard(linked, part)
        moved = EventInvitation(name="Supper", starts_at=STARTS + timedelta(hours=1), canceled=True)
        await ben.edit_event(linked.me, part, moved)
        change = await changed(linked, Edited, theirs(ben, part), ben)
        assert (change.event, change.body) == (moved, "Supper")

    async def test_pins_both_ways(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="read this")))
        target, part = sent.whatsapp_id, inner(sent.whatsapp_id)
        done = await linked.page.perform(to_do(ben, Pin(target=target, duration=7 * DAY)))
        assert (await ben.sees(linked.me, part)).pinned
        mine = await changed(linked, Pinned, target, linked.me)
        assert (mine.until, mine.at) == (done + 7 * DAY, done)
        await linked.page.perform(to_do(ben, Pin(target=target, duration=None)))
        assert not (await ben.sees(linked.me, part)).pinned
        await changed(linked, Pinned, target, linked.me, lambda change: change.until is None)
        await ben.pin(linked.me, part, DAY)
        other = await changed(linked, Pinned, target, ben)
        assert other.until == other.at + DAY

    async def test_what_is_asked_for_twice_at_once_or_later_is_done_once(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="once")))
        operations: tuple[Operation, ...] = (
            Reaction(target=sent.whatsapp_id, emoji="👍"),
            Edit(target=sent.whatsapp_id, body="one"),
            Pin(target=sent.whatsapp_id, duration=DAY),
        )
        for content in operations:
            operation = to_do(ben, content)
            assert await linked.page.effect(operation) is None
            first, second = await asyncio.gather(linked.page.perform(operation), linked.page.perform(operation))
            later = await linked.page.perform(to_do(ben, content))
            assert first == second == later == await linked.page.effect(operation)

    async def test_what_the_page_does_not_have_is_unknown(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        await linked.page.send(message(ben, Text(body="a chat")))
        missing = new_id(ben.jid)
        operations: tuple[Operation, ...] = (
            Reaction(target=missing, emoji="👍"),
            Edit(target=missing, body="x"),
            Revoke(target=missing),
            PollVote(target=missing, options=("x",)),
            Pin(target=missing, duration=DAY),
        )
        for content in operations:
            with pytest.raises(UnprocessableError) as refused:
                await linked.page.perform(to_do(ben, content))
            assert refused.value.reason == "TARGET_UNKNOWN", content
            assert await linked.page.effect(to_do(ben, content)) is None
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.messages.star(missing, starred=True)
        assert refused.value.reason == "TARGET_UNKNOWN"
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.messages.delete_for_me(missing)
        assert refused.value.reason == "TARGET_UNKNOWN"

    async def test_stars_and_deletions_are_the_accounts_own(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        part = await ben.send(linked.me, "note this")
        await heard(linked, part)
        target = theirs(ben, part)
        await linked.page.messages.star(target, starred=True)
        await linked.page.messages.star(target, starred=True)
        assert (await linked.me.sees(ben, part)).starred
        assert not (await ben.sees(linked.me, part)).starred
        await changed(linked, Starred, target, linked.me, lambda change: change.starred)
        await linked.page.messages.star(target, starred=False)
        assert not (await linked.me.sees(ben, part)).starred
        await linked.page.messages.delete_for_me(target)
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.messages.delete_for_me(target)
        assert refused.value.reason == "TARGET_UNKNOWN"
        assert await linked.me.held(ben, "note this") == []
        assert len(await ben.held(linked.me, "note this")) == 1
        found = await linked.page.find(target)
        assert found is None or Deleted in {type(change) for change in found.changes}

    async def test_only_what_can_be_played_is_marked_as_played(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        part = await ben.send(linked.me, "a text")
        await heard(linked, part)
        with pytest.raises(UnprocessableError) as refused:
            await linked.page.messages.mark_played(theirs(ben, part))
        assert refused.value.reason == "NOT_PLAYABLE"

    async def test_a_message_that_is_looked_up_tells_what_was_done_to_it(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(message(ben, Text(body="befor")))
        target, part = sent.whatsapp_id, inner(sent.whatsapp_id)
        await linked.page.perform(to_do(ben, Edit(target=target, body="before")))
        await ben.react(linked.me, part, "💾")
        await changed(linked, Reacted, target, ben)
        await linked.page.messages.star(target, starred=True)
        found, again = await linked.page.find(target), await linked.page.find(target)
        assert found is not None
        assert {type(change) for change in found.changes} == {Edited, Reacted, Starred}
        assert again == found
        await linked.page.perform(to_do(ben, Revoke(target=target)))
        gone = await linked.page.find(target)
        assert gone is not None
        assert gone.whatsapp_id == target
        assert Revoked in {type(change) for change in gone.changes}
