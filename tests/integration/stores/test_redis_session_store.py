"""Snapshots in Redis: the port's contract, and what becomes of what was tampered with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from adapters.redis.connection import open_redis
from adapters.redis.session_store import RedisSessionStore
from domain.errors import PomboError
from tests.contracts.samples import SALES, SUPPORT
from tests.contracts.session_store import SessionStoreContract, snapshot, versions

OLD, NEW = b"o" * 32, b"n" * 32

type MakeStore = Callable[..., RedisSessionStore]


@pytest.fixture
async def client(redis_server_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_server_url) as opened:
        yield opened


@pytest.fixture
def make_store(client: Redis, redis_prefix: str) -> MakeStore:
    return lambda *keys: RedisSessionStore(client, AesGcmSnapshotCipher(keys), kept=3, prefix=redis_prefix)


@pytest.fixture
def store(make_store: MakeStore) -> RedisSessionStore:
    return make_store(OLD)


@pytest.fixture
def key(redis_prefix: str) -> str:
    return f"{redis_prefix}snapshots:{SALES}"


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(PomboError) as refused:
        await call
    return refused.value.reason


class TestRedisSessionStore(SessionStoreContract):
    async def test_nothing_is_left_in_the_clear(self, store: RedisSessionStore, client: Redis, key: str) -> None:
        await store.save(snapshot(b"a secret key" * 100))
        assert b"a secret key" not in b"".join((await client.hgetall(key)).values())

    async def test_truncated_and_flipped(self, store: RedisSessionStore, client: Redis, key: str) -> None:
        await store.save(snapshot())
        for field in ("h:1", "b:1"):
            whole = await client.hget(key, field)
            assert whole is not None
            for broken in (whole[:-1], b"", bytes([*whole[:-1], whole[-1] ^ 1])):
                await client.hset(key, field, broken)
                assert await refusal(store.load(SALES, 1)) == "SNAPSHOT_CORRUPT"
            await client.hdel(key, field)
            assert await refusal(store.load(SALES, 1)) == "SNAPSHOT_CORRUPT"
            assert await versions(store) == [1]
            await client.hset(key, field, whole)
        assert (await store.load(SALES, 1)).label.version == 1

    async def test_moved(self, store: RedisSessionStore, client: Redis, key: str, redis_prefix: str) -> None:
        await store.save(snapshot(b"one"))
        await store.save(snapshot(b"two"))
        stored = await client.hgetall(key)
        await client.hset(f"{redis_prefix}snapshots:{SUPPORT}", mapping=stored)
        assert await refusal(store.load(SUPPORT, 1)) == "SNAPSHOT_FOREIGN"
        assert [each.label for each in await store.versions(SUPPORT)] == [None, None]
        # An old one in the place of the newest.
        await client.hset(key, mapping={"h:2": stored[b"h:1"], "b:2": stored[b"b:1"]})
        assert await refusal(store.load(SALES, 2)) == "SNAPSHOT_FOREIGN"
        await client.hset(key, mapping={"h:2": stored[b"h:2"]})
        assert await refusal(store.load(SALES, 2)) == "SNAPSHOT_CORRUPT"

    async def test_another_format(self, store: RedisSessionStore, client: Redis, key: str) -> None:
        await store.save(snapshot())
        header = await client.hget(key, "h:1")
        assert header is not None
        await client.hset(key, "h:1", header[:4] + b"\x07" + header[5:])
        assert await refusal(store.load(SALES, 1)) == "SNAPSHOT_UNSUPPORTED"

    async def test_rotation(self, make_store: MakeStore, client: Redis, key: str) -> None:
        await make_store(OLD).save(snapshot(b"one"))
        await make_store(OLD).save(snapshot(b"two"))
        body = await client.hget(key, "b:1")
        assert await refusal(make_store(NEW).load(SALES, 1)) == "SNAPSHOT_KEY_UNKNOWN"
        assert await make_store(NEW).own_sessions() == ()
        both = make_store(NEW, OLD)
        assert (await both.load(SALES, 1)).image.data == b"one"
        assert await both.own_sessions() == (SALES,)
        # Two gateways may start at once.
        assert sum(await asyncio.gather(*(both.rewrap(SALES) for _ in range(4)))) == 2
        assert await both.rewrap(SALES) == 0
        assert (await make_store(NEW).load(SALES, 2)).image.data == b"two"
        assert await client.hget(key, "b:1") == body
        assert await refusal(make_store(OLD).load(SALES, 1)) == "SNAPSHOT_KEY_UNKNOWN"

    async def test_what_is_foreign_in_redis_disturbs_nothing(
        self, store: RedisSessionStore, client: Redis, redis_prefix: str, key: str
    ) -> None:
        await client.set(f"{redis_prefix}snapshots:string", "x")
        await client.hset(f"{redis_prefix}snapshots:No Session!", "h:1", "x")
        await client.hset(key, mapping={"h:x": "1", "b:-1": "2", "x": "3", "h:7": "junk"})
        assert (await store.save(snapshot())).version == 1
        assert await store.own_sessions() == (SALES,)
        assert await versions(store) == [7, 1]
        await store.delete(SALES, epoch=1)
        assert await versions(store) == []
