"""What every store of files' contents does. Fixtures: ``store``, an empty one, and ``spool``."""

import asyncio
import hashlib
from contextlib import aclosing

import pytest

from application.ports.media_spool import CHUNK, MediaSpool
from application.ports.media_store import MediaStore
from domain.errors import NotFoundError
from tests.contracts.media_spool import LARGE, pieces

NOBODYS = "0" * 64


async def put(store: MediaStore, spool: MediaSpool, content: bytes) -> str:
    async with spool.receive(pieces(content), max_bytes=len(content)) as file:
        await store.put(file)
        return file.sha256


async def read(store: MediaStore, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    async with aclosing(store.read(sha256, start=start, end=end)) as chunks:
        return b"".join([chunk async for chunk in chunks])


class MediaStoreContract:
    @pytest.mark.parametrize("content", [b"x", LARGE])
    async def test_a_content_comes_back_whole(self, store: MediaStore, spool: MediaSpool, content: bytes) -> None:
        sha256 = await put(store, spool, content)
        assert sha256 == hashlib.sha256(content).hexdigest()
        assert await store.size(sha256) == len(content)
        assert await read(store, sha256) == content
        async with store.local(sha256) as path:
            assert path.read_bytes() == content

    async def test_ranges(self, store: MediaStore, spool: MediaSpool) -> None:
        sha256 = await put(store, spool, LARGE)
        size = len(LARGE)
        for start, end in ((0, 1), (5, 500_000), (size - 3, size), (size - 3, None), (7, 7), (size - 2, size + 50)):
            assert await read(store, sha256, start, end) == LARGE[start:end], (start, end)

    async def test_it_comes_in_pieces(self, store: MediaStore, spool: MediaSpool) -> None:
        sha256 = await put(store, spool, LARGE)
        assert all([0 < len(chunk) <= CHUNK async for chunk in store.read(sha256)])

    async def test_the_same_content_is_one(self, store: MediaStore, spool: MediaSpool) -> None:
        digests = await asyncio.gather(*(put(store, spool, LARGE) for _ in range(4)))
        assert len(set(digests)) == 1
        await store.delete(digests[0])
        assert await store.size(digests[0]) is None

    async def test_what_isn_t_there(self, store: MediaStore) -> None:
        assert await store.size(NOBODYS) is None
        with pytest.raises(NotFoundError) as missing:
            await read(store, NOBODYS)
        assert missing.value.reason == "MEDIA_MISSING"
        with pytest.raises(NotFoundError) as missing:
            async with store.local(NOBODYS):
                raise AssertionError
        assert missing.value.reason == "MEDIA_MISSING"
        await store.delete(NOBODYS)

    async def test_a_reader_may_leave(self, store: MediaStore, spool: MediaSpool) -> None:
        sha256 = await put(store, spool, LARGE)
        async with aclosing(store.read(sha256)) as chunks:
            assert await anext(aiter(chunks))
        assert await read(store, sha256, 0, 10) == LARGE[:10]

    async def test_a_deleted_one_can_come_again(self, store: MediaStore, spool: MediaSpool) -> None:
        sha256 = await put(store, spool, b"again")
        await store.delete(sha256)
        assert await put(store, spool, b"again") == sha256
        assert await read(store, sha256) == b"again"
