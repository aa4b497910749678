"""Migrations run once, whoever starts, and never over what they don't know."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from adapters.postgres.connection_pool import ConnectionPool, PoolSettings
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.migrator import Migration, migrate, own_migrations
from domain.access import BOOTSTRAP_USER, Role
from domain.errors import ConflictError, InternalError, UnavailableError
from domain.ids import parse_api_key_id

from .first_schema import check_first_rows, put_first_rows


async def steps(pool: ConnectionPool) -> list[int]:
    async with pool.connection() as connection:
        return [row["number"] for row in await connection.fetch("SELECT number FROM pombo.migrations ORDER BY number")]


def test_each_step_has_a_number_of_its_own() -> None:
    # With gaps: what is made side by side takes stretches of numbers.
    numbers = [migration.number for migration in own_migrations()]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


async def test_they_run_once(blank_database_url: str) -> None:
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        await migrate(pool)
        assert await steps(pool) == [migration.number for migration in own_migrations()]


async def test_several_may_start_at_once(blank_database_url: str) -> None:
    async def start() -> None:
        async with ConnectionPool.open(blank_database_url, PoolSettings(connections=2)) as pool:
            await migrate(pool)

    await asyncio.gather(*(start() for _ in range(6)))


async def test_a_new_step_is_added_to_the_old_ones(blank_database_url: str) -> None:
    new = Migration(own_migrations()[-1].number + 1, "9999_more", "CREATE TABLE pombo.more (n integer)")
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        await migrate(pool, [*own_migrations(), new])
        assert await steps(pool) == [migration.number for migration in (*own_migrations(), new)]


@pytest.mark.parametrize("number", [migration.number for migration in own_migrations()])
async def test_rows_of_the_first_version_are_read_after_an_upgrade_from_any(
    blank_database_url: str, number: int
) -> None:
    first, *rest = own_migrations()
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool, [first])
        await put_first_rows(pool)
        await migrate(pool, [first, *(step for step in rest if step.number <= number)])
        await migrate(pool)
        await check_first_rows(pool)


async def test_a_step_that_fails_leaves_nothing(blank_database_url: str) -> None:
    bad = Migration(own_migrations()[-1].number + 1, "9999_bad", "CREATE TABLE pombo.half (n integer); SELECT 1 / 0")
    async with ConnectionPool.open(blank_database_url) as pool:
        with pytest.raises(InternalError):
            await migrate(pool, [*own_migrations(), bad])
        async with pool.connection() as connection:
            assert await connection.fetchval("SELECT to_regnamespace('pombo')") is None
        await migrate(pool)


async def test_a_newer_versions_database_is_refused(blank_database_url: str) -> None:
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO pombo.migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')"
            )
        with pytest.raises(ConflictError) as refused:
            await migrate(pool)
    assert refused.value.reason == "DATABASE_NEWER"


async def test_a_step_whose_text_changed_is_refused(blank_database_url: str) -> None:
    first, *rest = own_migrations()
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        with pytest.raises(ConflictError) as refused:
            await migrate(pool, [replace(first, script=first.script + "\n-- changed"), *rest])
    assert refused.value.reason == "MIGRATION_CHANGED"


@pytest.fixture
def ordinary_user(blank_database_url: str) -> Iterator[str]:
    """The database's URL for a role that may connect and nothing else."""
    name = urlsplit(blank_database_url).path.removeprefix("/")

    async def execute(*statements: str) -> None:
        connection = await asyncpg.connect(blank_database_url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p a/s%s'"))
    split = urlsplit(blank_database_url)
    host = split.netloc.rpartition("@")[2]
    yield split._replace(netloc=f"{name}:{quote('p a/s%s', safe='')}@{host}").geturl()
    asyncio.run(execute(f"DROP OWNED BY {name}", f"DROP ROLE {name}"))


async def test_a_role_that_may_not_create_is_told_so_without_its_password(ordinary_user: str) -> None:
    async with ConnectionPool.open(ordinary_user) as pool:
        with pytest.raises(UnavailableError) as refused:
            await migrate(pool)
    assert refused.value.reason == "DATABASE_UNAVAILABLE"
    assert "permission denied" in refused.value.message
    assert "p a/s" not in refused.value.message


async def test_a_role_that_may_not_create_can_use_a_migrated_database(
    blank_database_url: str, ordinary_user: str
) -> None:
    role = urlsplit(ordinary_user).username
    async with ConnectionPool.open(blank_database_url) as owner:
        await migrate(owner)
        async with owner.connection() as connection:
            await connection.execute(
                f"GRANT USAGE ON SCHEMA pombo TO {role}; GRANT SELECT ON pombo.migrations TO {role}"
            )
    async with ConnectionPool.open(ordinary_user) as pool:
        await migrate(pool)


async def test_keys_of_before_there_were_users_are_an_administrator_s(blank_database_url: str) -> None:
    key_hash = bytes(range(32))
    before = [migration for migration in own_migrations() if migration.name < "0060"]
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool, before)
        async with pool.connection() as connection:
            query = "INSERT INTO pombo.api_keys (hash, label) VALUES ($1, 'made at the first start')"
            await connection.execute(query, key_hash)
        await migrate(pool)
        async with PostgresDatabase(pool).begin() as uow:
            found = await uow.api_keys.find([key_hash])
            assert found is not None
            assert parse_api_key_id(found.key.id) == found.key.id
            assert (found.key.name, found.role, found.user.id) == (
                "made at the first start",
                Role.ADMIN,
                BOOTSTRAP_USER,
            )
            assert (found.key.session_ids, found.key.expires_at, found.key.last_used_at) == ((), None, None)
            # Requests that are repeated over the update stay the same requests.
            assert found.key.request_scope == f"key:{key_hash.hex()}"


async def test_a_database_without_keys_gets_no_user(blank_database_url: str) -> None:
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool)
        async with PostgresDatabase(pool).begin() as uow:
            assert await uow.users.list(limit=9) == ()
            assert await uow.api_keys.is_empty()


async def test_what_was_kept_under_the_configured_keys_hash_is_kept_under_its_name(blank_database_url: str) -> None:
    stored = f"key:{'c' * 64}"
    before = [migration for migration in own_migrations() if migration.name < "0085"]
    async with ConnectionPool.open(blank_database_url) as pool:
        await migrate(pool, before)
        async with pool.connection() as connection:
            await connection.execute("""
                INSERT INTO pombo.users (id, name, role, created_at, updated_at)
                VALUES ('u', 'u', 'admin', now(), now());
                INSERT INTO pombo.api_keys (id, user_id, hash, name, role, session_ids, hint, request_scope, created_at)
                VALUES ('k', 'u', 'x', 'k', 'admin', '{}', '', 'key:' || repeat('c', 64), now());
                INSERT INTO pombo.keyed_requests (scope, key, fingerprint, begun_at, busy_until) VALUES
                    ('key:' || repeat('a', 64), 'one', 'older', now() - interval '1 day', now()),
                    ('key:' || repeat('b', 64), 'one', 'newer', now(), now()),
                    ('key:' || repeat('a', 64), 'two', 'older', now(), now()),
                    ('key:' || repeat('c', 64), 'one', 'stored', now(), now()),
                    ('key:key_1', 'one', 'made', now(), now());
                INSERT INTO pombo.media_blobs (sha256, size, touched_at) VALUES ('s', 1, now());
                INSERT INTO pombo.media (id, kind, mime_type, size, sha256, created_at, facts, owner) VALUES
                    ('m1', 'image', 'image/png', 1, 's', now(), '{}', 'key:' || repeat('b', 64)),
                    ('m2', 'image', 'image/png', 1, 's', now(), '{}', 'key:' || repeat('c', 64)),
                    ('m3', 'image', 'image/png', 1, 's', now(), '{}', NULL);
            """)
        await migrate(pool)
        async with pool.connection() as connection:
            requests = await connection.fetch("SELECT scope, key, fingerprint FROM pombo.keyed_requests")
            owners = await connection.fetch("SELECT owner FROM pombo.media ORDER BY id")
    assert {tuple(row) for row in requests} == {
        ("key:configured", "one", b"newer"),
        ("key:configured", "two", b"older"),
        (stored, "one", b"stored"),
        ("key:key_1", "one", b"made"),
    }
    assert [row["owner"] for row in owners] == ["key:configured", stored, None]
