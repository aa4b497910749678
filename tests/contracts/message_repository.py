"""What every message repository does. Fixture: ``uow``, over an empty store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from application.ports.message_repository import MessageFilter, MessagePosition
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.content import Content, Text, Unsupported
from domain.errors import NotFoundError
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.message import Direction, Failure, Message, MessageStatus
from domain.operations import Reaction
from tests.contracts.samples import ANA, ANA_LID, BOB, GROUP, SALES, SUPPORT, at, inbound, outbound

CONTENTS: list[Content] = [
    Text(body="olá 🕊\nline", mentions=(ANA, ANA_LID)),
    Text(body="a NUL \x00 and half a pair \ud83d"),
    Unsupported(kind="poll_creation", raw={}),
    Unsupported(
        kind="x\x00",
        raw={
            "nul \x00": "\x00\\u0000",
            "half": "\udc00",
            "large": 2**70,
            "small": -1e-300,
            "exact": 0.1,
            "nested": [None, True, {"b": [], "a": {}}],
        },
    ),
]


async def add(uow: UnitOfWorkFactory, messages: Sequence[Message]) -> Sequence[Message]:
    async with uow.begin() as unit:
        return await unit.messages.add_absent(messages)


async def ids(uow: UnitOfWorkFactory, *, limit: int = 100, **criteria: Any) -> list[MessageId]:
    async with uow.begin() as unit:
        found = await unit.messages.list(MessageFilter(**criteria), after=None, limit=limit)
    return [message.id for message in found]


def longer(message: Message) -> Message:
    dots = message.failure.message if message.failure else ""
    return replace(message, failure=Failure(reason="X", message=dots + "."))


class MessageRepositoryContract:
    @pytest.mark.parametrize("content", CONTENTS)
    async def test_a_message_comes_back_whole(self, uow: UnitOfWorkFactory, content: Content) -> None:
        full = inbound(
            GROUP,
            content=content,
            status=MessageStatus.FAILED,
            alternate=ANA_LID,
            push_name="Ana \x00 🕊 \ud83d",
            reply_to=WhatsAppMessageId("true_15550100002@c.us_3EB0AB"),
            from_api=True,
            backfilled=True,
            failure=Failure(reason="NUMBER_NOT_ON_WHATSAPP", message="No account."),
            sent_at=at(1),
            delivered_at=at(2),
            read_at=at(3),
            played_at=at(4),
            trace=f"00-{'4b' * 16}-{'0f' * 8}-01",
        )
        bare = outbound(content=content)
        assert await add(uow, [full, bare]) == (full, bare)
        async with uow.begin() as unit:
            assert await unit.messages.get(full.id) == full
            assert await unit.messages.get(bare.id) == bare

    async def test_an_unknown_message_is_not_found(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            with pytest.raises(NotFoundError) as missing:
                await unit.messages.get(MessageId("msg_unknown"))
            assert missing.value.reason == "MESSAGE_NOT_FOUND"
            with pytest.raises(NotFoundError) as missing:
                await unit.messages.save([outbound()])
            assert missing.value.reason == "MESSAGE_NOT_FOUND"

    async def test_what_is_there_is_not_added_again(self, uow: UnitOfWorkFactory) -> None:
        old, new, newer = inbound(), inbound(), inbound()
        again = replace(old, id=MessageId("msg_other"), content=Text(body="changed"))
        await add(uow, [old])
        assert await add(uow, [new, again, newer]) == (new, newer)
        assert await add(uow, [new, again]) == ()
        assert await add(uow, []) == ()
        async with uow.begin() as unit:
            assert await unit.messages.get(old.id) == old
        # The same WhatsApp id in another account is another message.
        other = replace(old, id=MessageId("msg_third"), session_id=SUPPORT)
        assert await add(uow, [other]) == (other,)

    async def test_twice_in_one_batch_is_added_once(self, uow: UnitOfWorkFactory) -> None:
        first = inbound()
        again = replace(first, id=MessageId("msg_other"))
        assert await add(uow, [first, again]) == (first,)

    async def test_one_of_many_adders_gets_a_message(self, uow: UnitOfWorkFactory) -> None:
        messages = [inbound() for _ in range(10)]
        batches = [
            [replace(each, id=MessageId(f"{each.id}_{n}")) for each in (messages if n % 2 else reversed(messages))]
            for n in range(8)
        ]
        added = await asyncio.gather(*(add(uow, batch) for batch in batches))
        won = [message.whatsapp_id for batch in added for message in batch]
        assert sorted(won) == sorted(message.whatsapp_id for message in messages)
        assert len(await ids(uow)) == len(messages)

    async def test_an_adder_waits_for_one_who_takes_back(self, uow: UnitOfWorkFactory) -> None:
        message = inbound()
        async with asyncio.TaskGroup() as tasks:
            with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the second adder comes while the first is at it
                async with uow.begin() as unit:
                    await unit.messages.add_absent([message])
                    later = tasks.create_task(add(uow, [message]))
                    done, _ = await asyncio.wait({later}, timeout=0.05)
                    assert not done
                    raise ZeroDivisionError
        assert later.result() == (message,)

    async def test_save_stores_what_may_change(self, uow: UnitOfWorkFactory) -> None:
        message, other = outbound(), outbound()
        await add(uow, [message, other])
        failure = Failure(reason="SEND_REFUSED", message="No.")
        sent = replace(message.advance(MessageStatus.SENT, at(1)), content=Text(body="changed"), chat=BOB)
        failed = other.advance(MessageStatus.FAILED, at(2), failure=failure)
        async with uow.begin() as unit:
            await unit.messages.save([sent, failed])
            await unit.messages.save([])
        async with uow.begin() as unit:
            assert await unit.messages.get(message.id) == replace(sent, content=message.content, chat=message.chat)
            assert await unit.messages.get(other.id) == failed

    async def test_lock_gives_those_that_exist(self, uow: UnitOfWorkFactory) -> None:
        mine, foreign = outbound(), outbound(session_id=SUPPORT)
        await add(uow, [mine, foreign])
        unknown = WhatsAppMessageId("true_x_1")
        async with uow.begin() as unit:
            locked = await unit.messages.lock(SALES, [mine.whatsapp_id, foreign.whatsapp_id, unknown])
            assert locked == {mine.whatsapp_id: mine}
            assert await unit.messages.lock(SALES, []) == {}

    async def test_look_up_gives_those_that_exist_and_waits_for_nobody(self, uow: UnitOfWorkFactory) -> None:
        mine, foreign = outbound(), outbound(session_id=SUPPORT)
        unknown = WhatsAppMessageId("true_x_1")
        async with uow.begin() as unit:
            await unit.messages.add_absent([mine, foreign])
        async with asyncio.timeout(5), uow.begin() as holder:
            await holder.messages.lock(SALES, [mine.whatsapp_id])
            async with uow.begin() as unit:
                ids = [mine.whatsapp_id, foreign.whatsapp_id, unknown]
                assert await unit.messages.look_up(SALES, ids) == {mine.whatsapp_id: mine}
                assert await unit.messages.look_up(SALES, []) == {}

    async def test_a_locked_message_has_one_writer_at_a_time(self, uow: UnitOfWorkFactory) -> None:
        messages = [outbound() for _ in range(3)]
        await add(uow, messages)
        keys = [message.whatsapp_id for message in messages]

        async def lengthen(order: Sequence[WhatsAppMessageId]) -> None:
            async with uow.begin() as unit:
                locked = await unit.messages.lock(SALES, order)
                await asyncio.sleep(0)
                longer = [
                    replace(
                        each, failure=Failure(reason="X", message=(each.failure.message if each.failure else "") + ".")
                    )
                    for each in locked.values()
                ]
                await unit.messages.save(longer)

        await asyncio.gather(*(lengthen(keys if n % 2 else keys[::-1]) for n in range(20)))
        async with uow.begin() as unit:
            stored = [await unit.messages.get(message.id) for message in messages]
        assert [message.failure and message.failure.message for message in stored] == ["." * 20] * 3

    async def test_a_list_is_newest_first_and_pages(self, uow: UnitOfWorkFactory) -> None:
        # Times that coincide: WhatsApp's are whole seconds.
        messages = [inbound(created_at=at(n // 3)) for n in range(10)]
        await add(uow, messages)
        expected = sorted(messages, key=lambda each: (each.created_at, each.id), reverse=True)
        seen: list[Message] = []
        position = None
        async with uow.begin() as unit:
            while page := await unit.messages.list(MessageFilter(), after=position, limit=4):
                seen.extend(page)
                position = MessagePosition(created_at=page[-1].created_at, id=page[-1].id)
        assert seen == expected

    async def test_a_list_filters(self, uow: UnitOfWorkFactory) -> None:
        by_phone = inbound(ANA, alternate=ANA_LID, created_at=at(1))
        by_lid = inbound(ANA_LID, alternate=ANA, created_at=at(2))
        in_group = inbound(GROUP, alternate=ANA_LID, created_at=at(3))
        sent = outbound(BOB, status=MessageStatus.SENT, created_at=at(4))
        foreign = outbound(ANA, SUPPORT, created_at=at(5))
        await add(uow, [by_phone, by_lid, in_group, sent, foreign])
        ours: dict[str, Any] = {"session_id": SALES}
        assert await ids(uow, **ours) == [sent.id, in_group.id, by_lid.id, by_phone.id]
        assert await ids(uow, **ours, chat=ANA) == [by_lid.id, by_phone.id]
        assert await ids(uow, chat=ANA_LID) == [by_lid.id, by_phone.id]
        assert await ids(uow, chat=GROUP) == [in_group.id]
        assert await ids(uow, chat=ANA) == [foreign.id, by_lid.id, by_phone.id]
        assert await ids(uow, direction=Direction.OUTBOUND) == [foreign.id, sent.id]
        assert await ids(uow, status=MessageStatus.SENT) == [sent.id]
        assert await ids(uow, since=at(2), until=at(4)) == [in_group.id, by_lid.id]
        assert await ids(uow, **ours, chat=ANA, direction=Direction.OUTBOUND) == []
        assert await ids(uow, limit=1) == [foreign.id]

    async def test_the_newest_messages_by_whatsapp_s_ids(self, uow: UnitOfWorkFactory) -> None:
        messages = [inbound(created_at=at(n)) for n in range(4)]
        reaction = outbound(BOB, content=Reaction(target=messages[0].whatsapp_id, emoji="👍"), created_at=at(5))
        await add(uow, [*messages, reaction, outbound(ANA, SUPPORT, created_at=at(6))])
        expected = [message.whatsapp_id for message in reversed(messages)]
        async with uow.begin() as unit:
            assert list(await unit.messages.ids_since(SALES, at(0), 10)) == expected
            assert list(await unit.messages.ids_since(SALES, at(1), 10)) == expected[:-1]
            assert list(await unit.messages.ids_since(SALES, at(0), 2)) == expected[:2]

    async def test_several_by_their_ids(self, uow: UnitOfWorkFactory) -> None:
        first, second = outbound(not_before=at(60), expires_at=at(90)), inbound()
        async with uow.begin() as unit:
            await unit.messages.add_absent([first, second])
        async with uow.begin() as unit:
            found = await unit.messages.find([second.id, first.id, outbound().id])
            assert found == {first.id: first, second.id: second}
            assert await unit.messages.find([]) == {}

    async def test_a_list_of_some_sessions(self, uow: UnitOfWorkFactory) -> None:
        third = SessionId("third")
        sessions = enumerate((SALES, SUPPORT, third))
        messages = [outbound(session_id=session_id, created_at=at(n)) for n, session_id in sessions]
        async with uow.begin() as unit:
            await unit.messages.add_absent(messages)
        async with uow.begin() as unit:

            async def listed(*among: SessionId, **where: Any) -> list[SessionId]:
                criteria = MessageFilter(among=frozenset(among), **where)
                return [each.session_id for each in await unit.messages.list(criteria, after=None, limit=9)]

            assert await listed(SALES, third) == [third, SALES]
            assert await listed(SUPPORT) == [SUPPORT]
            assert await listed(SALES, third, session_id=SALES) == [SALES]
            assert await listed(SALES, third, session_id=SUPPORT) == []
            assert await listed() == []
