"""What every backup at rest does. Fixture: ``write_and_read``, which writes parts, and opens what was written."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import pytest

from application.ports.backup_file import BackupReader
from domain.errors import UnprocessableError

type WriteAndRead = Callable[[Mapping[str, bytes]], AbstractAsyncContextManager[BackupReader]]

PARTS = {"manifest.json": b"{}", "database/messages/000000": bytes(range(256)) * 999, "logins/sales/h-1/000000": b""}


class BackupFileContract:
    async def test_what_is_added_is_read(self, write_and_read: WriteAndRead) -> None:
        async with write_and_read(PARTS) as reader:
            assert set(reader.names()) == set(PARTS)
            assert {name: await reader.read(name) for name in reversed(PARTS)} == PARTS

    async def test_what_is_not_there(self, write_and_read: WriteAndRead) -> None:
        async with write_and_read(PARTS) as reader:
            with pytest.raises(UnprocessableError) as refused:
                await reader.read("database/sessions/000000")
        assert refused.value.reason == "BACKUP_CORRUPT"
