"""What every spool of files does. Fixtures: ``spool``; ``spooled``, which gives the paths of what it holds."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from application.ports.media_spool import MediaSpool
from domain.errors import InvalidArgumentError, TooLargeError

LARGE = bytes(range(256)) * 12_000
"""About 3 MB: longer than any buffer."""


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


class MediaSpoolContract:
    @pytest.mark.parametrize("content", [b"x", LARGE])
    async def test_what_comes_is_there_whole_and_gone_afterwards(
        self, spool: MediaSpool, spooled: Callable[[], Sequence[Path]], content: bytes
    ) -> None:
        async with spool.receive(pieces(content), max_bytes=len(content)) as file:
            assert file.path.read_bytes() == content
            assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
            assert file.path.stat().st_mode & 0o777 == 0o600
            assert file.path.parent.stat().st_mode & 0o777 == 0o700
        assert spooled() == []

    async def test_too_much_is_refused_before_all_of_it_has_come(
        self, spool: MediaSpool, spooled: Callable[[], Sequence[Path]]
    ) -> None:
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 1_000
                yield bytes(1_000)

        with pytest.raises(TooLargeError) as refused:
            async with spool.receive(endless(), max_bytes=10_000):
                raise AssertionError
        assert (refused.value.reason, refused.value.metadata) == ("MEDIA_TOO_LARGE", {"limit_bytes": "10000"})
        assert taken == 11_000
        assert spooled() == []

    async def test_nothing_is_no_file(self, spool: MediaSpool) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            async with spool.receive(pieces(b""), max_bytes=10):
                raise AssertionError
        assert refused.value.reason == "MEDIA_EMPTY"

    async def test_who_breaks_off_leaves_nothing(
        self, spool: MediaSpool, spooled: Callable[[], Sequence[Path]]
    ) -> None:
        begun = asyncio.Event()

        async def stuck() -> AsyncIterator[bytes]:
            yield LARGE
            begun.set()
            await asyncio.Event().wait()

        async def receive() -> None:
            async with spool.receive(stuck(), max_bytes=2 * len(LARGE)):
                raise AssertionError

        task = asyncio.create_task(receive())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert spooled() == []

    async def test_the_source_s_own_failure_goes_through(
        self, spool: MediaSpool, spooled: Callable[[], Sequence[Path]]
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            async with spool.receive(broken(), max_bytes=10):
                raise AssertionError
        assert spooled() == []

    async def test_a_room_takes_what_is_made(self, spool: MediaSpool, spooled: Callable[[], Sequence[Path]]) -> None:
        async with spool.room() as path:
            path.write_bytes(LARGE)
            (path.parent / "scraps").write_bytes(b"of the work")
            made = await spool.measure(path)
            assert (made.path, made.size, made.sha256) == (path, len(LARGE), hashlib.sha256(LARGE).hexdigest())
        assert spooled() == []

    async def test_many_at_once_don_t_meet(self, spool: MediaSpool) -> None:
        async def one(number: int) -> bytes:
            content = str(number).encode() * 1_000
            async with spool.receive(pieces(content, 100), max_bytes=len(content)) as file:
                await asyncio.sleep(0)
                return file.path.read_bytes()

        assert await asyncio.gather(*(one(n) for n in range(20))) == [str(n).encode() * 1_000 for n in range(20)]
