"""The copies in memory keep the contracts of their ports."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

import pytest

from adapters.memory.backup_file import MemoryBackupFile
from adapters.memory.database_backup import MemoryDatabaseBackup, MemoryRows
from adapters.memory.login_backup import MemoryLoginBackup
from application.ports.backup_file import BackupReader
from domain.errors import ConflictError
from tests.contracts.backup_file import BackupFileContract, WriteAndRead
from tests.contracts.database_backup import DatabaseBackupContract, WriteMore, everything, put
from tests.contracts.login_backup import LoginBackupContract

STEPS = {1: "first", 4: "second"}


def rows() -> MemoryRows:
    return MemoryRows(tables={"sessions": (b"sales", b"support"), "messages": ()}, sequences={"people": (7, True)})


@pytest.fixture
def source() -> MemoryDatabaseBackup:
    return MemoryDatabaseBackup(rows(), STEPS)


@pytest.fixture
def blank() -> MemoryDatabaseBackup:
    return MemoryDatabaseBackup(None, STEPS)


@pytest.fixture
def goes_on() -> Collection[str]:
    return ()


@pytest.fixture
def write_more(source: MemoryDatabaseBackup) -> WriteMore:
    async def write() -> None:
        source.rows = MemoryRows(tables={"sessions": (b"sales", b"support"), "messages": (b"new",)})

    return write


class TestMemoryDatabaseBackup(DatabaseBackupContract):
    async def test_one_that_is_used(self, source: MemoryDatabaseBackup) -> None:
        shape, found = await everything(source)
        assert source.rows is not None
        source.rows.is_run = True
        with pytest.raises(ConflictError) as refused:
            await put(source, shape, found, replace=True)
        assert refused.value.reason == "TARGET_IN_USE"


@pytest.fixture
def logins() -> MemoryLoginBackup:
    return MemoryLoginBackup()


class TestMemoryLoginBackup(LoginBackupContract):
    pass


@pytest.fixture
def write_and_read() -> WriteAndRead:
    @asynccontextmanager
    async def opened(parts: Mapping[str, bytes]) -> AsyncIterator[BackupReader]:
        file = MemoryBackupFile()
        for name, data in parts.items():
            await file.add(name, data)
        yield file

    return opened


class TestMemoryBackupFile(BackupFileContract):
    pass
