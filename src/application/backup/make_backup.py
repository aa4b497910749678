"""Make a backup."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from application.backup.manifest_json import MANIFEST, write_manifest
from application.backup.parts import PartsWriter
from application.backup.progress import Progress, no_progress
from application.ports.backup_file import BackupWriter
from application.ports.clock import Clock
from application.ports.database_backup import DatabaseBackup, DatabaseReader
from application.ports.login_backup import LoginBackup
from application.ports.media_store import MediaStore
from domain.backup import PART_BYTES, DatabaseShape, Manifest
from domain.errors import NotFoundError
from domain.ids import SessionId
from domain.media import Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeBackupCommand:
    """What to put in.

    Attributes:
        version: the program's own.
        media: whether the files' contents go in.
        keys: keys that go in, by name. Whoever has the backup has the logins then.
    """

    version: str
    media: bool = False
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class MakeBackup:
    """Takes the database at one moment, the sealed logins, and on demand the files; the gateway may run meanwhile.

    The logins are read first. Each is bound to an epoch that was given out before it was stored: so the database, which
    is read later, knows of every epoch that the logins name.
    """

    def __init__(
        self,
        database: DatabaseBackup,
        logins: LoginBackup,
        media: MediaStore,
        clock: Clock,
        progress: Progress = no_progress,
        *,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._database = database
        self._logins = logins
        self._media = media
        self._clock = clock
        self._progress = progress
        self._part_bytes = part_bytes

    async def execute(self, file: BackupWriter, command: MakeBackupCommand) -> Manifest:
        """Writes the backup.

        Raises:
            NotFoundError: ``NOTHING_TO_BACK_UP``.
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``CACHE_UNAVAILABLE``, ``MEDIA_STORE_UNAVAILABLE``,
                ``DISK_FULL``, ``BACKUP_FILE_UNUSABLE``.
        """
        parts = PartsWriter(file, self._progress, part_bytes=self._part_bytes)
        for name, key in command.keys.items():
            await parts.whole(f"keys/{name}", key)
        sessions = await self._write_logins(parts)
        async with self._database.reading() as reader:
            created_at = self._clock.now()
            shape = reader.shape
            rows = await self._write_rows(parts, reader, shape)
            contents = await reader.media() if command.media else ()
        media, missing = await self._write_media(parts, contents)
        manifest = Manifest(
            version=command.version,
            created_at=created_at,
            database=shape,
            rows=rows,
            sessions=sessions,
            media=media if command.media else None,
            media_missing=missing,
            keys=tuple(command.keys),
            parts=parts.parts,
        )
        await file.add(MANIFEST, write_manifest(manifest))
        return manifest

    async def _write_logins(self, parts: PartsWriter) -> Sequence[SessionId]:
        written = []
        for session_id in await self._logins.sessions():
            fields = await self._logins.read(session_id)
            for name, value in fields.items():
                await parts.whole(f"logins/{session_id}/{name.replace(':', '-')}", value)
            if fields:
                written.append(session_id)
        return tuple(written)

    async def _write_rows(self, parts: PartsWriter, reader: DatabaseReader, shape: DatabaseShape) -> Mapping[str, int]:
        rows = {}
        for table in shape.tables:
            content = parts.content(f"database/{table.name}")
            rows[table.name] = await reader.read(table.name, content.write)
            await content.close()
        return rows

    async def _write_media(self, parts: PartsWriter, contents: Sequence[Sha256]) -> tuple[int, int]:
        written = missing = 0
        for sha256 in contents:
            content = parts.content(f"media/{sha256}")
            try:
                async with aclosing(self._media.read(sha256)) as pieces:
                    async for piece in pieces:
                        await content.write(piece)
            except NotFoundError:
                # On its way in or out when the rows were read: the row stays, and says that the file is gone.
                missing += 1
            else:
                await content.close()
                written += 1
        return written, missing
