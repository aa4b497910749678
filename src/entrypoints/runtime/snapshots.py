"""Where snapshots are kept, and under which keys."""

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from redis.asyncio import Redis

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from adapters.crypto.snapshot_keys import make_key_file, parse_keys, read_key_file
from adapters.redis.session_store import RedisSessionStore
from application.ports.session_store import SessionStore
from domain.errors import InvalidArgumentError
from domain.ids import SessionId
from entrypoints.settings import Settings, SettingsError

_log: Final = structlog.stdlib.get_logger(__name__)
KEY_FILE: Final = "snapshot.key"
_MB: Final = 1024 * 1024


def make_session_store(settings: Settings, client: Redis) -> SessionStore:
    """The store, under the keys of the settings, else under those of the data directory's file, made where missing.

    Raises:
        SettingsError: a key can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    cipher = AesGcmSnapshotCipher(_keys(settings, make=True), max_bytes=max_bytes(settings))
    return RedisSessionStore(client, cipher, kept=settings.snapshots_kept)


def key_text(settings: Settings) -> bytes | None:
    """The keys in the form of the settings and of the file; None where there is none yet.

    Raises:
        SettingsError: a key can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    keys = _keys(settings, make=False)
    return b",".join(base64.b64encode(key) for key in keys) + b"\n" if keys else None


async def opened_sessions(settings: Settings, client: Redis) -> Sequence[SessionId]:
    """Sessions that have a snapshot which a key of ours opens; makes no key.

    Raises:
        SettingsError: a key can't be used.
        UnavailableError: ``CACHE_UNAVAILABLE``, ``DATA_DIR_UNUSABLE``.
    """
    keys = _keys(settings, make=False)
    return await RedisSessionStore(client, AesGcmSnapshotCipher(keys)).own_sessions() if keys else ()


def keep_key(settings: Settings, text: bytes) -> None:
    """Writes the key file of a backup, unless there are keys: those that are there aren't touched.

    Raises:
        SettingsError: a key can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    if not _keys(settings, make=False):
        make_key_file(settings.data_dir / KEY_FILE, text)


def max_bytes(settings: Settings) -> int:
    """The largest image, before it is compressed."""
    return settings.snapshot_max_mb * _MB


def snapshot_every(settings: Settings) -> timedelta | None:
    """How often a session that runs has one taken."""
    return timedelta(minutes=settings.snapshot_minutes) if settings.snapshot_minutes else None


def describe_keys(settings: Settings) -> str:
    """A line for people, without anything of a key.

    Raises:
        SettingsError: a key can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    if settings.snapshot_key is not None:
        older = len(_keys(settings, make=False)) - 1
        return f"POMBO_SNAPSHOT_KEY has a key{f' and {older} older ones' if older else ''}"
    path = settings.data_dir / KEY_FILE
    return f"{path} has the key" if _keys(settings, make=False) else f"{path} will be made at the first start"


def tell(event: str, session_id: SessionId, detail: str) -> None:
    """Writes a line to the log."""
    write = _log.warning if event in {"snapshot_failed", "snapshot_unreadable"} else _log.info
    write(event, session_id=session_id, detail=detail)


def _keys(settings: Settings, *, make: bool) -> tuple[bytes, ...]:
    path = settings.data_dir / KEY_FILE
    try:
        if settings.snapshot_key is not None:
            return parse_keys(settings.snapshot_key.get_secret_value())
        return make_key_file(path) if make else (read_key_file(path) or ())
    except InvalidArgumentError as error:
        variable = "POMBO_SNAPSHOT_KEY" if settings.snapshot_key is not None else "the key of snapshots"
        raise SettingsError((f"{variable}: {error.message}",)) from None
