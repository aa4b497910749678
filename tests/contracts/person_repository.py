"""What every store of people does. Fixture: ``uow`` over an empty store."""

import asyncio

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.jid import Jid
from tests.contracts.samples import SALES, SUPPORT, session

PN, LID, OTHER = (Jid.parse(text) for text in ("15550001@c.us", "900001@lid", "15550002@c.us"))
# Their order of becoming known is not that of their digits.
THIRD, FOURTH, FIFTH = (Jid.parse(text) for text in ("15550009@c.us", "15550003@c.us", "900002@lid"))


class PersonRepositoryContract:
    async def test_addresses_told_together_are_one_person_s(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            linked = await unit.people.link(SALES, [LID, PN])
            assert (linked.person.addresses, linked.merged) == ((PN, LID), ())
            assert (linked.person.id, linked.person.phone, linked.person.lid) == (PN, PN, LID)
        async with uow.begin() as unit:
            assert await unit.people.find(SALES, LID) == await unit.people.find(SALES, PN)
            assert await unit.people.find(SALES, OTHER) is None
            assert await unit.people.find(SUPPORT, PN) is None
            again = await unit.people.link(SALES, [PN, LID])
            assert again.merged == ()

    async def test_what_was_known_apart_is_merged_once(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [LID])
            await unit.people.link(SALES, [PN])
        async with uow.begin() as unit:
            assert (await unit.people.link(SALES, [PN, LID])).merged == (PN, LID)
        async with uow.begin() as unit:
            assert (await unit.people.link(SALES, [LID, PN])).merged == ()
            person = await unit.people.find(SALES, PN)
            assert person is not None
            assert person.addresses == (PN, LID)

    async def test_an_address_that_is_found_out_later_joins(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [LID])
            linked = await unit.people.link(SALES, [LID, PN])
        assert (linked.merged, linked.person.addresses) == ((LID,), (PN, LID))

    async def test_a_new_number_is_added_to_the_person(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [LID, PN])
            linked = await unit.people.link(SALES, [LID, OTHER])
        assert set(linked.person.addresses) == {PN, OTHER, LID}
        assert linked.merged == (PN, LID)

    async def test_the_number_is_the_one_that_became_known_last(self, uow: UnitOfWorkFactory) -> None:
        for earlier, later in ((PN, OTHER), (THIRD, FOURTH)):
            async with uow.begin() as unit:
                await unit.people.link(SALES, [LID if earlier == PN else FIFTH, earlier])
            async with uow.begin() as unit:
                linked = await unit.people.link(SALES, [earlier, later])
                assert (linked.person.id, linked.person.phone) == (later, later)
            async with uow.begin() as unit:
                # Again it is no news.
                assert (await unit.people.link(SALES, [earlier, later])).merged == ()
                person = await unit.people.find(SALES, earlier)
                assert person is not None
                assert (person.id, person.phone) == (later, later)

    async def test_a_username_is_the_latest_s(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [PN], username="Ada")
            await unit.people.link(SALES, [PN], username="ada.l")
            assert await unit.people.with_username(SALES, "ADA") is None
            person = await unit.people.with_username(SALES, "Ada.L")
            assert person is not None
            assert (person.addresses, person.username) == ((PN,), "ada.l")
            # She gives it up, and somebody else takes it.
            await unit.people.link(SALES, [OTHER], username="ada.l")
            person = await unit.people.with_username(SALES, "ada.l")
            assert person is not None
            assert person.addresses == (OTHER,)
            assert (await unit.people.find(SALES, PN)).username is None  # type: ignore[union-attr]  # it is there

    async def test_two_that_link_at_once_agree(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.people.link(SALES, [LID])
            await unit.people.link(SALES, [PN])

        async def link() -> int:
            async with uow.begin() as unit:
                linked = await unit.people.link(SALES, [PN, LID])
                await asyncio.sleep(0.01)
            return len(linked.merged)

        assert sorted(await asyncio.gather(link(), link(), link())) == [0, 0, 2]

    async def test_what_is_taken_back_is_not_linked(self, uow: UnitOfWorkFactory) -> None:
        try:
            async with uow.begin() as unit:
                await unit.people.link(SALES, [PN, LID])
                raise RuntimeError
        except RuntimeError:
            pass
        async with uow.begin() as unit:
            assert await unit.people.find(SALES, PN) is None

    async def test_watched_presences_are_each_session_s(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await unit.sessions.add(session(SUPPORT))
            for _ in range(2):
                await unit.people.watch(SALES, PN)
            await unit.people.watch(SALES, LID)
            await unit.people.watch(SUPPORT, OTHER)
        async with uow.begin() as unit:
            assert await unit.people.watched(SALES) == (PN, LID)
            await unit.people.unwatch(SALES, PN)
            await unit.people.unwatch(SALES, PN)
            assert await unit.people.watched(SALES) == (LID,)
            await unit.sessions.delete(SUPPORT)
            await unit.sessions.add(session(SUPPORT))
            assert await unit.people.watched(SUPPORT) == ()
