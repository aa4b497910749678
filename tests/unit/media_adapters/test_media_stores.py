"""The stores of files' contents keep the contract of their port."""

import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from adapters.disk.media_spool import DiskMediaSpool
from adapters.disk.media_store import DiskMediaStore
from adapters.memory.media_store import MemoryMediaStore
from adapters.objectstore.media_store import ObjectMediaStore, s3_store
from domain.errors import UnavailableError
from tests.contracts.media_spool import LARGE, MediaSpoolContract, pieces
from tests.contracts.media_store import MediaStoreContract, put, read
from tests.ports import free_port


class TestDiskMediaSpool(MediaSpoolContract):
    def test_what_a_crash_left_is_gone_at_the_start(self, tmp_path: Path) -> None:
        directory = tmp_path / "left"
        (directory / "room").mkdir(parents=True)
        (directory / "room" / "made").write_bytes(b"x")
        (directory / "a.part").write_bytes(b"x")
        DiskMediaSpool(directory).clear()
        assert list(directory.iterdir()) == []
        assert directory.stat().st_mode & 0o777 == 0o700

    async def test_a_full_disk_says_so_and_nothing_is_left(
        self, spool: DiskMediaSpool, spooled: Callable[[], Sequence[Path]]
    ) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        # No file can be larger than this: the same failure in other words.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
        try:
            with pytest.raises(UnavailableError) as refused:
                async with spool.receive(pieces(LARGE), max_bytes=len(LARGE)):
                    raise AssertionError
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert refused.value.reason == "DISK_FULL"
        assert spooled() == []


class TestDiskMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> DiskMediaStore:
        return DiskMediaStore(tmp_path / "media" / "blobs")

    async def test_it_is_private_and_not_copied(self, store: DiskMediaStore, spool: DiskMediaSpool) -> None:
        sha256 = await put(store, spool, LARGE)
        async with store.local(sha256) as path:
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.stat().st_nlink == 1
            assert path.parent.stat().st_mode & 0o777 == 0o700
            assert path.parent.parent.stat().st_mode & 0o777 == 0o700
            assert [each.name for each in path.parent.iterdir()] == [sha256]

    async def test_one_that_is_torn_is_mended(self, store: DiskMediaStore, spool: DiskMediaSpool) -> None:
        sha256 = await put(store, spool, LARGE)
        async with store.local(sha256) as path:
            path.write_bytes(LARGE[:100])
        assert await put(store, spool, LARGE) == sha256
        assert await read(store, sha256) == LARGE


class TestMemoryMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self) -> MemoryMediaStore:
        return MemoryMediaStore()


class TestObjectMediaStoreInMemory(MediaStoreContract):
    @pytest.fixture
    def store(self, spool: DiskMediaSpool) -> ObjectMediaStore:
        return ObjectMediaStore(MemoryStore(), spool)


class TestObjectMediaStoreOnDisk(MediaStoreContract):
    @pytest.fixture
    def store(self, spool: DiskMediaSpool, tmp_path: Path) -> ObjectMediaStore:
        return ObjectMediaStore(LocalStore(tmp_path, mkdir=True), spool)


@pytest.fixture
def away(spool: DiskMediaSpool) -> ObjectMediaStore:
    return ObjectMediaStore(
        s3_store(
            "media",
            prefix="pombo",
            endpoint=f"http://127.0.0.1:{free_port()}",
            region="us-east-1",
            access_key_id="key",
            secret_access_key="secret",
        ),
        spool,
    )


async def test_a_store_that_is_away_says_so(away: ObjectMediaStore, spool: DiskMediaSpool) -> None:
    with pytest.raises(UnavailableError) as refused:
        await put(away, spool, b"x")
    assert refused.value.reason == "MEDIA_STORE_UNAVAILABLE"
    assert "127.0.0.1" not in refused.value.message
