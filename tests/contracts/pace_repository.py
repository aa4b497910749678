"""What every store of paces does. Fixture: ``uow``, over an empty store."""

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.pacing import PaceState, Restriction, RestrictionReason
from tests.contracts.samples import ANA, BOB, GROUP, ME, NOON, SALES, SUPPORT, at, session

RESTRICTED = Restriction(reason=RestrictionReason.NEW_CHAT_CAP, strikes=3, since=NOON, resumes_at=at(600), is_over=True)


class PaceRepositoryContract:
    async def test_it_begins_with_nothing(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            assert await unit.paces.load(SALES) == PaceState()

    async def test_the_last_state_is_kept(self, uow: UnitOfWorkFactory) -> None:
        states = [PaceState(next_at=at(5)), PaceState(next_at=at(7), restriction=RESTRICTED, account=ME), PaceState()]
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.sessions.add(session(SUPPORT))
        for state in states:
            async with uow.begin() as unit:
                await unit.paces.save(SALES, state)
            async with uow.begin() as unit:
                assert await unit.paces.load(SALES) == state
                assert await unit.paces.load(SUPPORT) == PaceState()

    async def test_it_ends_with_its_session(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.paces.save(SALES, PaceState(next_at=NOON))
            await unit.paces.begin(SALES, [ANA], at=NOON, forget=at(-1))
        async with uow.begin() as unit:
            await unit.sessions.delete(SALES)
        async with uow.begin() as unit:
            await unit.paces.save(SALES, PaceState(next_at=NOON))
            await unit.paces.begin(SALES, [ANA], at=NOON, forget=at(-1))
        async with uow.begin() as unit:
            assert await unit.paces.load(SALES) == PaceState()
            assert await unit.paces.begun(SALES, since=at(-1)) == ()

    async def test_begun_chats_are_told_by_their_time(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.paces.begin(SALES, [BOB], at=at(20), forget=at(-100))
            await unit.paces.begin(SALES, [ANA], at=at(10), forget=at(-100))
        async with uow.begin() as unit:
            assert await unit.paces.begun(SALES, since=at(9)) == (at(10), at(20))
            assert await unit.paces.begun(SALES, since=at(10)) == (at(20),)
            assert await unit.paces.begun(SUPPORT, since=at(0)) == ()

    async def test_a_chat_counts_once_until_it_is_forgotten(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.paces.begin(SALES, [ANA, GROUP], at=at(10), forget=at(-100))
            await unit.paces.begin(SALES, [ANA], at=at(20), forget=at(9))
            assert await unit.paces.begun(SALES, since=at(0)) == (at(10), at(10))
            await unit.paces.begin(SALES, [ANA], at=at(30), forget=at(10))
            assert await unit.paces.begun(SALES, since=at(0)) == (at(30),)
