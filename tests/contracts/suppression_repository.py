"""What every store of opt-outs does. Fixture: ``uow``, over an empty store."""

from dataclasses import replace

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.suppression import Suppression, SuppressionSource
from tests.contracts.samples import ANA, ANA_LID, BOB, GROUP, NOON, SALES, SUPPORT, at, outbound, session

BY_ANA = Suppression(
    address=ANA, source=SuppressionSource.MESSAGE, created_at=NOON, note="nö 🛑\x00", message_id=outbound().id
)
BY_HER_LID = Suppression(address=ANA_LID, source=SuppressionSource.API, created_at=at(5))
BY_BOB = Suppression(address=BOB, source=SuppressionSource.API, created_at=at(1))


class SuppressionRepositoryContract:
    async def test_one_is_kept_as_it_was_put_on_record(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            assert await unit.suppressions.add(SALES, BY_ANA)
        async with uow.begin() as unit:
            assert await unit.suppressions.find(SALES, ANA) == BY_ANA
            assert await unit.suppressions.find(SALES, BOB) is None
            assert await unit.suppressions.find(SUPPORT, ANA) is None

    async def test_the_first_stays(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [ANA, ANA_LID])
            assert await unit.suppressions.add(SALES, BY_ANA)
            assert not await unit.suppressions.add(SALES, replace(BY_ANA, note="again"))
        async with uow.begin() as unit:
            assert not await unit.suppressions.add(SALES, BY_HER_LID)
            assert await unit.suppressions.find(SALES, ANA_LID) == BY_ANA

    async def test_it_holds_for_all_of_a_person_s_addresses(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.suppressions.add(SALES, BY_HER_LID)
            assert await unit.suppressions.among(SALES, [ANA, ANA_LID, BOB, GROUP]) == {ANA_LID}
        async with uow.begin() as unit:
            await unit.people.link(SALES, [ANA, ANA_LID])
        async with uow.begin() as unit:
            assert await unit.suppressions.among(SALES, [ANA, BOB, GROUP]) == {ANA}
            assert await unit.suppressions.among(SUPPORT, [ANA, ANA_LID]) == frozenset()
            assert await unit.suppressions.among(SALES, []) == frozenset()

    async def test_all_of_a_person_s_are_removed_together(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            for each in (BY_ANA, BY_HER_LID, BY_BOB):
                assert await unit.suppressions.add(SALES, each)  # nobody knows yet that two are one
            await unit.people.link(SALES, [ANA, ANA_LID])
        async with uow.begin() as unit:
            assert await unit.suppressions.remove(SALES, ANA_LID) == BY_ANA
            assert await unit.suppressions.remove(SALES, ANA) is None
            assert await unit.suppressions.remove(SUPPORT, BOB) is None
        async with uow.begin() as unit:
            assert await unit.suppressions.list(SALES, after=None, limit=10) == (BY_BOB,)

    async def test_they_are_listed_by_address(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            for each in (BY_HER_LID, BY_BOB, BY_ANA):
                await unit.suppressions.add(SALES, each)
            await unit.suppressions.add(SUPPORT, BY_BOB)
        async with uow.begin() as unit:
            assert await unit.suppressions.list(SALES, after=None, limit=10) == (BY_ANA, BY_BOB, BY_HER_LID)
            assert await unit.suppressions.list(SALES, after=None, limit=2) == (BY_ANA, BY_BOB)
            assert await unit.suppressions.list(SALES, after=BOB, limit=2) == (BY_HER_LID,)

    async def test_they_outlive_their_session(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.suppressions.add(SALES, BY_BOB)
        async with uow.begin() as unit:
            await unit.sessions.delete(SALES)
        async with uow.begin() as unit:
            assert await unit.suppressions.among(SALES, [BOB]) == {BOB}
