"""The media store on a server that speaks S3."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.disk.media_spool import DiskMediaSpool
from adapters.objectstore.health_check import MediaStoreHealthCheck
from adapters.objectstore.media_store import ObjectMediaStore, s3_store
from tests.contracts.health_check import HealthCheckContract, Part
from tests.contracts.media_store import MediaStoreContract, put, read
from tests.integration.s3 import KEY_ID, REGION, SECRET, S3Server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def spool(tmp_path: Path) -> DiskMediaSpool:
    spool = DiskMediaSpool(tmp_path / "spool")
    spool.clear()
    return spool


def store_on(server: S3Server, spool: DiskMediaSpool) -> ObjectMediaStore:
    store = s3_store(
        server.make_bucket(),
        prefix="pombo/media",
        endpoint=server.url,
        region=REGION,
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
    )
    return ObjectMediaStore(store, spool)


class TestS3MediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self, s3: S3Server, spool: DiskMediaSpool) -> ObjectMediaStore:
        return store_on(s3, spool)

    async def test_one_of_many_parts(self, store: ObjectMediaStore, spool: DiskMediaSpool) -> None:
        content = bytes(range(256)) * 80_000  # 20 MB: three parts
        sha256 = await put(store, spool, content)
        assert await store.size(sha256) == len(content)
        assert await read(store, sha256, 8_000_000, 17_000_000) == content[8_000_000:17_000_000]


class TestMediaStoreHealthCheck(HealthCheckContract):
    @pytest.fixture
    def part(self, spool: DiskMediaSpool) -> Iterator[Part]:
        server = S3Server()

        async def bring_back() -> None:
            await asyncio.to_thread(server.start)

        async def take_away() -> None:
            await asyncio.to_thread(server.stop)

        server.start()
        check = MediaStoreHealthCheck(store_on(server, spool))
        yield Part(check=check, take_away=take_away, bring_back=bring_back, secrets=(SECRET, str(server.port)))
        server.stop()
