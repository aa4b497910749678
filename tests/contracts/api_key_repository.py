"""What every API key repository does. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import KeyHash, OwnedKey, Role
from domain.errors import NotFoundError
from domain.ids import SessionId
from tests.contracts.samples import IDS, SALES, SUPPORT, api_key, at, user

HASH = KeyHash(digest=bytes(range(32)), secret_id="one")
OTHER = KeyHash(digest=HASH.digest[::-1])


class ApiKeyRepositoryContract:
    async def test_a_key_is_found_by_its_hash(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        key = api_key(owner, session_ids=(SALES, SUPPORT, SessionId("x")), expires_at=at(60), role=Role.OPERATOR)
        async with uow.begin() as unit:
            assert await unit.api_keys.is_empty()
            await unit.users.add(owner)
            assert await unit.api_keys.find([HASH.digest]) is None
            await unit.api_keys.add(key, HASH)
            assert await unit.api_keys.find([HASH.digest]) == OwnedKey(key=key, user=owner)
        async with uow.begin() as unit:
            assert not await unit.api_keys.is_empty()
            assert await unit.api_keys.find([OTHER.digest, HASH.digest]) == OwnedKey(key=key, user=owner)
            assert await unit.api_keys.find([OTHER.digest]) is None
            assert await unit.api_keys.find([]) is None
            assert await unit.api_keys.get(key.id) == OwnedKey(key=key, user=owner)

    async def test_it_comes_with_its_user_as_it_is_now(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        async with uow.begin() as unit:
            await unit.users.add(owner)
            await unit.api_keys.add(api_key(owner, role=Role.ADMIN), HASH)
            await unit.users.save(replace(owner, role=Role.READER, disabled_at=at(5)))
        async with uow.begin() as unit:
            found = await unit.api_keys.find([HASH.digest])
            assert found is not None
            assert (found.role, found.user.disabled_at) == (Role.READER, at(5))

    async def test_a_hash_that_is_there_stays_with_its_key(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        first = api_key(owner)
        async with uow.begin() as unit:
            await unit.users.add(owner)
            await unit.api_keys.add(first, HASH)

        async def add() -> None:
            async with uow.begin() as unit:
                await unit.api_keys.add(api_key(owner), HASH)

        await asyncio.gather(*(add() for _ in range(5)))
        async with uow.begin() as unit:
            assert await unit.api_keys.list(limit=9) == (first,)

    async def test_a_key_of_nobody(self, uow: UnitOfWorkFactory) -> None:
        with pytest.raises(NotFoundError) as missing:
            async with uow.begin() as unit:
                await unit.api_keys.add(api_key(user()), HASH)
        assert missing.value.reason == "USER_NOT_FOUND"

    async def test_its_end_and_its_successor_are_stored(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        key, successor = api_key(owner), api_key(owner)
        async with uow.begin() as unit:
            await unit.users.add(owner)
            await unit.api_keys.add(key, HASH)
            await unit.api_keys.add(successor, OTHER)
        changed = replace(key, expires_at=at(10), revoked_at=at(20), replaced_by=successor.id)
        async with uow.begin() as unit:
            await unit.api_keys.get(key.id, lock=True)
            # What a key may do never changes.
            await unit.api_keys.save(replace(changed, role=Role.ADMIN, session_ids=(SALES,), name="Other"))
        async with uow.begin() as unit:
            assert (await unit.api_keys.get(key.id)).key == changed
            assert (await unit.api_keys.get(successor.id)).key == successor

    async def test_its_use_is_noted_and_never_goes_back(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        key = api_key(owner)
        async with uow.begin() as unit:
            await unit.users.add(owner)
            await unit.api_keys.add(key, HASH)
        for moment, shown in ((at(5), at(5)), (at(3), at(5)), (at(8), at(8))):
            async with uow.begin() as unit:
                await unit.api_keys.touch(key.id, moment)
            async with uow.begin() as unit:
                assert (await unit.api_keys.get(key.id)).key.last_used_at == shown
                await unit.api_keys.save(key)
        async with uow.begin() as unit:
            await unit.api_keys.touch(IDS.api_key_id(), at(9))

    async def test_those_under_other_secrets_are_counted_while_they_work(self, uow: UnitOfWorkFactory) -> None:
        owner = user()
        keys = {
            "one": api_key(owner),
            "two": api_key(owner, expires_at=at(10)),
            "three": api_key(owner, revoked_at=at(1)),
            "four": api_key(owner, expires_at=at(5)),
            None: api_key(owner),
        }
        async with uow.begin() as unit:
            await unit.users.add(owner)
            assert await unit.api_keys.count_under_others((), at(5)) == 0
            for number, (secret_id, key) in enumerate(keys.items()):
                await unit.api_keys.add(key, KeyHash(digest=bytes([number]) * 32, secret_id=secret_id))
            for secret_ids, count in (((), 2), (("two",), 1), (("one", "two"), 0), (("five",), 2)):
                assert await unit.api_keys.count_under_others(secret_ids, at(5)) == count
            assert await unit.api_keys.count_under_others((), at(4)) == 3
            assert await unit.api_keys.count_under_others((), at(10)) == 1

    async def test_they_are_listed_in_the_order_of_their_ids(self, uow: UnitOfWorkFactory) -> None:
        ana, ben = user(), user()
        keys = [api_key(owner) for owner in (ana, ben, ana, ben)]
        async with uow.begin() as unit:
            for owner in (ana, ben):
                await unit.users.add(owner)
            for number, key in enumerate(reversed(keys)):
                await unit.api_keys.add(key, KeyHash(digest=bytes([number]) * 32))
        async with uow.begin() as unit:
            assert await unit.api_keys.list(limit=9) == tuple(keys)
            assert await unit.api_keys.list(after=keys[0].id, limit=2) == tuple(keys[1:3])
            assert await unit.api_keys.list(user_id=ben.id, limit=9) == (keys[1], keys[3])
            assert await unit.api_keys.list(user_id=ben.id, after=keys[1].id, limit=1) == (keys[3],)
            assert await unit.api_keys.list(user_id=IDS.user_id(), limit=9) == ()

    async def test_one_that_is_not_there(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            with pytest.raises(NotFoundError) as missing:
                await unit.api_keys.get(IDS.api_key_id())
            assert missing.value.reason == "API_KEY_NOT_FOUND"
            with pytest.raises(NotFoundError):
                await unit.api_keys.save(api_key(user()))
