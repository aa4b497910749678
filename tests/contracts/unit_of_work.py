"""What every unit of work does.

Fixtures: ``uow`` over an empty store, and ``commits`` and ``committed``, lists that the adapter's hooks append to: that
of commits with events, and that of the events.
"""

import asyncio
from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import KeyHash, OwnedKey
from domain.errors import NotFoundError
from domain.event import NewEvent
from domain.message import MessageStatus
from tests.contracts.samples import NOON, SALES, SUPPORT, api_key, at, event, outbound, session, user


class UnitOfWorkContract:
    async def test_it_sees_its_own_writes(self, uow: UnitOfWorkFactory) -> None:
        message = outbound()
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.messages.add_absent([message])
            assert await unit.sessions.get(SALES) == session()
            assert await unit.messages.get(message.id) == message
            assert [each.id for each in await unit.outbox.claim(SALES, now=NOON, busy=(), limit=1)] == [message.id]
            assert (await unit.messages.get(message.id)).status is MessageStatus.SENDING
            assert len(await unit.outbox.unfinished(SALES)) == 1
            await unit.sessions.delete(SALES)
            with pytest.raises(NotFoundError):
                await unit.sessions.get(SALES)

    async def test_others_see_nothing_before_the_commit(self, uow: UnitOfWorkFactory) -> None:
        message, stored, owner = outbound(), session(SUPPORT), user()
        key = api_key(owner)
        async with uow.begin() as unit:
            await unit.sessions.add(stored)
        async with uow.begin() as unit, uow.begin() as other:
            await unit.sessions.add(session())
            await unit.sessions.save(replace(stored, name="New"))
            await unit.messages.add_absent([message])
            await unit.users.add(owner)
            await unit.api_keys.add(key, KeyHash(digest=b"k" * 32))
            assert [each.name for each in await other.sessions.list()] == ["Sales"]
            with pytest.raises(NotFoundError):
                await other.messages.get(message.id)
            assert await other.api_keys.is_empty()
        async with uow.begin() as unit:
            assert [each.name for each in await unit.sessions.list()] == ["Sales", "New"]
            assert await unit.messages.get(message.id) == message
            assert await unit.api_keys.find([b"k" * 32]) == OwnedKey(key=key, user=owner)

    async def test_an_exception_takes_everything_back(self, uow: UnitOfWorkFactory, commits: list[None]) -> None:
        message, owner = outbound(), user()
        async with uow.begin() as unit:
            await unit.sessions.add(session())
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is the unit of work that must let it through
            async with uow.begin() as unit:
                await unit.sessions.save(session(name="New"))
                await unit.sessions.add(session(SUPPORT))
                await unit.messages.add_absent([message])
                await unit.events.append([event()])
                await unit.users.add(owner)
                await unit.api_keys.add(api_key(owner), KeyHash(digest=b"k" * 32))
                raise ZeroDivisionError
        async with uow.begin() as unit:
            assert await unit.sessions.list() == (session(),)
            assert len(await unit.sessions.history(SALES, limit=9)) == 1
            assert await unit.messages.lock(SALES, [message.whatsapp_id]) == {}
            assert await unit.api_keys.is_empty()
        assert commits == []

    async def test_a_cancelled_one_takes_everything_back_and_frees_its_locks(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
        locked = asyncio.Event()

        async def hold() -> None:
            async with uow.begin() as unit:
                await unit.sessions.save(session(name="New"))
                locked.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hold())
        await locked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5), uow.begin() as unit:
            assert (await unit.sessions.get(SALES, lock=True)).name == "Sales"

    async def test_a_waiter_that_is_cancelled_leaves_the_others_alone(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())

        async def rename(name: str) -> None:
            async with uow.begin() as unit:
                mine = await unit.sessions.get(SALES, lock=True)
                await unit.sessions.save(replace(mine, name=mine.name + name))

        async with uow.begin() as unit:
            await unit.sessions.get(SALES, lock=True)
            tasks = [asyncio.create_task(rename(str(n))) for n in range(3)]
            done, _ = await asyncio.wait(tasks, timeout=0.05)
            assert not done
            tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with uow.begin() as unit:
            assert sorted((await unit.sessions.get(SALES)).name) == sorted("Sales02")

    async def test_the_hook_is_called_once_after_a_commit_with_events(
        self, uow: UnitOfWorkFactory, commits: list[None]
    ) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.events.append([])
        assert commits == []
        async with uow.begin() as unit:
            await unit.events.append([event()])
            await unit.events.append([event()])
            assert commits == []
        assert len(commits) == 1

    async def test_a_commits_events_are_told_once_and_none_that_were_taken_back(
        self, uow: UnitOfWorkFactory, committed: list[NewEvent]
    ) -> None:
        lost, first, second = event(), event(), event(session_id=None)
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is the unit of work that must let it through
            async with uow.begin() as unit:
                await unit.events.append([lost])
                raise ZeroDivisionError
        async with uow.begin() as unit:
            await unit.events.append([first])
            await unit.events.append([second])
            assert committed == []
        assert committed == [first, second]

    async def test_many_at_once(self, uow: UnitOfWorkFactory) -> None:
        async def accept() -> None:
            async with uow.begin() as unit:
                message = outbound()
                assert len(await unit.messages.add_absent([message])) == 1
                await unit.messages.save([message.advance(MessageStatus.FAILED, at(1))])

        async with asyncio.timeout(30):
            await asyncio.gather(*(accept() for _ in range(100)))
