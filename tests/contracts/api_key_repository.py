"""What every API key repository does. Fixture: ``uow``, over an empty store."""

import asyncio

from application.ports.unit_of_work import UnitOfWorkFactory

KEY = bytes(range(32))


class ApiKeyRepositoryContract:
    async def test_a_key_is_known_once_it_was_added(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            assert await unit.api_keys.is_empty()
            assert not await unit.api_keys.exists(KEY)
            await unit.api_keys.add(KEY, label="first")
            assert await unit.api_keys.exists(KEY)
        async with uow.begin() as unit:
            assert not await unit.api_keys.is_empty()
            assert await unit.api_keys.exists(KEY)
            assert not await unit.api_keys.exists(KEY[::-1])

    async def test_adding_it_again_changes_nothing(self, uow: UnitOfWorkFactory) -> None:
        async def add() -> None:
            async with uow.begin() as unit:
                await unit.api_keys.add(KEY, label="first")

        await asyncio.gather(*(add() for _ in range(5)))
        async with uow.begin() as unit:
            assert await unit.api_keys.exists(KEY)
