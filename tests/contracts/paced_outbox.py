"""What every paced outbox does. Fixture: ``uow``, over an empty store."""

from application.ports.paced_outbox import Head
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import MessageId
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.pacing import Standing
from tests.contracts.samples import ANA, ANA_LID, BOB, GROUP, NOON, SALES, SUPPORT, at, inbound, outbound, session

CLEO, DAN = Jid.parse("15550100004@c.us"), Jid.parse("15550100005@c.us")


async def add(uow: UnitOfWorkFactory, *messages: Message) -> None:
    async with uow.begin() as unit:
        await unit.messages.add_absent(messages)


async def heads(uow: UnitOfWorkFactory, *busy: Jid, limit: int = 100, since: float = -60) -> list[Head]:
    async with uow.begin() as unit:
        return list(await unit.paced_outbox.heads(SALES, now=NOON, busy=busy, limit=limit, begun_since=at(since)))


async def next_ids(uow: UnitOfWorkFactory, *busy: Jid, limit: int = 100) -> list[MessageId]:
    return [head.message_id for head in await heads(uow, *busy, limit=limit)]


async def take(uow: UnitOfWorkFactory, *messages: Message) -> list[MessageId]:
    async with uow.begin() as unit:
        return [each.id for each in await unit.paced_outbox.take(SALES, [message.id for message in messages])]


async def standings(uow: UnitOfWorkFactory, *chats: Jid) -> list[Standing]:
    async with uow.begin() as unit:
        found = await unit.paced_outbox.standings(SALES, chats)
    return [found[chat] for chat in chats]


class PacedOutboxContract:
    async def test_the_oldest_that_is_due_of_each_chat_oldest_first(self, uow: UnitOfWorkFactory) -> None:
        bob, ana, ana_later, group = outbound(BOB), outbound(ANA), outbound(ANA), outbound(GROUP)
        later, gone = outbound(CLEO, not_before=at(1)), outbound(DAN, expires_at=at(0))
        await add(uow, bob, ana, ana_later, later, gone, group, outbound(ANA, SUPPORT))
        assert await next_ids(uow) == [bob.id, ana.id, group.id]
        assert await next_ids(uow, BOB) == [ana.id, group.id]
        assert await next_ids(uow) == [bob.id, ana.id, group.id]  # nothing was taken

    async def test_one_whose_time_has_come_has_its_old_place(self, uow: UnitOfWorkFactory) -> None:
        scheduled, after = outbound(ANA, not_before=at(-1)), outbound(ANA)
        await add(uow, scheduled, after)
        assert await next_ids(uow) == [scheduled.id]

    async def test_a_chat_that_sends_has_no_head(self, uow: UnitOfWorkFactory) -> None:
        first, second = outbound(ANA), outbound(ANA)
        await add(uow, first, second)
        assert await take(uow, first) == [first.id]
        assert await next_ids(uow) == []
        async with uow.begin() as unit:
            taken = await unit.messages.get(first.id)
            assert taken.status is MessageStatus.SENDING
            await unit.messages.save([taken.advance(MessageStatus.SENT, at(1))])
        assert await next_ids(uow) == [second.id]

    async def test_what_is_not_queued_any_more_is_not_taken(self, uow: UnitOfWorkFactory) -> None:
        kept, canceled, others = outbound(BOB), outbound(ANA), outbound(BOB, SUPPORT)
        await add(uow, kept, canceled, others)
        async with uow.begin() as unit:
            await unit.messages.save([canceled.advance(MessageStatus.CANCELED, at(1))])
        assert await take(uow, canceled, others, kept) == [kept.id]
        assert await take(uow, kept) == []
        assert await take(uow) == []

    async def test_what_somebody_holds_is_passed_over(self, uow: UnitOfWorkFactory) -> None:
        held, free = outbound(ANA), outbound(BOB)
        await add(uow, held, free)
        async with uow.begin() as unit:
            await unit.messages.lock(SALES, [held.whatsapp_id])
            assert await take(uow, held, free) == [free.id]

    async def test_they_are_taken_oldest_first(self, uow: UnitOfWorkFactory) -> None:
        bob, ana = outbound(BOB), outbound(ANA)
        await add(uow, bob)
        await add(uow, ana)
        assert await take(uow, ana, bob) == [bob.id, ana.id]

    async def test_many_strangers_leave_room_for_those_who_are_known(self, uow: UnitOfWorkFactory) -> None:
        strangers = [outbound(Jid.parse(f"1555010{number}@c.us")) for number in range(1000, 1010)]
        ana, group = outbound(ANA), outbound(GROUP)
        await add(uow, *strangers, inbound(ANA), ana, group)
        assert await next_ids(uow, limit=2) == [strangers[0].id, strangers[1].id, ana.id, group.id]

    async def test_those_that_would_begin_a_chat_leave_room_for_chats_that_are_begun(
        self, uow: UnitOfWorkFactory
    ) -> None:
        strangers = [outbound(Jid.parse(f"1555010{number}@c.us")) for number in range(1000, 1010)]
        written, begun = outbound(BOB), outbound(CLEO)
        await add(uow, *strangers, outbound(BOB, status=MessageStatus.SENT), written, begun)
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.paces.begin(SALES, [CLEO], at=at(-10), forget=at(-100))
        assert await next_ids(uow, limit=2) == [strangers[0].id, strangers[1].id, written.id, begun.id]

    async def test_a_person_is_begun_by_whichever_address_and_counts_in_each_standing(
        self, uow: UnitOfWorkFactory
    ) -> None:
        await add(uow, outbound(ANA_LID, status=MessageStatus.READ), outbound(ANA))
        async with uow.begin() as unit:
            await unit.people.link(SALES, [ANA, ANA_LID])
        assert await standings(uow, ANA, ANA_LID, ANA) == [Standing.WRITTEN_TO] * 3
        (head,) = await heads(uow)
        assert (head.standing, head.begun) == (Standing.WRITTEN_TO, False)

    async def test_what_has_passed_between_the_account_and_a_chat(self, uow: UnitOfWorkFactory) -> None:
        await add(
            uow,
            *(inbound(ANA), outbound(BOB, status=MessageStatus.SENT), outbound(CLEO, status=MessageStatus.FAILED)),
            *(outbound(CLEO), outbound(CLEO, status=MessageStatus.EXPIRED), inbound(DAN, SUPPORT)),
            inbound(GROUP, sender=DAN),
        )
        known, written, new = Standing.KNOWN, Standing.WRITTEN_TO, Standing.NEW
        assert await standings(uow, ANA, BOB, CLEO, DAN, GROUP) == [known, written, new, new, known]

    async def test_a_person_is_one_by_whichever_address(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, inbound(ANA_LID, sender=ANA_LID), outbound(ANA))
        assert await standings(uow, ANA) == [Standing.NEW]
        async with uow.begin() as unit:
            await unit.people.link(SALES, [ANA, ANA_LID])
        assert await standings(uow, ANA) == [Standing.KNOWN]
        assert [head.standing for head in await heads(uow)] == [Standing.KNOWN]

    async def test_a_chat_that_was_begun_of_late_is_said_to_be(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, outbound(ANA), outbound(BOB), outbound(CLEO))
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.people.link(SALES, [ANA, ANA_LID])
            await unit.paces.begin(SALES, [ANA_LID], at=at(-10), forget=at(-100))
            await unit.paces.begin(SALES, [BOB], at=at(-60), forget=at(-100))
        assert [head.begun for head in await heads(uow, since=-60)] == [True, False, False]

    async def test_how_many_wait_before_each(self, uow: UnitOfWorkFactory) -> None:
        first, second, third = outbound(ANA), outbound(ANA), outbound(BOB)
        later, sent = outbound(CLEO, not_before=at(1)), outbound(ANA, status=MessageStatus.SENT)
        await add(uow, first, later, second, sent, third, outbound(ANA, SUPPORT))
        async with uow.begin() as unit:
            ids = [first.id, third.id, later.id, sent.id]
            assert await unit.paced_outbox.ahead(SALES, ids, now=NOON) == {first.id: 0, later.id: 1, third.id: 2}
            assert await unit.paced_outbox.waiting(SALES, now=NOON) == 3
