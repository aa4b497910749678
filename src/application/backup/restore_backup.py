"""Restore a backup."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from application.backup.manifest_json import MANIFEST, read_manifest
from application.backup.parts import content_of, prove, whole
from application.backup.progress import Progress, no_progress
from application.ports.backup_file import BackupReader
from application.ports.database_backup import DatabaseBackup
from application.ports.login_backup import LoginBackup
from application.ports.media_spool import MediaSpool
from application.ports.media_store import MediaStore
from domain.backup import Manifest, backup_corrupt
from domain.errors import ConflictError, InvalidArgumentError
from domain.ids import SessionId, parse_session_id

_LONGEST_FILE = 4 * 1024**3
"""Files are 2 GiB at most; what a backup holds has passed that limit already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored.

    Attributes:
        manifest: the backup's own.
        keys: those that were in it, by name; where they belong is for the caller to know.
    """

    manifest: Manifest
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class RestoreBackup:
    """Puts a backup in the place of an empty database and an empty store of logins; or of what is there, when told."""

    def __init__(
        self,
        database: DatabaseBackup,
        logins: LoginBackup,
        media: MediaStore,
        spool: MediaSpool,
        progress: Progress = no_progress,
    ) -> None:
        self._database = database
        self._logins = logins
        self._media = media
        self._spool = spool
        self._progress = progress

    async def execute(self, file: BackupReader, *, replace: bool = False) -> Restored:
        """Proves every part of the backup, then restores it.

        The rows are seen when all is there. Files do no harm to anybody before that; the logins go in right before it:
        a failure between the two leaves the old rows with the new logins, and the same call again mends it.

        Raises:
            UnprocessableError: ``BACKUP_CORRUPT``.
            ConflictError: ``BACKUP_NEWER``, ``MIGRATION_CHANGED``, ``TARGET_NOT_EMPTY``, ``TARGET_IN_USE``.
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``CACHE_UNAVAILABLE``, ``MEDIA_STORE_UNAVAILABLE``,
                ``DISK_FULL``, ``BACKUP_FILE_UNUSABLE``.
        """
        manifest = await check_backup(file, self._progress)
        logins = _logins(manifest)
        stored = await self._logins.sessions()
        if stored and not replace:
            raise ConflictError(
                "TARGET_NOT_EMPTY",
                f"Redis holds logins of {len(stored)} sessions already. Restore into empty servers, or replace what "
                "is there.",
            )
        async with self._database.writing(manifest.database, replace=replace) as writer:
            for table in manifest.database.tables:
                name = f"database/{table.name}"
                async with aclosing(content_of(file, manifest, name, self._progress)) as pieces:
                    rows = await writer.write(table.name, pieces)
                if rows != manifest.rows[table.name]:
                    raise backup_corrupt(f"{table.name} has {rows} rows, and its manifest says otherwise")
            await self._write_media(file, manifest)
            for session_id in {*stored} - logins.keys():
                await self._logins.remove(session_id)
            for session_id, places in logins.items():
                # One session's at a time: those of all may be more than there is memory.
                fields = {
                    place: await whole(content_of(file, manifest, name, self._progress))
                    for place, name in places.items()
                }
                await self._logins.write(session_id, fields)
        return Restored(manifest=manifest, keys=await self._read_keys(file, manifest))

    async def _write_media(self, file: BackupReader, manifest: Manifest) -> None:
        for name in _contents(manifest, "media/"):
            pieces = content_of(file, manifest, name, self._progress)
            async with aclosing(pieces), self._spool.receive(pieces, max_bytes=_LONGEST_FILE) as spooled:
                if spooled.sha256 != name.removeprefix("media/"):
                    raise backup_corrupt(f"{name} isn't the file that it is named after")
                await self._media.put(spooled)

    async def _read_keys(self, file: BackupReader, manifest: Manifest) -> Mapping[str, bytes]:
        return {name: await whole(content_of(file, manifest, f"keys/{name}", self._progress)) for name in manifest.keys}


async def check_backup(file: BackupReader, progress: Progress = no_progress) -> Manifest:
    """Proves that every part is there and is what was written.

    Digests tell damage, not malice: whoever can write the file can write its manifest.

    Raises:
        UnprocessableError: ``BACKUP_CORRUPT``.
        ConflictError: ``BACKUP_NEWER``.
        UnavailableError: ``BACKUP_FILE_UNUSABLE``.
    """
    if MANIFEST not in file.names():
        raise backup_corrupt("it has no manifest: it wasn't written to its end, or isn't a backup")
    manifest = read_manifest(await file.read(MANIFEST))
    await prove(file, manifest, progress)
    return manifest


def _logins(manifest: Manifest) -> Mapping[SessionId, Mapping[str, str]]:
    """Of each session, the places of what is stored, and the names of their contents."""
    found: dict[SessionId, dict[str, str]] = {}
    for name in _contents(manifest, "logins/"):
        session, _, place = name.removeprefix("logins/").partition("/")
        try:
            found.setdefault(parse_session_id(session), {})[place.replace("-", ":")] = name
        except InvalidArgumentError:
            raise backup_corrupt("it holds a login of what is no session") from None
    return found


def _contents(manifest: Manifest, prefix: str) -> list[str]:
    return list(dict.fromkeys(name.rpartition("/")[0] for name in manifest.parts if name.startswith(prefix)))
