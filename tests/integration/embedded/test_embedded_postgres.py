"""The private PostgreSQL: made once, kept running, stopped, and truthful about why it can't."""

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import uvloop

from adapters.embedded.cluster import Cluster
from adapters.embedded.identity import Identity, Mode, postgres_identities
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.server_log import ServerLog
from domain.errors import ConflictError, UnavailableError
from tests.integration.embedded.processes import eventually, healthy, is_running

NOBODY_KNOWS = 54_321


async def execute(url: str, statement: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(statement))
    finally:
        await connection.close()


async def test_data_survives_a_stop(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    assert await server.check() is not None
    url = await server.start()
    assert await server.check() is None
    await execute(url, "create table kept as select 42 as n")
    assert (await execute(url, "show fsync"), await execute(url, "show synchronous_commit")) == ("on", "on")
    assert await execute(url, "show listen_addresses") == ""
    for name in ("run", "postgres", "postgres/cluster"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o700
    pid = server.pid
    await server.stop()
    await server.stop()
    assert await server.check() is not None
    assert not is_running(pid)
    assert not (data_dir / "run").exists()
    again = EmbeddedPostgres(data_dir)
    assert await again.start() == url
    try:
        assert await execute(url, "select n from kept") == "42"
    finally:
        await again.stop()
    log = (data_dir / "postgres" / "postgres.log").read_text()
    assert "not properly shut down" not in log


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_identity_that_is_to_be_had(data_dir: Path, mode: Mode) -> None:
    """What isn't offered here (``same`` to root, the others to nobody else) has nothing to show but that."""
    offered = [identity for identity in postgres_identities() if identity.mode is mode]
    if not offered:
        assert (os.geteuid() == 0) == (mode is Mode.SAME)
        return
    server = EmbeddedPostgres(data_dir, lambda: offered)
    try:
        url = await server.start()
    except UnavailableError as error:
        # A container may forbid user namespaces; then it is the last one that has to work.
        assert (error.reason, mode) == ("EMBEDDED_POSTGRES_ROOT", Mode.NAMESPACE)
        return
    assert await execute(url, "select 1") == "1"
    await server.stop()
    # Whichever identity made it, the preferred one can go on with it.
    server = EmbeddedPostgres(data_dir)
    assert await execute(await server.start(), "select 1") == "1"
    await server.stop()


async def test_it_is_started_again_when_it_dies(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    url = await server.start()
    try:
        await execute(url, "create table kept as select 42 as n")
        first = server.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: server.pid not in {None, first})
        await healthy(server)
        assert await execute(url, "select n from kept") == "42"
    finally:
        await server.stop()


async def test_a_process_id_that_became_anothers_is_no_obstacle(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await server.stop()
    # As after a kill in a container: the file is there, its process id is somebody else's now.
    stale = f"{os.getppid()}\n{data_dir}/postgres/cluster\n1700000000\n5432\n{data_dir}/run\n\n0 0\nready   \n"
    (data_dir / "postgres" / "cluster" / "postmaster.pid").write_text(stale)
    server = EmbeddedPostgres(data_dir)
    assert await execute(await server.start(), "select 1") == "1"
    await server.stop()


async def test_a_killed_initdb_is_not_taken_for_a_cluster(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    starting = asyncio.create_task(server.start())
    await eventually((data_dir / "postgres" / "cluster.unfinished" / "base").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (data_dir / "postgres" / "cluster").exists()
    server = EmbeddedPostgres(data_dir)
    assert await execute(await server.start(), "select 1") == "1"
    await server.stop()


async def test_a_data_directory_with_a_long_name(data_dir: Path) -> None:
    long = data_dir / ("ü" * 60) / "d'a\"t,a %20"
    long.mkdir(parents=True)
    server = EmbeddedPostgres(long)
    assert await execute(await server.start(), "select 1") == "1"
    await server.stop()
    assert not (long / "run").exists()


async def test_another_versions_data_is_refused(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await server.stop()
    version = data_dir / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(ConflictError) as refused:
        await server.start()
    assert refused.value.reason == "EMBEDDED_POSTGRES_VERSION"


async def test_what_it_said_is_in_the_error(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await server.stop()
    (data_dir / "postgres" / "cluster" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(UnavailableError) as refused:
        await server.start()
    assert refused.value.reason == "EMBEDDED_POSTGRES_FAILED"
    assert "nonsense" in (data_dir / "postgres" / "postgres.log").read_text()
    assert server.pid is None


async def test_its_log_holds_neither_statements_nor_rows_and_does_not_grow_for_ever(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "postgres.log").write_bytes(b"x" * (6 * 1024 * 1024))
    server = EmbeddedPostgres(data_dir)
    url = await server.start()
    await execute(url, "create table kept (body text unique)")
    for _ in range(2):
        try:
            await execute(url, "insert into kept values ('a private matter')")
        except asyncpg.UniqueViolationError:
            break
    await server.stop()
    log = (data_dir / "postgres" / "postgres.log").read_text()
    assert "unique constraint" in log
    assert "private" not in log
    assert len(log) < 100_000
    assert (data_dir / "postgres" / "postgres.old.log").exists()


def test_a_user_id_without_a_passwd_entry_is_told_what_to_do() -> None:
    with pytest.raises(UnavailableError) as refused:
        postgres_identities(NOBODY_KNOWS)
    assert refused.value.reason == "EMBEDDED_POSTGRES_UID"
    assert "DATABASE_URL" in refused.value.message


async def test_root_without_another_identity_is_told_what_to_do(data_dir: Path) -> None:
    impossible = Identity(Mode.NAMESPACE, -2, -2)
    server = EmbeddedPostgres(data_dir, lambda: [impossible])
    with pytest.raises(UnavailableError) as refused:
        await server.start()
    assert refused.value.reason == ("EMBEDDED_POSTGRES_FAILED" if os.geteuid() else "EMBEDDED_POSTGRES_ROOT")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_stop_at_the_moment_a_program_ends(data_dir: Path, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """The program has ended, one that it started holds its output open, and the gateway is told to stop."""
    program, pids = data_dir / "postgres", data_dir / "pids"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\n")
    program.chmod(0o700)

    async def stop() -> None:
        cluster = Cluster(data_dir / "cluster", data_dir, ServerLog(data_dir / "log"))
        choosing = asyncio.create_task(cluster.choose_identity([Identity.own()]))
        await eventually(lambda: pids.exists() and not is_running(pids.read_text().split()[0]))
        choosing.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await choosing
        await eventually(lambda: not is_running(pids.read_text().split()[1]))

    asyncio.run(stop(), loop_factory=loop)
