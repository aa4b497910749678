"""Backups, made and restored beside a gateway or without one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from adapters.disk.backup_file import TarBackupReader, TarBackupWriter
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.database_backup import PostgresDatabaseBackup
from adapters.redis.connection import open_redis
from adapters.redis.login_backup import RedisLoginBackup
from adapters.system.system_clock import SystemClock
from application.access.foreign_keys import CountForeignKeys
from application.access.restored_keys import ReviewRestoredKeys
from application.backup.make_backup import MakeBackup, MakeBackupCommand
from application.backup.progress import Progress
from application.backup.restore_backup import RestoreBackup, check_backup
from application.in_thread import in_thread
from domain.backup import Manifest
from domain.ids import SessionId
from entrypoints.rest.config import RestConfig
from entrypoints.runtime.access import SECRET_FILE, keep_secret, secret_ids, secret_text
from entrypoints.runtime.audit import note_command
from entrypoints.runtime.media import media_store
from entrypoints.runtime.servers import server_url, take_directory
from entrypoints.runtime.snapshots import KEY_FILE, keep_key, key_text, opened_sessions
from entrypoints.runtime.storage import LARGE
from entrypoints.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    pool: ConnectionPool
    client: Redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """A backup that was restored, and what of it can't be used as things are.

    Attributes:
        manifest: the backup's own.
        sealed: sessions whose logins no key opens that is here.
        live_keys: API keys that work, or that did and were revoked, when that was asked for.
        foreign_keys: API keys that work, and not under a secret that is here.
    """

    manifest: Manifest
    sealed: Sequence[SessionId]
    live_keys: int
    foreign_keys: int


async def make_backup(
    settings: Settings, path: Path, progress: Progress, *, media: bool, keys: bool, overwrite: bool
) -> Manifest:
    """Makes a backup of the servers that the settings name, or of the embedded ones, whether a gateway runs or not.

    Raises:
        PomboError: as ``MakeBackup`` does, and what keeps the servers from being reached.
    """
    async with TarBackupWriter.open(path, overwrite=overwrite) as file, _stores(settings) as stores:
        store, _ = media_store(settings)
        use_case = MakeBackup(
            PostgresDatabaseBackup(stores.pool), RedisLoginBackup(stores.client), store, SystemClock(), progress
        )
        command = MakeBackupCommand(version=RestConfig().version, media=media, keys=_keys(settings) if keys else {})
        manifest = await use_case.execute(file, command)
        await note_command(stores.pool, "makeBackup", *(("keys:included",) if keys else ()))
        return manifest


async def restore_backup(
    settings: Settings, path: Path, progress: Progress, *, replace: bool, revoke_keys: bool = False
) -> Restoration:
    """Restores a backup. The keys that are in it take no other's place; its API keys are as they were, or revoked.

    Raises:
        PomboError: as ``RestoreBackup`` does, and what keeps the servers from being reached.
    """
    async with TarBackupReader.open(path) as file, _stores(settings, alone=True) as stores:
        store, spool = media_store(settings)
        await in_thread(spool.clear)
        use_case = RestoreBackup(
            PostgresDatabaseBackup(stores.pool), RedisLoginBackup(stores.client), store, spool, progress
        )
        restored = await use_case.execute(file, replace=replace)
        for name, keep in ((KEY_FILE, keep_key), (SECRET_FILE, keep_secret)):
            if name in restored.keys:
                keep(settings, restored.keys[name])
        await note_command(
            stores.pool,
            "restoreBackup",
            f"backup:{restored.manifest.created_at:%Y-%m-%dT%H:%M:%SZ}",
            *(("api-keys:revoked",) if revoke_keys else ()),
        )
        opened = await opened_sessions(settings, stores.client)
        database = PostgresDatabase(stores.pool)
        live_keys = await ReviewRestoredKeys(database, SystemClock()).execute(revoke=revoke_keys)
        keys = CountForeignKeys(database, SystemClock(), secret_ids(settings))
        return Restoration(
            manifest=restored.manifest,
            sealed=tuple(SessionId(name) for name in restored.manifest.sessions if name not in opened),
            live_keys=live_keys,
            foreign_keys=await keys.execute(),
        )


async def verify_backup(path: Path, progress: Progress) -> Manifest:
    """Proves that a backup is whole, without any server.

    Raises:
        PomboError: ``BACKUP_CORRUPT``, ``BACKUP_NEWER``, ``BACKUP_FILE_UNUSABLE``.
    """
    async with TarBackupReader.open(path) as file:
        return await check_backup(file, progress)


def _keys(settings: Settings) -> Mapping[str, bytes]:
    found = {KEY_FILE: key_text(settings), SECRET_FILE: secret_text(settings)}
    return {name: text for name, text in found.items() if text is not None}


@asynccontextmanager
async def _stores(settings: Settings, *, alone: bool = False) -> AsyncIterator[_Stores]:
    """The configured servers; in place of those that aren't, the embedded ones: a running gateway's, or our own.

    Args:
        settings: name the servers.
        alone: whether no gateway may use the data directory meanwhile.
    """
    postgres, valkey = EmbeddedPostgres(settings.data_dir), EmbeddedValkey(settings.data_dir)
    async with AsyncExitStack() as stack:
        if not alone and settings.database_url is not None and settings.redis_url is not None:
            starts = False  # what is read of the data directory may be read beside a gateway
        else:
            starts = take_directory(stack, settings, alone=alone)
        database_url = await server_url(stack, settings.database_url, postgres, starts=starts)
        redis_url = await server_url(stack, settings.redis_url, valkey, starts=starts)
        pool = await stack.enter_async_context(ConnectionPool.open(database_url))
        client = await stack.enter_async_context(open_redis(redis_url, answer_within=LARGE))
        yield _Stores(pool=pool, client=client)
