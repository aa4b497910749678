"""The media store on a server that speaks S3."""

import asyncio
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.disk.media_spool import DiskMediaSpool
from adapters.objectstore.health_check import MediaStoreHealthCheck
from adapters.objectstore.media_store import ObjectMediaStore, s3_store
from tests.contracts.health_check import HealthCheckContract, Part
from tests.contracts.media_store import MediaStoreContract, put, read
from tests.ports import free_port

SECRET = "a-secret-of-s3"


class S3Server:
    """moto's, in a process of its own, with what it holds in memory."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port))
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < until, "the S3 server doesn't come up"
                assert self._process.poll() is None, "the S3 server has ended"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    server = S3Server(free_port())
    server.start()
    yield server.port
    server.stop()


@pytest.fixture
def spool(tmp_path: Path) -> DiskMediaSpool:
    spool = DiskMediaSpool(tmp_path / "spool")
    spool.clear()
    return spool


def store_on(port: int, bucket: str, spool: DiskMediaSpool) -> ObjectMediaStore:
    store = s3_store(
        bucket,
        prefix="pombo/media",
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id="key",
        secret_access_key=SECRET,
    )
    return ObjectMediaStore(store, spool)


def make_bucket(port: int) -> str:
    name = f"media-{uuid4()}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{name}", method="PUT")
    urllib.request.urlopen(request).close()  # noqa: S310 - loopback
    return name


class TestS3MediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self, s3_port: int, spool: DiskMediaSpool) -> ObjectMediaStore:
        return store_on(s3_port, make_bucket(s3_port), spool)

    async def test_one_of_many_parts(self, store: ObjectMediaStore, spool: DiskMediaSpool) -> None:
        content = bytes(range(256)) * 80_000  # 20 MB: three parts
        sha256 = await put(store, spool, content)
        assert await store.size(sha256) == len(content)
        assert await read(store, sha256, 8_000_000, 17_000_000) == content[8_000_000:17_000_000]


class TestMediaStoreHealthCheck(HealthCheckContract):
    @pytest.fixture
    def part(self, spool: DiskMediaSpool) -> Iterator[Part]:
        server = S3Server(free_port())

        async def bring_back() -> None:
            await asyncio.to_thread(server.start)

        async def take_away() -> None:
            await asyncio.to_thread(server.stop)

        server.start()
        check = MediaStoreHealthCheck(store_on(server.port, make_bucket(server.port), spool))
        yield Part(check=check, take_away=take_away, bring_back=bring_back, secrets=(SECRET, str(server.port)))
        server.stop()
