"""A gateway that is killed takes its servers along, and the next one starts at once on the same data."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.integration.embedded.processes import is_running

GATEWAY = """
import asyncio, sys
from pathlib import Path
from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey

async def main():
    directory = DataDirectory.open(Path(sys.argv[1]))
    servers = EmbeddedPostgres(directory.path), EmbeddedValkey(directory.path)
    urls = [await server.start() for server in servers]
    print(*(server.pid for server in servers), *urls, flush=True)
    await asyncio.Event().wait()

if sys.argv[2] == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_servers_die_with_the_gateway_and_the_next_one_goes_on(data_dir: Path, loop: str) -> None:
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", GATEWAY, str(data_dir), loop),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert gateway.stdout
    line = ""
    while "postgresql:" not in line:
        line = (await gateway.stdout.readline()).decode()
        assert line, "the gateway ended"
    *pids, database, cache = line.split()
    connection = await asyncpg.connect(database)
    await connection.execute("create table kept as select 42 as n")
    async with redis.asyncio.from_url(cache) as client:
        await client.set("kept", "42")

    gateway.send_signal(signal.SIGKILL)
    await gateway.wait()
    connection.terminate()

    # At once, while the old servers may still be on their way down.
    with DataDirectory.open(data_dir) as directory:
        postgres, valkey = EmbeddedPostgres(directory.path), EmbeddedValkey(directory.path)
        try:
            assert await postgres.start() == database
            assert await valkey.start() == cache
            assert not any(is_running(pid) for pid in pids)
            connection = await asyncpg.connect(database)
            assert await connection.fetchval("select n from kept") == 42
            await connection.close()
            async with redis.asyncio.from_url(cache) as client:
                assert await client.get("kept") == b"42"
        finally:
            await valkey.stop()
            await postgres.stop()
