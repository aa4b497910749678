"""What every outbox does. Fixture: ``uow``, over an empty store."""

import asyncio
from collections import defaultdict
from dataclasses import replace

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import MessageId
from domain.jid import Jid
from domain.message import Message, MessageStatus
from tests.contracts.samples import ANA, BOB, GROUP, NOON, SALES, SUPPORT, at, inbound, outbound


async def add(uow: UnitOfWorkFactory, *messages: Message) -> None:
    async with uow.begin() as unit:
        await unit.messages.add_absent(messages)


async def claim(uow: UnitOfWorkFactory, *busy: Jid, limit: int = 100) -> list[MessageId]:
    async with uow.begin() as unit:
        return [message.id for message in await unit.outbox.claim(SALES, now=NOON, busy=busy, limit=limit)]


async def finish(uow: UnitOfWorkFactory, message_id: MessageId) -> None:
    async with uow.begin() as unit:
        message = await unit.messages.get(message_id)
        await unit.messages.save([message.advance(MessageStatus.SENT, at(9))])


class OutboxContract:
    async def test_the_oldest_of_each_chat_oldest_first(self, uow: UnitOfWorkFactory) -> None:
        bob, ana, ana_later, group = outbound(BOB), outbound(ANA), outbound(ANA), outbound(GROUP)
        await add(uow, bob, ana, ana_later)
        await add(uow, group, outbound(ANA, SUPPORT), inbound(BOB), outbound(BOB, status=MessageStatus.SENT))
        async with uow.begin() as unit:
            claimed = await unit.outbox.claim(SALES, now=NOON, busy=(), limit=100)
            assert claimed == tuple(replace(each, status=MessageStatus.SENDING) for each in (bob, ana, group))
        async with uow.begin() as unit:
            assert await unit.messages.get(bob.id) == claimed[0]
        assert await claim(uow) == []

    async def test_order_is_that_of_acceptance_whatever_the_ids_and_times_say(self, uow: UnitOfWorkFactory) -> None:
        second, first = outbound(ANA, created_at=at(-5)), outbound(ANA, created_at=at(5))
        await add(uow, first, second)
        assert await claim(uow) == [first.id]
        await finish(uow, first.id)
        assert await claim(uow) == [second.id]

    async def test_a_chat_waits_while_it_sends_or_is_busy(self, uow: UnitOfWorkFactory) -> None:
        first, second, other = outbound(ANA), outbound(ANA), outbound(BOB)
        await add(uow, first, second, other)
        assert await claim(uow, BOB) == [first.id]
        assert await claim(uow, BOB) == []
        assert await claim(uow) == [other.id]
        await finish(uow, first.id)
        assert await claim(uow, ANA) == []
        assert await claim(uow) == [second.id]

    async def test_a_chat_goes_on_behind_one_that_failed(self, uow: UnitOfWorkFactory) -> None:
        first, second = outbound(ANA), outbound(ANA)
        await add(uow, first, second)
        async with uow.begin() as unit:
            await unit.messages.save([first.advance(MessageStatus.CANCELED, at(1))])
        assert await claim(uow) == [second.id]

    async def test_a_chat_is_clear_while_nothing_waits_in_it(self, uow: UnitOfWorkFactory) -> None:
        async def is_clear(chat: Jid) -> bool:
            async with uow.begin() as unit:
                return await unit.outbox.is_clear(SALES, chat, now=NOON)

        assert await is_clear(ANA)
        scheduled = outbound(ANA, not_before=at(1))
        await add(uow, scheduled, outbound(ANA, SUPPORT), inbound(ANA), outbound(ANA, status=MessageStatus.SENT))
        assert await is_clear(ANA)
        first, due = outbound(ANA), outbound(BOB, not_before=at(0))
        await add(uow, first, due)
        assert not await is_clear(ANA)
        assert not await is_clear(BOB)
        async with uow.begin() as holder:
            await holder.messages.lock(SALES, {first.whatsapp_id})
            assert await claim(uow) == [due.id]
            assert not await is_clear(ANA)
        assert await claim(uow) == [first.id]
        assert not await is_clear(ANA)
        await finish(uow, first.id)
        assert await is_clear(ANA)
        assert await is_clear(GROUP)

    async def test_a_limit(self, uow: UnitOfWorkFactory) -> None:
        messages = [outbound(Jid.from_phone(f"155501{n:05}")) for n in range(7)]
        await add(uow, *messages)
        assert await claim(uow, limit=3) == [message.id for message in messages[:3]]
        assert await claim(uow, limit=0) == []
        assert await claim(uow) == [message.id for message in messages[3:]]

    async def test_unfinished_are_those_in_sending(self, uow: UnitOfWorkFactory) -> None:
        ana, bob, ana_later = outbound(ANA), outbound(BOB), outbound(ANA)
        await add(uow, ana, bob, ana_later, outbound(ANA, SUPPORT, status=MessageStatus.SENDING))
        await claim(uow)
        await finish(uow, ana.id)
        await claim(uow)
        async with uow.begin() as unit:
            assert [message.id for message in await unit.outbox.unfinished(SALES)] == [bob.id, ana_later.id]

    async def test_a_claim_that_is_taken_back_can_be_made_again(self, uow: UnitOfWorkFactory) -> None:
        message = outbound()
        await add(uow, message)
        try:
            async with uow.begin() as unit:
                assert await unit.outbox.claim(SALES, now=NOON, busy=(), limit=1)
                raise ZeroDivisionError
        except ZeroDivisionError:
            assert await claim(uow) == [message.id]

    async def test_a_claimer_passes_over_what_another_holds(self, uow: UnitOfWorkFactory) -> None:
        ana, ana_later, bob = outbound(ANA), outbound(ANA), outbound(BOB)
        await add(uow, ana, ana_later, bob)
        async with uow.begin() as unit:
            assert [each.id for each in await unit.outbox.claim(SALES, now=NOON, busy=(BOB,), limit=100)] == [ana.id]
            async with asyncio.timeout(2):
                # The second of that chat isn't taken in place of the first.
                assert await claim(uow) == [bob.id]

    async def test_many_claimers_send_each_once_and_in_order(self, uow: UnitOfWorkFactory) -> None:
        chats = [Jid.from_phone(f"155502{n:05}") for n in range(5)]
        accepted: defaultdict[Jid, list[MessageId]] = defaultdict(list)
        left: defaultdict[Jid, list[MessageId]] = defaultdict(list)
        for n in range(50):
            message = outbound(chats[n % 5])
            accepted[message.chat].append(message.id)
            await add(uow, message)

        async def work() -> None:
            while sum(map(len, left.values())) < 50:
                async with uow.begin() as unit:
                    claimed = await unit.outbox.claim(SALES, now=NOON, busy=(), limit=3)
                for message in claimed:
                    left[message.chat].append(message.id)
                    await finish(uow, message.id)

        async with asyncio.timeout(60):
            await asyncio.gather(*(work() for _ in range(6)))
        assert left == accepted

    async def test_a_message_that_isnt_due_keeps_nobody_waiting(self, uow: UnitOfWorkFactory) -> None:
        later, now, other = outbound(ANA, not_before=at(60)), outbound(ANA), outbound(BOB, not_before=at(-1))
        await add(uow, later, now, other)
        assert await claim(uow) == [now.id, other.id]
        await finish(uow, now.id)
        assert await claim(uow) == []
        async with uow.begin() as unit:
            (due,) = await unit.outbox.claim(SALES, now=at(60), busy=(), limit=10)
            assert due == replace(later, status=MessageStatus.SENDING)

    async def test_once_due_its_place_is_that_of_its_acceptance(self, uow: UnitOfWorkFactory) -> None:
        scheduled, plain = outbound(ANA, not_before=at(-1)), outbound(ANA)
        await add(uow, scheduled, plain)
        assert await claim(uow) == [scheduled.id]
        assert await claim(uow) == []

    async def test_past_its_deadline_nothing_is_claimed(self, uow: UnitOfWorkFactory) -> None:
        late, next_one = outbound(ANA, expires_at=NOON), outbound(ANA, expires_at=at(1))
        await add(uow, late, next_one)
        assert await claim(uow) == [next_one.id]
        async with uow.begin() as unit:
            assert await unit.outbox.lock_expired(now=at(-1), limit=10) == ()
            assert await unit.outbox.lock_expired(now=at(5), limit=10) == (late,)

    async def test_the_expired_of_all_sessions_the_longest_first(self, uow: UnitOfWorkFactory) -> None:
        second, first = outbound(ANA, expires_at=at(-1)), outbound(BOB, SUPPORT, expires_at=at(-2))
        await add(uow, second, first, outbound(ANA), outbound(GROUP, expires_at=at(-3), status=MessageStatus.SENT))
        async with uow.begin() as unit:
            assert await unit.outbox.lock_expired(now=NOON, limit=1) == (first,)
            # Who comes meanwhile passes over what is being changed.
            async with uow.begin() as another:
                assert await another.outbox.lock_expired(now=NOON, limit=10) == (second,)
