"""One SQLite connection with group commit."""

import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from sandbox.errors import StartError
from sandbox.store.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION

_log = logging.getLogger(__name__)

type Row = tuple[Any, ...]

_CHECKPOINT_SECONDS: Final = 2.0
_CHECKPOINT_BYTES: Final = 8 * 1024 * 1024


class Database:
    """The store's connection, used from the event loop's thread alone.

    Writes of one pass of the event loop share a transaction that is committed at the end of the pass; what tells
    others of a write (`after_commit`) runs after that. So a frame is never on the wire before the state it stands for
    is in the database, and a burst costs one commit. With WAL and `synchronous=NORMAL` a commit doesn't wait for the
    disk: it survives the death of the process, not of the machine. Checkpoints, which do wait, run in a thread.
    """

    def __init__(self, path: Path, *, on_failure: Callable[[BaseException], None]) -> None:
        self._path = path
        self._on_failure = on_failure
        self._after: list[Callable[[], None]] = []
        self._open = False
        self._lock = _lock_directory(path.parent)
        try:
            self._connection = _connect(path)
        except BaseException:
            self._lock.close()
            raise

    def read(self, sql: str, parameters: Row = ()) -> sqlite3.Cursor:
        """Run a query; it sees the writes of the pass that aren't committed yet."""
        return self._connection.execute(sql, parameters)

    def write(self, sql: str, parameters: Row = ()) -> sqlite3.Cursor:
        """Run a statement in the transaction of this pass of the event loop."""
        if not self._open:
            self._connection.execute("BEGIN")
            self._open = True
            asyncio.get_running_loop().call_soon(self._commit)
        return self._connection.execute(sql, parameters)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once everything written so far is committed: at once when nothing is open."""
        if self._open or self._after:
            self._after.append(callback)
        else:
            callback()

    def flush(self) -> None:
        """Commit now."""
        if self._open:
            self._commit()

    def _commit(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._after.clear()
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            _log.critical("sandbox.commit_failed", exc_info=error)
            self._on_failure(error)
            return
        callbacks, self._after = self._after, []
        for callback in callbacks:
            callback()

    async def keep_checkpointed(self) -> None:
        """Fold the write-ahead log back into the database now and then, off the event loop; runs until cancelled."""
        wal = self._path.with_name(self._path.name + "-wal")
        while True:
            await asyncio.sleep(_CHECKPOINT_SECONDS)
            if wal.exists() and wal.stat().st_size > _CHECKPOINT_BYTES:
                await asyncio.to_thread(self._checkpoint)

    def _checkpoint(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=0.2)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Commit what is open and close; the last connection folds the log back by itself."""
        self.flush()
        self._connection.close()
        self._lock.close()


def _lock_directory(directory: Path) -> IO[bytes]:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.fdopen(os.open(directory / "sandbox.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise StartError(f"the data directory can't be used: {error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise StartError("another sandbox uses this data directory; stop it or choose another --data-dir") from error
    return handle


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # Made with its mode first: SQLite's side files take the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and (application, version) != (APPLICATION_ID, SCHEMA_VERSION):
            connection.close()
            raise StartError(f"{path.name} in the data directory is not of this sandbox's version; choose another one")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        if not tables:
            connection.executescript(SCHEMA)
    except (sqlite3.Error, OSError) as error:
        raise StartError(f"the data directory holds no usable database: {error}") from error
    return connection
