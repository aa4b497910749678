"""The servers in containers, by testcontainers."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException

_POSTGRES: Final = os.environ.get("TEST_POSTGRES_IMAGE", "postgres:18-alpine")
_VALKEY: Final = os.environ.get("TEST_VALKEY_IMAGE", "valkey/valkey:9-alpine")


@dataclass(frozen=True)
class Servers:
    """Where the servers are."""

    database_url: str
    redis_url: str


def engine_answers() -> bool:
    """Whether an engine, where ``DOCKER_HOST`` says or at its usual place, has the images, or gets them."""
    if not _listens(_address()):
        return False
    try:
        engine = docker.from_env()
        try:
            for image in (_POSTGRES, _VALKEY):
                if not engine.images.list(image):
                    engine.images.pull(image)
        finally:
            engine.close()
    except DockerException:
        return False
    return True


def _address() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _listens(address: str) -> bool:
    """Asked by ourselves first: where nobody listens, the client leaves its socket open."""
    parts = urlsplit(address)
    unix = parts.scheme == "unix"
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        probe.settimeout(5)
        try:
            probe.connect(parts.path if unix else (parts.hostname or "", parts.port or 2375))
        except OSError:
            return False
    return True


@contextmanager
def containers() -> Iterator[Servers]:
    """A PostgreSQL and a Valkey, gone afterwards."""
    if not _listens(_address()):
        raise ConnectionError(f"no Docker engine listens at {_address()}")
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow, and seldom needed
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - slow, and seldom needed

    with PostgresContainer(_POSTGRES, driver=None) as postgres, RedisContainer(_VALKEY) as valkey:
        redis_url = f"redis://{valkey.get_container_host_ip()}:{valkey.get_exposed_port(6379)}"
        yield Servers(postgres.get_connection_url(), redis_url)
