"""Keys that were made under a secret which isn't here, as the doctor finds them."""

import base64
from pathlib import Path

import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.migrator import migrate, own_migrations
from application.access.key_hashes import KeyHashes, new_key
from entrypoints.runtime.inspection import Doubt
from entrypoints.runtime.key_inspection import inspect_key_secret
from entrypoints.settings import Settings, load_settings
from tests.contracts.samples import api_key, user

ONE, OTHER = bytes(32), bytes(range(32))


def text(*secrets: bytes) -> str:
    return ",".join(base64.b64encode(secret).decode() for secret in secrets)


def settings(directory: Path, url: str, **variables: str) -> Settings:
    return load_settings(None, POMBO_DATA_DIR=str(directory / "data"), DATABASE_URL=url, **variables)


async def test_the_doctor_says_how_many_and_what_to_do(tmp_path: Path, database_url: str) -> None:
    owner = user()
    async with ConnectionPool.open(database_url) as pool, PostgresDatabase(pool).begin() as uow:
        await uow.users.add(owner)
        for secret in (ONE, ONE, OTHER):
            await uow.api_keys.add(api_key(owner), KeyHashes((secret,)).make(new_key()))
    told = await inspect_key_secret(settings(tmp_path, database_url, POMBO_API_KEY_SECRET=text(OTHER)))
    assert isinstance(told, Doubt)
    assert ": 2." in told
    assert "POMBO_API_KEY_SECRET, behind" in told
    # The first start would make another secret: too late to say so then.
    told = await inspect_key_secret(settings(tmp_path, database_url))
    assert isinstance(told, Doubt)
    assert ": 3." in told
    both = await inspect_key_secret(settings(tmp_path, database_url, POMBO_API_KEY_SECRET=text(ONE, OTHER)))
    assert not isinstance(both, Doubt)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("is_old", [False, True])
async def test_a_database_that_holds_no_such_keys_yet(tmp_path: Path, blank_database_url: str, is_old: bool) -> None:
    if is_old:
        async with ConnectionPool.open(blank_database_url) as pool:
            await migrate(pool, [migration for migration in own_migrations() if migration.name < "0060"])
    assert not isinstance(await inspect_key_secret(settings(tmp_path, blank_database_url)), Doubt)
