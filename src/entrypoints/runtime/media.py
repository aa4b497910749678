"""Where files are kept, and what they are treated with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog

from adapters.disk.media_spool import DiskMediaSpool
from adapters.disk.media_store import DiskMediaStore
from adapters.http.media_fetcher import FetcherSettings, HttpMediaFetcher
from adapters.objectstore.health_check import MediaStoreHealthCheck
from adapters.objectstore.media_store import ObjectMediaStore, s3_store
from adapters.workshop.media_workshop import ProcessMediaWorkshop
from application.in_thread import in_thread
from application.media.settings import MediaSettings
from application.ports.health_check import HealthCheck
from application.ports.media_store import MediaStore
from domain.errors import UnavailableError
from domain.ids import MessageId
from domain.media_limits import MIB
from entrypoints.media_parts import MediaParts
from entrypoints.settings import Settings

_log: Final = structlog.stdlib.get_logger(__name__)
_JSON_ROOM: Final = 64 * 1024
"""Bytes of a request's JSON beside a file in it, and of a form's fields."""


@asynccontextmanager
async def open_media(settings: Settings) -> AsyncIterator[tuple[MediaParts, tuple[HealthCheck, ...]]]:
    """The parts, and their health, for the time of the context. The data directory is the caller's.

    Raises:
        UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
    """
    directory = _directory(settings)
    spool = DiskMediaSpool(directory / "spool")
    await in_thread(spool.clear)
    store, checks = _store(settings, directory, spool)
    keep = timedelta(days=settings.media_retention_days) if settings.media_retention_days else None
    fetching = FetcherSettings(allowed=settings.media_link_allow_private)
    async with HttpMediaFetcher.open(fetching) as fetcher:
        parts = MediaParts(
            store=store,
            spool=spool,
            workshop=ProcessMediaWorkshop(at_once=settings.media_workers),
            fetcher=fetcher,
            settings=MediaSettings(
                max_bytes=settings.media_max_mb * MIB,
                keep=keep,
                download=settings.media_download,
                download_max_bytes=settings.media_download_max_mb * MIB,
            ),
        )
        yield parts, checks


async def check_media_store(settings: Settings) -> str:
    """A line for people: where files are kept.

    Raises:
        UnavailableError: ``MEDIA_STORE_UNAVAILABLE``.
    """
    directory = _directory(settings)
    if settings.media_url is None:
        return f"POMBO_MEDIA_URL isn't set: files are kept in {directory}"
    _, checks = _store(settings, directory, DiskMediaSpool(directory / "spool"))
    for check in checks:
        if (problem := await check.check()) is not None:
            raise UnavailableError("MEDIA_STORE_UNAVAILABLE", f"{problem} Check POMBO_MEDIA_URL and its keys.")
    return f"the bucket of POMBO_MEDIA_URL answers: {settings.media_url}"


def media_store(settings: Settings) -> tuple[MediaStore, DiskMediaSpool]:
    """The store alone, for whoever copies files; a gateway may use it, and the spool, at the same time."""
    directory = _directory(settings)
    spool = DiskMediaSpool(directory / "spool")
    return _store(settings, directory, spool)[0], spool


def _directory(settings: Settings) -> Path:
    return settings.data_dir / "media"


def upload_limit(settings: Settings) -> int:
    """The largest body that carries a file."""
    return settings.media_max_mb * MIB + _JSON_ROOM


def inline_limit(settings: Settings) -> int:
    """The largest body with a file within its JSON, in base64."""
    return max(settings.max_body_bytes, settings.media_inline_max_mb * MIB * 4 // 3 + _JSON_ROOM)


def log_failed_download(message_id: MessageId, reason: str) -> None:
    """Puts on record that a file wasn't fetched in advance."""
    _log.warning("media_download_failed", message_id=message_id, reason=reason)


def _store(settings: Settings, directory: Path, spool: DiskMediaSpool) -> tuple[MediaStore, tuple[HealthCheck, ...]]:
    if settings.media_url is None:
        # Its disk is the data directory's, whose health is looked after.
        return DiskMediaStore(directory / "blobs"), ()
    parts = urlsplit(settings.media_url)
    key_id, secret = settings.media_s3_access_key_id, settings.media_s3_secret_access_key
    bucket = s3_store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        endpoint=settings.media_s3_endpoint,
        region=settings.media_s3_region,
        access_key_id=None if key_id is None else key_id.get_secret_value(),
        secret_access_key=None if secret is None else secret.get_secret_value(),
    )
    store = ObjectMediaStore(bucket, spool)
    return store, (MediaStoreHealthCheck(store),)
