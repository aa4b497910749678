"""What every user repository does. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Role
from domain.errors import NotFoundError
from tests.contracts.samples import IDS, NOON, at, user


class UserRepositoryContract:
    async def test_users_are_kept_as_they_were_stored(self, uow: UnitOfWorkFactory) -> None:
        ana, ben = user(name="Ana 🕊"), user(role=Role.READER, disabled_at=at(1))
        async with uow.begin() as unit:
            assert await unit.users.add(ana)
            assert await unit.users.add(ben)
        async with uow.begin() as unit:
            assert await unit.users.get(ana.id) == ana
            assert await unit.users.get(ben.id) == ben
            changed = replace(ana, name="Bea", role=Role.OPERATOR, disabled_at=NOON, updated_at=at(2))
            await unit.users.save(changed)
        async with uow.begin() as unit:
            assert await unit.users.get(ana.id, lock=True) == changed
            assert await unit.users.get(ben.id) == ben

    async def test_one_that_is_there_stays_as_it_is(self, uow: UnitOfWorkFactory) -> None:
        ana = user()

        async def add() -> bool:
            async with uow.begin() as unit:
                return await unit.users.add(ana)

        assert sorted(await asyncio.gather(*(add() for _ in range(5)))) == [False] * 4 + [True]
        async with uow.begin() as unit:
            assert not await unit.users.add(replace(ana, name="Other"))
            assert await unit.users.get(ana.id) == ana

    async def test_they_are_listed_in_the_order_of_their_ids(self, uow: UnitOfWorkFactory) -> None:
        users = [user(name=f"User {n}") for n in range(4)]
        async with uow.begin() as unit:
            for each in reversed(users):
                await unit.users.add(each)
        async with uow.begin() as unit:
            assert await unit.users.list(limit=9) == tuple(users)
            assert await unit.users.list(after=users[0].id, limit=2) == tuple(users[1:3])
            assert await unit.users.list(after=users[3].id, limit=2) == ()

    async def test_one_that_is_not_there(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            with pytest.raises(NotFoundError) as missing:
                await unit.users.get(IDS.user_id())
            assert missing.value.reason == "USER_NOT_FOUND"
            with pytest.raises(NotFoundError):
                await unit.users.save(user())
