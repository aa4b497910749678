"""Data directories with a migrated database in them.

To make a database and to migrate it costs a gateway's first start more than a second of a processor, and there are
many. Those that begin with nothing are looked at in tests/integration/cli/test_serve.py, and wherever a test makes its
``Gateway`` by itself.
"""

import asyncio
import atexit
import shutil
import tempfile
from pathlib import Path

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.migrator import migrate

_made: list[Path] = []


async def prepare(data: Path) -> None:
    """Makes a data directory whose database is migrated and empty: the files of a server that has stopped in peace."""
    if not _made:
        _made.append(await _make())
    with DataDirectory.open(data):
        # A quarter of what shutil.copytree takes of a processor, for 1,400 files.
        copying = await asyncio.create_subprocess_exec("cp", "-a", str(_made[0]), str(data / "postgres"))
        assert await copying.wait() == 0


async def _make() -> Path:
    """Once for each process that runs tests."""
    home = Path(tempfile.mkdtemp(prefix="pombo-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with DataDirectory.open(home) as directory:
        server = EmbeddedPostgres(directory.path)
        try:
            url = await server.start()
            async with ConnectionPool.open(url) as pool:
                await migrate(pool)
        finally:
            await server.stop()
    return home / "postgres"
