"""A backup in memory."""

from collections.abc import Collection
from typing import override

from application.ports.backup_file import BackupReader, BackupWriter
from domain.backup import backup_corrupt


class MemoryBackupFile(BackupWriter, BackupReader):
    """Keeps the parts in a dictionary, which may be looked into and damaged."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}

    @override
    async def add(self, name: str, data: bytes) -> None:
        if name in self.parts:
            raise ValueError(f"two parts of one name: {name}")
        self.parts[name] = data

    @override
    def names(self) -> Collection[str]:
        return self.parts.keys()

    @override
    async def read(self, name: str) -> bytes:
        if name not in self.parts:
            raise backup_corrupt(f"{name} is missing")
        return self.parts[name]
