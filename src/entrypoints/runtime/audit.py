"""The audit log, as commands reach it beside a gateway or without one."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.system.system_clock import SystemClock
from application.audit.read_log import Verified, VerifyAuditLog, scan
from domain.audit import OK, Actor, AuditEntry, AuditRecord, AuditTransport, Mark
from domain.errors import NotFoundError
from entrypoints.runtime.servers import server_url, take_directory
from entrypoints.settings import Settings


async def verify_log(settings: Settings, expected: Mark | None) -> Verified:
    """Goes through the chain of the database that the settings name, or of the embedded one.

    Raises:
        PomboError: what keeps the database from being reached; ``NO_AUDIT_LOG``.
    """
    async with _open(settings) as pool:
        return await VerifyAuditLog(PostgresDatabase(pool)).execute(expected)


async def export_log(settings: Settings, *, after: int) -> AsyncGenerator[AuditEntry]:
    """The entries behind a sequence, in their order. That they are exported is the last of them.

    Raises:
        PomboError: what keeps the database from being reached; ``NO_AUDIT_LOG``.
    """
    async with _open(settings) as pool:
        await note_command(pool, "exportAuditLog")
        async for entry in scan(PostgresDatabase(pool), after):
            yield entry


async def note_command(pool: ConnectionPool, operation: str, *targets: str) -> None:
    """Puts on record what a command did, where the database has an audit log.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    if not await _has_log(pool):
        return
    record = AuditRecord(
        time=SystemClock().now(),
        operation=operation,
        result=OK,
        transport=AuditTransport.CLI,
        actor=Actor(name=f"command line, uid {os.geteuid()}"),
        targets=targets,
    )
    async with PostgresDatabase(pool).begin() as uow:
        await uow.audit.append([record])


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[ConnectionPool]:
    async with AsyncExitStack() as stack:
        starts = settings.database_url is None and take_directory(stack, settings, alone=False)
        url = await server_url(stack, settings.database_url, EmbeddedPostgres(settings.data_dir), starts=starts)
        pool = await stack.enter_async_context(ConnectionPool.open(url))
        if not await _has_log(pool):
            raise NotFoundError(
                "NO_AUDIT_LOG", "No gateway of this version has used this database. Check DATABASE_URL."
            )
        yield pool


async def _has_log(pool: ConnectionPool) -> bool:
    async with pool.connection() as connection:
        return bool(await connection.fetchval("SELECT to_regclass('pombo.audit_entries') IS NOT NULL"))
