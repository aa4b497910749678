"""The private Valkey: its data lasts, and it is kept running."""

import os
import signal
import stat
from pathlib import Path

import pytest
import redis.asyncio

from adapters.embedded.valkey import EmbeddedValkey
from domain.errors import UnavailableError
from tests.integration.embedded.processes import eventually, healthy, is_running


async def test_data_survives_a_stop(data_dir: Path) -> None:
    server = EmbeddedValkey(data_dir)
    url = await server.start()
    async with redis.asyncio.from_url(url) as client:
        await client.set("kept", "42")
        settings = await client.config_get("append*")
        assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert stat.S_IMODE((data_dir / "run").stat().st_mode) == 0o700
    pid = server.pid
    await server.stop()
    await server.stop()
    assert not is_running(pid)
    again = EmbeddedValkey(data_dir)
    assert await again.start() == url
    async with redis.asyncio.from_url(url) as client:
        assert await client.get("kept") == b"42"
    await again.stop()


async def test_it_is_started_again_when_it_dies(data_dir: Path) -> None:
    server = EmbeddedValkey(data_dir)
    url = await server.start()
    try:
        first = server.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: server.pid not in {None, first})
        await healthy(server)
        async with redis.asyncio.from_url(url) as client:
            assert await client.ping()
    finally:
        await server.stop()


async def test_what_it_said_is_in_the_error(data_dir: Path) -> None:
    server = EmbeddedValkey(data_dir)
    await server.start()
    await server.stop()
    for part in (data_dir / "valkey" / "appendonlydir").glob("*.manifest"):
        part.write_text("nonsense\n")
    with pytest.raises(UnavailableError) as refused:
        await server.start()
    assert refused.value.reason == "EMBEDDED_VALKEY_FAILED"
    assert server.pid is None


async def test_a_data_directory_with_a_long_and_odd_name(data_dir: Path) -> None:
    long = data_dir / ("x" * 100) / "d'a t?a#%20"
    long.mkdir(parents=True)
    for path in (long, data_dir / "d a%20#?ü"):
        path.mkdir(exist_ok=True)
        server = EmbeddedValkey(path)
        async with redis.asyncio.from_url(await server.start()) as client:
            assert await client.ping()
        await server.stop()
