"""The servers that the tests use: those that are named, else containers, else our own embedded ones.

Run as a module, it is the process that supervises the embedded ones: it starts them in the given directory, prints
their URLs, and stops them when its standard input ends.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.integration.containers import Servers, containers, engine_answers

ROOT = Path(__file__).parents[2]


class Kind(StrEnum):
    """Which servers a run takes."""

    ANY = "any"
    CONTAINERS = "containers"
    EMBEDDED = "embedded"


@contextmanager
def servers() -> Iterator[Servers]:
    """Servers for a test run. A missing one is a failure.

    Those that ``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name; in place of what they don't name, containers where a
    Docker engine answers, else our own embedded servers. ``TEST_SERVERS=containers`` requires containers, whatever else
    is there, and ``TEST_SERVERS=embedded`` asks no engine.
    """
    wanted = Kind(os.environ.get("TEST_SERVERS") or Kind.ANY)
    named = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    database_url, redis_url = (None, None) if wanted is Kind.CONTAINERS else named
    with ExitStack() as stack:
        if not database_url or not redis_url:
            in_containers = wanted is Kind.CONTAINERS or (wanted is Kind.ANY and engine_answers())
            own = stack.enter_context(containers() if in_containers else _embedded())
            database_url, redis_url = database_url or own.database_url, redis_url or own.redis_url
        yield Servers(database_url, redis_url)


@contextmanager
def database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A database of its own, copied from a template and dropped afterwards."""
    name = f"pombo_test_{uuid.uuid4().hex}"
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


@contextmanager
def _embedded() -> Iterator[Servers]:
    data_dir = Path(tempfile.mkdtemp(prefix="pombo-"))
    try:
        # A process of their own: the tests' event loops come and go.
        with subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        ) as process:
            yield _read_urls(process)
            process.communicate()
    finally:
        shutil.rmtree(data_dir)


def _read_urls(process: subprocess.Popen[str]) -> Servers:
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("urls "):
            return Servers(*line.split()[1:])
    raise RuntimeError(f"the embedded servers don't start: {''.join(said)}")


async def _supervise(data_dir: Path) -> None:
    with DataDirectory.open(data_dir) as directory:
        postgres, valkey = EmbeddedPostgres(directory.path), EmbeddedValkey(directory.path)
        try:
            urls = await asyncio.gather(postgres.start(), valkey.start())
            sys.stdout.write(f"urls {' '.join(urls)}\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
        finally:
            await asyncio.gather(postgres.stop(), valkey.stop())


if __name__ == "__main__":
    asyncio.run(_supervise(Path(sys.argv[1])))
