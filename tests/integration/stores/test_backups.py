"""The database and the sealed logins, copied with real servers."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.database_backup import EPOCHS_AHEAD, PLACES_AHEAD, PostgresDatabaseBackup
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.migrator import migrate, migrate_within, own_migrations
from adapters.redis.connection import open_redis
from adapters.redis.login_backup import RedisLoginBackup
from adapters.redis.session_store import RedisSessionStore
from adapters.system.system_clock import SystemClock
from application.access.restored_keys import ReviewRestoredKeys
from domain.access import KeyHash
from domain.errors import ConflictError, GoneError
from domain.lease import Owner
from tests.contracts.database_backup import DatabaseBackupContract, WriteMore, everything, put, rows_of
from tests.contracts.login_backup import LoginBackupContract
from tests.contracts.samples import ANA, ANA_LID, SALES, api_key, at, event, inbound, outbound, session, user, webhook
from tests.contracts.session_store import snapshot

from .first_schema import check_first_rows, put_first_rows

NODE = Owner(node="node-1", life="life-1")
KNOWN_ORDER = 37
"""A step that adds a column with a volatile default, so that PostgreSQL writes the table anew."""
ODD = "NUL \0, half \ud800, tab \t, line \n, back \\, \\N, pigeon 🕊"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ConnectionPool]:
    async with ConnectionPool.open(database_url) as opened:
        yield opened


@pytest.fixture
async def source(pool: ConnectionPool) -> PostgresDatabaseBackup:
    database = PostgresDatabase(pool)
    async with database.begin() as uow:
        await uow.sessions.add(session(metadata={"odd": ODD}))
        await uow.messages.add_absent([outbound(), inbound(push_name=ODD)])
        await uow.events.append([event(), event()])
        await uow.people.link(SALES, [ANA, ANA_LID])
        await uow.webhooks.add(webhook())
        await uow.leases.claim([SALES], NODE, ttl=timedelta(seconds=20))
    async with database.begin() as uow:
        await uow.leases.release(await uow.leases.claim([SALES], NODE, ttl=timedelta(seconds=20)))
    await PostgresEventLog(pool).settle()
    async with database.begin() as uow:
        assert not await uow.webhook_queue.scan()
    return PostgresDatabaseBackup(pool)


@pytest.fixture
async def blank(blank_database_url: str) -> AsyncIterator[PostgresDatabaseBackup]:
    async with ConnectionPool.open(blank_database_url) as opened:
        yield PostgresDatabaseBackup(opened)


@pytest.fixture
def goes_on() -> Collection[str]:
    return ("event_log_head", "session_leases", "webhook_endpoints")


@pytest.fixture
def write_more(pool: ConnectionPool) -> WriteMore:
    async def write() -> None:
        async with PostgresDatabase(pool).begin() as uow:
            await uow.messages.add_absent([outbound()])

    return write


async def waits_for_a_lock(pool: ConnectionPool) -> None:
    """Returns once somebody waits for a lock in this database."""
    async with asyncio.timeout(10), pool.connection() as connection:
        while not await connection.fetchval(  # noqa: ASYNC110 - PostgreSQL tells nobody
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock')"
        ):
            await asyncio.sleep(0.01)


class TestPostgresDatabaseBackup(DatabaseBackupContract):
    async def test_every_table_is_in_it(self, source: PostgresDatabaseBackup, pool: ConnectionPool) -> None:
        shape, _ = await everything(source)
        async with pool.connection() as connection:
            names = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'pombo' AND tablename <> 'migrations'"
            )
        assert {table.name for table in shape.tables} == {row["tablename"] for row in names}
        assert shape.steps.keys() == {migration.number for migration in own_migrations()}

    async def test_a_step_that_writes_a_table_anew_waits(self, blank_database_url: str) -> None:
        steps = own_migrations()
        async with ConnectionPool.open(blank_database_url) as opened:
            await migrate(opened, [step for step in steps if step.number < KNOWN_ORDER])
            async with opened.connection() as connection:
                await connection.execute(
                    "INSERT INTO pombo.person_addresses (session_id, address, person) "
                    "VALUES ('sales', '15550100002@c.us', 1)"
                )
            async with PostgresDatabaseBackup(opened).reading() as reader:
                # The gateway of the next version starts meanwhile; one of this version has nothing to wait for.
                await migrate(opened, [step for step in steps if step.number < KNOWN_ORDER])
                migrating = asyncio.create_task(migrate(opened, [step for step in steps if step.number <= KNOWN_ORDER]))
                await waits_for_a_lock(opened)
                rows = await rows_of(reader)
                assert not migrating.done()
            assert len(await migrating) == 1
        assert b"15550100002" in rows["person_addresses"]

    async def test_it_begins_after_the_step_that_is_being_applied(self, blank_database_url: str) -> None:
        steps = own_migrations()
        async with ConnectionPool.open(blank_database_url) as opened:
            await migrate(opened, [step for step in steps if step.number < KNOWN_ORDER])
            async with opened.connection() as connection:
                async with connection.transaction():
                    await migrate_within(connection, [step for step in steps if step.number <= KNOWN_ORDER])
                    reading = asyncio.create_task(everything(PostgresDatabaseBackup(opened)))
                    await waits_for_a_lock(opened)
                shape, _ = await reading
        assert max(shape.steps) == KNOWN_ORDER

    @pytest.mark.parametrize("revoke", [False, True])
    async def test_keys_that_work_again_are_counted_or_ended(
        self, pool: ConnectionPool, blank: PostgresDatabaseBackup, blank_database_url: str, *, revoke: bool
    ) -> None:
        owner, digest = user(), bytes(32)
        leaked, ended = api_key(owner), api_key(owner).revoke(at(1))
        async with PostgresDatabase(pool).begin() as uow:
            await uow.users.add(owner)
            await uow.api_keys.add(leaked, KeyHash(digest=digest))
            await uow.api_keys.add(ended, KeyHash(digest=b"1" * 32))
        shape, rows = await everything(PostgresDatabaseBackup(pool))
        async with PostgresDatabase(pool).begin() as uow:
            await uow.api_keys.save(leaked.revoke(at(2)))
        await put(blank, shape, rows)
        async with ConnectionPool.open(blank_database_url) as opened:
            database = PostgresDatabase(opened)
            review = ReviewRestoredKeys(database, SystemClock())
            assert await review.execute(revoke=revoke) == 1
            assert await review.execute(revoke=False) == (0 if revoke else 1)
            async with database.begin() as uow:
                restored = await uow.api_keys.find([digest])
        assert restored is not None
        assert (restored.key.revoked_at is not None) is revoke

    async def test_a_migrated_database_without_rows_is_empty(
        self, source: PostgresDatabaseBackup, blank: PostgresDatabaseBackup, blank_database_url: str
    ) -> None:
        async with ConnectionPool.open(blank_database_url) as opened:
            await migrate(opened)
        await put(blank, *await everything(source))

    async def test_one_that_a_gateway_uses(self, source: PostgresDatabaseBackup, pool: ConnectionPool) -> None:
        shape, rows = await everything(source)
        async with PostgresDatabase(pool).begin() as uow:
            await uow.leases.claim([SALES], NODE, ttl=timedelta(seconds=20))
        with pytest.raises(ConflictError) as refused:
            await put(source, shape, rows, replace=True)
        assert refused.value.reason == "TARGET_IN_USE"

    async def test_what_was_seen_after_the_backup_stays_past(
        self, source: PostgresDatabaseBackup, blank: PostgresDatabaseBackup, blank_database_url: str
    ) -> None:
        await put(blank, *await everything(source))
        async with ConnectionPool.open(blank_database_url) as opened:
            database, log = PostgresDatabase(opened), PostgresEventLog(opened)
            # A reader that had seen ten more events than there are in the backup goes on with what is new.
            assert [event.sequence for event in (await log.scan(after=0, limit=10)).events] == [1, 2]
            async with database.begin() as uow:
                await uow.events.append([event()])
            await log.settle()
            new = (await log.scan(after=12, limit=10)).events
            assert [event.sequence for event in new] == [PLACES_AHEAD + 3]
            async with database.begin() as uow:
                (lease,) = await uow.leases.claim([SALES], NODE, ttl=timedelta(seconds=20))
                is_behind = await uow.webhook_queue.scan()
            assert (lease.epoch, is_behind) == (EPOCHS_AHEAD + 3, False)

    async def test_retention_gets_over_the_gap(
        self, source: PostgresDatabaseBackup, blank: PostgresDatabaseBackup, blank_database_url: str
    ) -> None:
        await put(blank, *await everything(source))
        async with ConnectionPool.open(blank_database_url) as opened:
            log = PostgresEventLog(opened)
            async with PostgresDatabase(opened).begin() as uow:
                await uow.events.append([event(), event()])
            await log.settle()
            removed = [
                await log.prune(now=at(10**7), keep=timedelta(0), needed_from=PLACES_AHEAD + 4, limit=1)
                for _ in range(4)
            ]
            assert removed == [1, 1, 1, 0]
            assert [event.sequence for event in (await log.scan(after=None, limit=9)).events] == [PLACES_AHEAD + 4]
            with pytest.raises(GoneError):
                await log.scan(after=2, limit=1)

    @pytest.mark.parametrize("number", [migration.number for migration in own_migrations()])
    async def test_a_backup_of_any_earlier_version_is_brought_up_to_date(
        self, blank: PostgresDatabaseBackup, blank_database_url: str, number: int, database_url: str
    ) -> None:
        steps = [migration for migration in own_migrations() if migration.number <= number]
        async with ConnectionPool.open(blank_database_url) as opened:
            await migrate(opened, steps)
            await put_first_rows(opened)
        shape, rows = await everything(blank)
        assert max(shape.steps) == number
        async with ConnectionPool.open(database_url) as opened:
            await put(PostgresDatabaseBackup(opened), shape, rows)
            await check_first_rows(opened)
            async with opened.connection() as connection:
                applied = await connection.fetch("SELECT number FROM pombo.migrations ORDER BY number")
        assert [row["number"] for row in applied] == [migration.number for migration in own_migrations()]


@pytest.fixture
async def client(redis_server_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_server_url) as opened:
        yield opened


@pytest.fixture
def logins(client: Redis, redis_prefix: str) -> RedisLoginBackup:
    return RedisLoginBackup(client, prefix=redis_prefix)


class TestRedisLoginBackup(LoginBackupContract):
    async def test_a_sealed_login_is_opened_elsewhere(
        self, logins: RedisLoginBackup, client: Redis, redis_prefix: str
    ) -> None:
        cipher = AesGcmSnapshotCipher([b"k" * 32])
        old = RedisSessionStore(client, cipher, prefix=redis_prefix)
        await old.save(snapshot(b"a login", epoch=7))
        new = RedisSessionStore(client, cipher, prefix=f"{redis_prefix}new:")
        await RedisLoginBackup(client, prefix=f"{redis_prefix}new:").write(SALES, await logins.read(SALES))
        assert (await new.load(SALES, 1)).image.data == b"a login"
        with pytest.raises(ConflictError):
            await new.save(snapshot(b"late", epoch=6))
        assert (await new.save(snapshot(b"next", epoch=7))).version == 2

    async def test_what_is_not_a_sessions(self, logins: RedisLoginBackup, client: Redis, redis_prefix: str) -> None:
        await asyncio.gather(
            client.set(f"{redis_prefix}snapshots:sales", "no hash"),
            client.hset(f"{redis_prefix}snapshots:No Session", "h:1", "x"),
            client.hset(f"{redis_prefix}other:support", "h:1", "x"),
        )
        assert await logins.sessions() == ()
