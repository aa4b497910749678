"""What is committed is on disk, and concurrent requests with one key do the work once. Over real PostgreSQL."""

import asyncio
from urllib.parse import urlsplit

import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from application.ports.idempotency_repository import KeyedRequest
from tests.contracts.samples import NOON, outbound

REQUEST = KeyedRequest(scope="key:1", key="order 7", fingerprint=b"f" * 32)


@pytest.mark.parametrize(("of_database", "ours"), [("off", "on"), ("local", "local"), ("on", "on")])
async def test_commits_wait_for_the_disk_whatever_the_database_says(
    database_url: str, of_database: str, ours: str
) -> None:
    name = urlsplit(database_url).path.removeprefix("/")
    async with ConnectionPool.open(database_url) as pool, pool.connection() as connection:
        await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = {of_database}')
    async with ConnectionPool.open(database_url) as pool, pool.connection() as first, pool.connection() as second:
        for connection in (first, second):
            assert await connection.fetchval("SHOW synchronous_commit") == ours


async def test_of_many_with_one_key_one_adds_its_message(database_url: str) -> None:
    async with ConnectionPool.open(database_url) as one, ConnectionPool.open(database_url) as two:
        factories = [PostgresDatabase(one), PostgresDatabase(two)]

        async def send(number: int) -> str:
            message = outbound()
            async with factories[number % 2].begin() as unit:
                claim = await unit.idempotency.claim(REQUEST, now=NOON, busy_until=NOON)
                if claim.answer is not None:
                    return str(claim.answer["message_id"])
                await unit.messages.add_absent([message])
                await unit.idempotency.answer(REQUEST, {"message_id": message.id})
            return message.id

        assert len(set(await asyncio.gather(*(send(number) for number in range(40))))) == 1
        async with one.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM pombo.messages") == 1


async def test_claiming_stays_on_its_indexes_whatever_waits(database_url: str) -> None:
    """Ten thousand messages of next week don't slow down today's."""
    async with ConnectionPool.open(database_url) as pool, pool.connection() as connection:
        await connection.execute("""
            INSERT INTO pombo.messages (id, position, session_id, whatsapp_id, direction, chat, sender, recipient,
                content, from_api, backfilled, created_at, status, not_before)
            SELECT 'msg_' || n, n, 'sales', 'true_' || n, 'outbound', '1555' || n || '@c.us', 'a@c.us', 'b@c.us',
                '{"type": "text", "text": {"body": "x"}}', true, false, now(), 'QUEUED', now() + interval '7 days'
            FROM generate_series(1, 10000) AS n
        """)
        read = (
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) "
            "FROM pg_stat_xact_user_tables WHERE relname = 'messages'"
        )
        async with connection.transaction():
            before = await connection.fetchval(read)
            assert await connection.fetch("SELECT * FROM pombo.claim_messages('sales', now(), '{}', 32)") == []
            assert await connection.fetchval(read) - before < 100
