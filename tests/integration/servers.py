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
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).parents[2]
IMAGES = ("postgres:18-alpine", "valkey/valkey:9")


@dataclass(frozen=True)
class Servers:
    """Where the servers are."""

    database_url: str
    redis_url: str


@contextmanager
def servers() -> Iterator[Servers]:
    """Servers for a test run. A missing one is a failure."""
    database_url, redis_url = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    with ExitStack() as stack:
        if not database_url or not redis_url:
            own = stack.enter_context(_containers() if _has_docker() else _embedded())
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


def _has_docker() -> bool:
    """Whether an engine answers that has the images, or gets them."""
    return _docker("info") and all(_docker("image", "inspect", image) or _docker("pull", image) for image in IMAGES)


def _docker(*arguments: str) -> bool:
    try:
        asked = subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=120)  # noqa: S607 - the user's own docker
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


@contextmanager
def _containers() -> Iterator[Servers]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow, and seldom needed
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - slow, and seldom needed

    with PostgresContainer(IMAGES[0], driver=None) as postgres, RedisContainer(IMAGES[1]) as valkey:
        redis_url = f"redis://{valkey.get_container_host_ip()}:{valkey.get_exposed_port(6379)}"
        yield Servers(postgres.get_connection_url(), redis_url)


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
