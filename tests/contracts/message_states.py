"""What every store of messages' states does. Fixture: ``uow``, over an empty store."""

import asyncio
from datetime import timedelta
from typing import Any

from application.ports.message_repository import MessageFilter
from application.ports.message_states import NewReceipt, ParticipantReceipt
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.changes import Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.content import Content, Text, Unsupported
from domain.event_content import EventInvitation
from domain.ids import WhatsAppMessageId
from domain.message import MessageStatus
from domain.message_state import NOTHING_DONE, MessageState
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from tests.contracts.samples import ANA, ANA_LID, BOB, GROUP, SALES, SUPPORT, at, outbound

TARGET = WhatsAppMessageId("true_15550100002@c.us_3EB0")
OTHER = WhatsAppMessageId("true_15550100002@c.us_3EB1")


def common(seconds: float = 0) -> dict[str, Any]:
    return {"target": TARGET, "chat": ANA, "by": ANA, "from_me": False, "at": at(seconds), "alternate": ANA_LID}


FULL = MessageState(
    edited=Edited(
        **common(1),
        body="new \x00 \ud83d 🕊",
        mentions=(BOB,),
        event=EventInvitation(name="new \x00", starts_at=at(60), description="\ud83d"),
    ),
    revoked=Revoked(**common(2)),
    pinned=Pinned(**common(3), until=at(90)),
    starred=Starred(**common(4), starred=True),
    deleted=Deleted(**common(5)),
    reactions=(Reacted(**common(6), emoji="👍"),),
    votes=(Voted(**common(7), options=("a\x00", "b")),),
)


async def save(uow: UnitOfWorkFactory, state: MessageState, target: WhatsAppMessageId = TARGET) -> None:
    async with uow.begin() as unit:
        await unit.states.lock(SALES, [target])
        await unit.states.save(SALES, {target: state})


class MessageStatesContract:
    async def test_a_state_comes_back_whole_whether_its_message_is_there_or_not(self, uow: UnitOfWorkFactory) -> None:
        await save(uow, FULL)
        async with uow.begin() as unit:
            assert await unit.states.look_up(SALES, [TARGET, OTHER]) == {TARGET: FULL}
            assert await unit.states.look_up(SUPPORT, [TARGET]) == {}
            assert await unit.states.lock(SALES, [TARGET, OTHER]) == {TARGET: FULL, OTHER: NOTHING_DONE}
            assert await unit.states.look_up(SALES, []) == await unit.states.lock(SALES, []) == {}

    async def test_what_isnt_committed_never_was(self, uow: UnitOfWorkFactory) -> None:
        class BrokenOffError(Exception):
            pass

        try:
            async with uow.begin() as unit:
                await unit.states.lock(SALES, [TARGET])
                await unit.states.save(SALES, {TARGET: FULL})
                raise BrokenOffError
        except BrokenOffError:
            pass
        async with uow.begin() as unit:
            assert (await unit.states.lock(SALES, [TARGET]))[TARGET] == NOTHING_DONE

    async def test_who_comes_second_sees_what_the_first_has_done(self, uow: UnitOfWorkFactory) -> None:
        """Also where there was nothing before: two that tell of the same reaction at once tell it once."""
        change = Reacted(**common(), emoji="👍")

        async def tell() -> bool:
            async with uow.begin() as unit:
                before = (await unit.states.lock(SALES, [OTHER, TARGET]))[TARGET]
                after = before.apply(change)
                await asyncio.sleep(0.01)
                await unit.states.save(SALES, {TARGET: after})
                return after.says_more(before, change)

        async with asyncio.timeout(10):
            assert sorted(await asyncio.gather(*[tell() for _ in range(4)])) == [False, False, False, True]

    async def test_a_message_shows_its_state_where_it_is_read(self, uow: UnitOfWorkFactory) -> None:
        message, other = outbound(whatsapp_id=TARGET), outbound(whatsapp_id=OTHER)
        await save(uow, FULL)
        async with uow.begin() as unit:
            await unit.messages.add_absent([message, other])
        async with uow.begin() as unit:
            assert (await unit.messages.get(message.id)).state == FULL
            assert (await unit.messages.get(other.id)).state == NOTHING_DONE
            found = await unit.messages.find([message.id, other.id])
            listed = {each.id: each for each in await unit.messages.list(MessageFilter(), after=None, limit=9)}
            assert found[message.id].state == listed[message.id].state == FULL
            assert found[other.id] == listed[other.id] == other
            assert (await unit.messages.get(message.id)).shown_content == Text(body=FULL.edited.body, mentions=(BOB,))  # type: ignore[union-attr] # it is edited
            # Saving a message leaves its state alone.
            await unit.messages.save([message])
            assert (await unit.messages.get(message.id)).state == FULL

    async def test_lists_show_operations_only_when_asked_for(self, uow: UnitOfWorkFactory) -> None:
        contents: list[Content] = [
            Text(body="hi"),
            Unsupported(kind="odd", raw={"nul": "\x00"}),
            Reaction(target=TARGET, emoji="👍"),
            Edit(target=TARGET, body="new"),
            Revoke(target=TARGET),
            PollVote(target=TARGET, options=("a",)),
            Pin(target=TARGET, duration=timedelta(days=1)),
        ]
        added = [outbound(content=content) for content in contents]
        async with uow.begin() as unit:
            await unit.messages.add_absent(added)
        async with uow.begin() as unit:
            for message in added:
                assert await unit.messages.get(message.id) == message

            async def listed(*types: str) -> set[Content]:
                criteria = MessageFilter(types=frozenset(types))
                return {
                    type(each.content).__name__ for each in await unit.messages.list(criteria, after=None, limit=99)
                }  # type: ignore[misc] # names stand for contents here

            assert await listed() == {"Text", "Unsupported"}
            assert await listed("reaction", "text") == {"Reaction", "Text"}
            assert await listed("edit", "revoke", "poll_vote", "pin") == {"Edit", "Revoke", "PollVote", "Pin"}
            assert await listed("unsupported") == {"Unsupported"}
            assert await listed("nonsense") == set()

    async def test_receipts_of_members_only_move_forward_and_each_is_told_once(self, uow: UnitOfWorkFactory) -> None:
        def receipt(status: MessageStatus, seconds: float, participant: Any = ANA) -> NewReceipt:
            return NewReceipt(message=TARGET, participant=participant, status=status, at=at(seconds))

        delivered, read, played = (
            receipt(status, n)
            for n, status in enumerate((MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED))
        )
        async with uow.begin() as unit:
            added = await unit.states.add_receipts(
                SALES, [delivered, delivered, read, receipt(MessageStatus.READ, 1, BOB)]
            )
            assert added == (delivered, read, receipt(MessageStatus.READ, 1, BOB))
        async with uow.begin() as unit:
            assert (
                await unit.states.add_receipts(SALES, [read, delivered, receipt(MessageStatus.DELIVERED, 5, BOB)]) == ()
            )
            assert await unit.states.add_receipts(SALES, []) == ()
            assert await unit.states.add_receipts(SALES, [played]) == (played,)
        async with uow.begin() as unit:
            assert await unit.states.receipts(SALES, TARGET) == (
                ParticipantReceipt(participant=ANA, delivered_at=at(0), read_at=at(1), played_at=at(2)),
                ParticipantReceipt(participant=BOB, read_at=at(1)),
            )
            assert await unit.states.receipts(SUPPORT, TARGET) == ()
            assert await unit.states.receipts(SALES, OTHER) == ()

    async def test_two_that_tell_of_the_same_receipt_at_once_tell_it_once(self, uow: UnitOfWorkFactory) -> None:
        given = NewReceipt(message=TARGET, participant=GROUP, status=MessageStatus.READ, at=at(1))

        async def tell() -> int:
            async with uow.begin() as unit:
                added = await unit.states.add_receipts(SALES, [given])
                await asyncio.sleep(0.01)
                return len(added)

        async with asyncio.timeout(10):
            assert sorted(await asyncio.gather(*[tell() for _ in range(3)])) == [0, 0, 1]
