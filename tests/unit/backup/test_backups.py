"""Backups are made and restored whole, or not at all."""

import hashlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.disk.media_spool import DiskMediaSpool
from adapters.memory.backup_file import MemoryBackupFile
from adapters.memory.database_backup import MemoryDatabaseBackup, MemoryRows
from adapters.memory.login_backup import MemoryLoginBackup
from adapters.memory.media_store import MemoryMediaStore
from adapters.system.system_clock import SystemClock
from application.backup.make_backup import MakeBackup, MakeBackupCommand
from application.backup.manifest_json import MANIFEST
from application.backup.restore_backup import RestoreBackup, check_backup
from domain.backup import Manifest
from domain.errors import PomboError
from domain.ids import SessionId
from tests.contracts.samples import SALES, SUPPORT

STEPS = {1: "first"}
SESSIONS = (b"sales", b"support") * 40
PICTURE = bytes(range(256)) * 9
LOGINS = {SALES: {"epoch": b"3", "version": b"1", "h:1": b"header", "b:1": b"sealed" * 99}, SUPPORT: {"epoch": b"1"}}


class World:
    """A gateway's stores."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.spool = DiskMediaSpool(home / "spool")
        self.spool.clear()
        self.media = MemoryMediaStore()
        self.logins = MemoryLoginBackup()
        self.database = MemoryDatabaseBackup(None, STEPS)
        self.told: list[tuple[str, int]] = []

    async def fill(self) -> None:
        async def pieces() -> AsyncGenerator[bytes]:
            yield PICTURE

        async with self.spool.receive(pieces(), max_bytes=1_000_000) as file:
            await self.media.put(file)
        for session_id, fields in LOGINS.items():
            await self.logins.write(session_id, fields)
        self.database.rows = MemoryRows(
            tables={"sessions": SESSIONS, "messages": ()},
            media=(hashlib.sha256(PICTURE).hexdigest(), "0" * 64),
            sequences={"people": (12, True)},
        )

    async def back_up(self, file: MemoryBackupFile, **options: object) -> Manifest:
        use_case = MakeBackup(
            self.database, self.logins, self.media, SystemClock(), lambda *told: self.told.append(told), part_bytes=100
        )
        return await use_case.execute(file, MakeBackupCommand(version="1.2.3", **options))  # type: ignore[arg-type]

    @property
    def restore(self) -> RestoreBackup:
        return RestoreBackup(self.database, self.logins, self.media, self.spool)


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path / "old")
    await world.fill()
    return world


@pytest.fixture
def other(tmp_path: Path) -> World:
    return World(tmp_path / "new")


@pytest.fixture
def file() -> MemoryBackupFile:
    return MemoryBackupFile()


async def test_all_of_it_comes_back(world: World, other: World, file: MemoryBackupFile) -> None:
    made = await world.back_up(file, media=True, keys={"snapshot.key": b"the key"})
    assert (made.version, made.sessions, made.media, made.media_missing) == ("1.2.3", (SALES, SUPPORT), 1, 1)
    restored = await other.restore.execute(file)
    assert restored.manifest == made
    assert restored.keys == {"snapshot.key": b"the key"}
    assert other.database.rows is not None
    assert other.database.rows.tables == {"sessions": SESSIONS, "messages": ()}
    assert other.database.rows.sequences == {"people": (12, True)}
    assert {name: await other.logins.read(name) for name in await other.logins.sessions()} == LOGINS
    assert await other.media.size(hashlib.sha256(PICTURE).hexdigest()) == len(PICTURE)


async def test_neither_keys_nor_files_unless_they_are_asked_for(world: World, file: MemoryBackupFile) -> None:
    made = await world.back_up(file)
    assert (made.media, made.keys) == (None, ())
    assert not any(name.startswith(("media/", "keys/")) for name in file.parts)


async def test_large_contents_are_in_parts_and_progress_is_told(world: World, file: MemoryBackupFile) -> None:
    await world.back_up(file)
    assert max(len(data) for name, data in file.parts.items() if name != MANIFEST) == 100
    assert [done for what, done in world.told if what == "database/sessions"] == [100, 200, 300, 400, 500, 560]


@pytest.mark.parametrize("harm", ["changed", "missing", "renamed", "no manifest", "manifest cut", "fewer rows"])
async def test_a_damaged_one_changes_nothing(world: World, other: World, file: MemoryBackupFile, harm: str) -> None:
    await world.back_up(file, media=True)
    name = "database/sessions/000001"
    match harm:
        case "changed":
            file.parts[name] = file.parts[name][:-1] + b"x"
        case "missing":
            del file.parts[name]
        case "renamed":
            file.parts["database/sessions/000009"] = file.parts.pop(name)
        case "no manifest":
            del file.parts[MANIFEST]
        case "manifest cut":
            file.parts[MANIFEST] = file.parts[MANIFEST][:-9]
        case _:
            fields = json.loads(file.parts[MANIFEST])
            fields["database"]["tables"][0]["rows"] -= 1
            file.parts[MANIFEST] = json.dumps(fields).encode()
    with pytest.raises(PomboError) as refused:
        await other.restore.execute(file)
    assert refused.value.reason == "BACKUP_CORRUPT"
    assert other.database.rows is None
    assert await other.logins.sessions() == ()


async def test_a_format_of_later(world: World, other: World, file: MemoryBackupFile) -> None:
    await world.back_up(file)
    file.parts[MANIFEST] = json.dumps({**json.loads(file.parts[MANIFEST]), "format": 2}).encode()
    with pytest.raises(PomboError) as refused:
        await other.restore.execute(file)
    assert refused.value.reason == "BACKUP_NEWER"


async def test_logins_that_are_there_stay_unless_they_may_go(
    world: World, other: World, file: MemoryBackupFile
) -> None:
    await world.back_up(file)
    await other.logins.write(SALES, {"epoch": b"99"})
    await other.logins.write(SessionId("another"), {"epoch": b"5"})
    with pytest.raises(PomboError) as refused:
        await other.restore.execute(file)
    assert refused.value.reason == "TARGET_NOT_EMPTY"
    assert await other.logins.read(SALES) == {"epoch": b"99"}
    assert other.database.rows is None
    await other.restore.execute(file, replace=True)
    assert {name: await other.logins.read(name) for name in await other.logins.sessions()} == LOGINS


async def test_a_check_needs_no_stores(world: World, file: MemoryBackupFile) -> None:
    made = await world.back_up(file)
    assert await check_backup(file) == made
    assert made.size == sum(len(data) for name, data in file.parts.items() if name != MANIFEST)


async def test_a_login_of_what_is_no_session(world: World, other: World, file: MemoryBackupFile) -> None:
    await world.back_up(file)
    fields = json.loads(file.parts[MANIFEST])
    name = "logins/sales/epoch/000000"
    fields["parts"]["logins/..%2f/epoch/000000"] = fields["parts"].pop(name)
    file.parts["logins/..%2f/epoch/000000"] = file.parts.pop(name)
    file.parts[MANIFEST] = json.dumps(fields).encode()
    with pytest.raises(PomboError) as refused:
        await other.restore.execute(file)
    assert refused.value.reason == "BACKUP_CORRUPT"
