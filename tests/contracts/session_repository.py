"""What every session repository does. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from application.ports.session_repository import KEPT_CHANGES
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId
from domain.pacing import Pacing
from domain.proxy import Proxy
from domain.quiet_hours import QuietHours
from domain.session import Me, Session, SessionStatus, StatusReason, Wanted
from tests.contracts.samples import ANA, ANA_LID, SALES, SUPPORT, at, outbound, session


async def add(uow: UnitOfWorkFactory, *sessions: Session) -> None:
    async with uow.begin() as unit:
        for each in sessions:
            await unit.sessions.add(each)


class SessionRepositoryContract:
    async def test_a_session_comes_back_whole(self, uow: UnitOfWorkFactory) -> None:
        full = session(
            wanted=Wanted.STOPPED,
            status=SessionStatus.FAILED,
            status_reason=StatusReason.BROWSER_CRASHED,
            status_detail="exit code 139",
            status_at=at(1.5),
            updated_at=at(2),
            me=Me(jid=ANA, lid=ANA_LID, name="Ana 🕊 \x00 \ud83d"),
            metadata={"": "x", "ключ": 'a"b\\c'},
            pacing=Pacing(burst=2, jitter=0.5, quiet_hours=QuietHours.parse("21:30", "08:00", "Europe/Lisbon")),
            stop_words=("STOP", "pare 🛑"),
            proxy=Proxy.parse("socks5://[2001:db8::1]:1080", "ana", "geheim 🔑"),
        )
        await add(uow, full, session(SUPPORT))
        async with uow.begin() as unit:
            assert await unit.sessions.get(SALES) == full
            assert await unit.sessions.get(SUPPORT) == session(SUPPORT)

    async def test_the_same_id_twice_is_refused(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, session())
        async with uow.begin() as unit:
            with pytest.raises(AlreadyExistsError) as refused:
                await unit.sessions.add(session(name="Other"))
            # The unit of work goes on after the refusal.
            assert (await unit.sessions.get(SALES)).name == "Sales"
        assert refused.value.reason == "SESSION_EXISTS"

    async def test_two_who_add_the_same_id_at_once(self, uow: UnitOfWorkFactory) -> None:
        outcomes = await asyncio.gather(*(add(uow, session()) for _ in range(8)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 7
        assert {type(outcome) for outcome in refused} == {AlreadyExistsError}

    async def test_an_unknown_session_is_not_found(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            for call in (
                unit.sessions.get(SALES),
                unit.sessions.get(SALES, lock=True),
                unit.sessions.save(session()),
                unit.sessions.delete(SALES),
            ):
                with pytest.raises(NotFoundError) as missing:
                    await call
                assert missing.value.reason == "SESSION_NOT_FOUND"
            assert await unit.sessions.history(SALES, limit=10) == ()

    async def test_a_list_goes_by_id_and_pages(self, uow: UnitOfWorkFactory) -> None:
        # Code point order: what a collation of the machine's would do differently.
        names = [SessionId(name) for name in ("-x", "0", "_", "a", "a-b", "a0", "a_b", "b")]
        await add(uow, *(session(name) for name in reversed(names)))
        async with uow.begin() as unit:
            assert [each.id for each in await unit.sessions.list()] == names
            assert [each.id for each in await unit.sessions.list(limit=3)] == names[:3]
            assert [each.id for each in await unit.sessions.list(after=names[2], limit=3)] == names[3:6]
            assert await unit.sessions.list(after=names[-1]) == ()

    async def test_history_has_each_change_newest_first(self, uow: UnitOfWorkFactory) -> None:
        first = session()
        await add(uow, first)
        starting = first.observe(SessionStatus.STARTING, StatusReason.REQUESTED, at(1))
        renamed = replace(starting, name="New", updated_at=at(2))
        working = renamed.observe(SessionStatus.WORKING, StatusReason.CONNECTED, at(3), detail="ok")
        for state in (starting, renamed, working):
            async with uow.begin() as unit:
                await unit.sessions.save(state)
        async with uow.begin() as unit:
            assert await unit.sessions.get(SALES) == working
            changes = (working.last_change(), starting.last_change(), first.last_change())
            assert await unit.sessions.history(SALES, limit=10) == changes
            assert await unit.sessions.history(SALES, limit=2) == changes[:2]

    async def test_deleting_takes_the_history_and_leaves_the_messages(self, uow: UnitOfWorkFactory) -> None:
        message = outbound()
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.messages.add_absent([message])
        async with uow.begin() as unit:
            await unit.sessions.delete(SALES)
            assert await unit.sessions.list() == ()
        async with uow.begin() as unit:
            assert await unit.sessions.history(SALES, limit=10) == ()
            assert await unit.messages.get(message.id) == message
            await unit.sessions.add(session())
        async with uow.begin() as unit:
            assert len(await unit.sessions.history(SALES, limit=10)) == 1

    async def test_a_locked_session_has_one_writer_at_a_time(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, session(metadata={"count": "0"}))

        async def count() -> None:
            async with uow.begin() as unit:
                mine = await unit.sessions.get(SALES, lock=True)
                await asyncio.sleep(0)
                await unit.sessions.save(replace(mine, metadata={"count": str(int(mine.metadata["count"]) + 1)}))

        await asyncio.gather(*(count() for _ in range(20)))
        async with uow.begin() as unit:
            assert (await unit.sessions.get(SALES)).metadata == {"count": "20"}

    async def test_a_kept_session_changes_but_isnt_deleted(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, session())
        kept, deleting = asyncio.Barrier(3), asyncio.Event()
        order: list[str] = []

        async def keep(name: str) -> None:
            async with uow.begin() as unit:
                assert (await unit.sessions.keep(SALES)).id == SALES
                async with uow.begin() as another:
                    await another.sessions.save(session(name=name))
                await kept.wait()
                await deleting.wait()
                await asyncio.sleep(0.02)
                order.append("kept")

        async def delete() -> None:
            await kept.wait()
            async with uow.begin() as unit:
                deleting.set()
                await unit.sessions.delete(SALES)
                order.append("deleted")

        await asyncio.gather(keep("A"), keep("B"), delete())
        assert order == ["kept", "kept", "deleted"]
        async with uow.begin() as unit:
            with pytest.raises(NotFoundError):
                await unit.sessions.keep(SALES)

    async def test_the_newest_changes_are_kept(self, uow: UnitOfWorkFactory) -> None:
        before = session()
        await add(uow, before, session(SUPPORT))
        async with uow.begin() as unit:
            for number in range(KEPT_CHANGES + 3):
                detail = f"change {number}"
                before = before.observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING, at(number), detail=detail)
                await unit.sessions.save(before)
        async with uow.begin() as unit:
            await unit.sessions.save(replace(before, name="Renamed"))
            history = await unit.sessions.history(SALES, limit=10_000)
            assert [change.detail for change in history] == [
                f"change {KEPT_CHANGES + 2 - n}" for n in range(KEPT_CHANGES)
            ]
            assert len(await unit.sessions.history(SUPPORT, limit=10)) == 1

    async def test_a_list_of_some(self, uow: UnitOfWorkFactory) -> None:
        ids = [SessionId(name) for name in ("a", "b", "c")]
        async with uow.begin() as unit:
            for session_id in ids:
                await unit.sessions.add(session(session_id))
        async with uow.begin() as unit:

            async def listed(*among: str, **where: Any) -> list[SessionId]:
                some = frozenset(SessionId(name) for name in among)
                return [each.id for each in await unit.sessions.list(among=some, **where)]

            assert await listed("c", "a", "z") == ["a", "c"]
            assert await listed("c", "a", after=ids[0]) == ["c"]
            assert await listed("b", "c", limit=1) == ["b"]
            assert await listed() == []
