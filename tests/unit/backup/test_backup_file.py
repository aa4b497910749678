"""Backups as files: the port's contract, and files that aren't whole."""

import stat
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.disk.backup_file import TarBackupReader, TarBackupWriter
from application.ports.backup_file import BackupReader
from domain.errors import AlreadyExistsError, PomboError, UnavailableError
from tests.contracts.backup_file import PARTS, BackupFileContract, WriteAndRead


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backup.pombo"


def content(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def beside(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


async def write(path: Path, parts: Mapping[str, bytes] = PARTS, *, overwrite: bool = False) -> None:
    async with TarBackupWriter.open(path, overwrite=overwrite) as writer:
        for name, data in parts.items():
            await writer.add(name, data)


async def write_twice(path: Path) -> None:
    async with TarBackupWriter.open(path) as writer:
        await writer.add("a", b"a")
        await writer.add("a", b"a")


async def read(path: Path) -> Mapping[str, bytes]:
    async with TarBackupReader.open(path) as reader:
        return {name: await reader.read(name) for name in reader.names()}


@pytest.fixture
def write_and_read(path: Path) -> WriteAndRead:
    @asynccontextmanager
    async def opened(parts: Mapping[str, bytes]) -> AsyncIterator[BackupReader]:
        await write(path, parts)
        async with TarBackupReader.open(path) as reader:
            yield reader

    return opened


class TestTarBackupFile(BackupFileContract):
    async def test_nobody_else_can_read_it(self, path: Path) -> None:
        await write(path)
        assert mode(path) == 0o600
        assert beside(path) == [path.name]

    async def test_any_tar_can_list_it(self, path: Path) -> None:
        await write(path)
        with tarfile.open(path) as tar:
            assert tar.getnames() == [f"{name}.zst" for name in PARTS]

    async def test_one_that_fails_leaves_no_file(self, path: Path) -> None:
        with pytest.raises(ValueError, match="two parts"):
            await write_twice(path)
        assert beside(path) == []

    async def test_a_file_that_is_there_stays_unless_it_may_go(self, path: Path) -> None:
        put(path, b"mine")
        with pytest.raises(AlreadyExistsError) as refused:
            await write(path)
        assert refused.value.reason == "BACKUP_FILE_EXISTS"
        assert content(path) == b"mine"
        await write(path, overwrite=True)
        assert await read(path) == PARTS

    async def test_a_file_that_came_meanwhile_stays(self, path: Path) -> None:
        with pytest.raises(AlreadyExistsError):
            async with TarBackupWriter.open(path):
                put(path, b"mine")
        assert content(path) == b"mine"

    @pytest.mark.parametrize("length", [0, 1, 511, 700, 1_300, 1_800])
    async def test_one_that_is_cut_off_is_refused_or_lacks_parts(self, path: Path, length: int) -> None:
        await write(path)
        put(path, content(path)[:length])
        try:
            found = await read(path)
        except PomboError as error:
            assert error.reason == "BACKUP_CORRUPT"
        else:
            assert found.keys() < PARTS.keys()

    async def test_each_byte_counts(self, path: Path) -> None:
        await write(path, {"a": b"some rows" * 100})
        whole = content(path)
        with tarfile.open(path) as tar:
            member = tar.getmembers()[0]
        for place in range(member.offset_data, member.offset_data + member.size):
            put(path, whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            with pytest.raises(PomboError) as refused:
                await read(path)
            assert refused.value.reason == "BACKUP_CORRUPT"

    async def test_there_is_no_file(self, path: Path) -> None:
        with pytest.raises(UnavailableError) as refused:
            await read(path)
        assert refused.value.reason == "BACKUP_FILE_UNUSABLE"

    async def test_there_is_no_directory(self, path: Path) -> None:
        with pytest.raises(UnavailableError) as refused:
            await write(path / "below" / "backup")
        assert refused.value.reason == "BACKUP_FILE_UNUSABLE"
