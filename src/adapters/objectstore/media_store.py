"""Files' contents in an object store."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, override

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as ObjectNotFoundError
from obstore.store import ObjectStore, S3Store

from application.ports.media_spool import CHUNK, MediaSpool, SpooledFile
from application.ports.media_store import MediaStore
from domain.errors import UnavailableError
from domain.media import Sha256
from domain.media_errors import media_missing

if TYPE_CHECKING:
    from obstore.store import S3Config

_PART: Final = 8 * 1024 * 1024
"""Bytes of a part of an upload, of which two are on their way at a time, and of a piece that is read."""
_CONNECT: Final = timedelta(seconds=5)
_REQUEST: Final = timedelta(seconds=60)
"""A part's time, not a whole file's."""
_RETRIES: Final = 3
_RETRY_FOR: Final = timedelta(seconds=30)


def s3_store(
    bucket: str,
    *,
    prefix: str | None,
    endpoint: str | None,
    region: str,
    access_key_id: str | None,
    secret_access_key: str | None,
) -> S3Store:
    """A bucket of S3, or of what speaks like it at an ``endpoint``.

    Without a key the environment's own credentials are taken, as AWS's tools take them.
    """
    config: S3Config = {"region": region, "virtual_hosted_style_request": endpoint is None}
    if endpoint is not None:
        config["endpoint"] = endpoint
    if access_key_id is not None and secret_access_key is not None:
        config |= {"access_key_id": access_key_id, "secret_access_key": secret_access_key}
    return S3Store(
        bucket,
        prefix=prefix,
        config=config,
        client_options={
            "connect_timeout": _CONNECT,
            "timeout": _REQUEST,
            "allow_http": endpoint is not None and endpoint.startswith("http:"),
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR},
    )


class ObjectMediaStore(MediaStore):
    """An object per content, named by its digest.

    A large one is uploaded in parts, and is there when all of them are. Parts of an upload that was broken off are left
    behind; a lifecycle rule of the bucket's ("abort incomplete multipart uploads") removes them.
    """

    def __init__(self, store: ObjectStore, spool: MediaSpool) -> None:
        self._store = store
        self._spool = spool

    @override
    async def put(self, file: SpooledFile) -> None:
        if await self.size(file.sha256) == file.size:
            return
        with _translated():
            await obstore.put_async(self._store, _key(file.sha256), file.path, chunk_size=_PART, max_concurrency=2)

    @override
    async def size(self, sha256: Sha256) -> int | None:
        with _translated():
            try:
                return (await obstore.head_async(self._store, _key(sha256)))["size"]
            except (FileNotFoundError, ObjectNotFoundError):
                return None

    @override
    async def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        size = await self.size(sha256)
        if size is None:
            raise media_missing(sha256)
        last = size if end is None else min(end, size)
        # A request for each piece: one that takes long, or breaks, costs no more than itself.
        for place in range(start, last, _PART):
            with _translated():
                piece = memoryview(
                    await obstore.get_range_async(self._store, _key(sha256), start=place, end=min(place + _PART, last))
                )
            for begin in range(0, len(piece), CHUNK):
                yield bytes(piece[begin : begin + CHUNK])

    @override
    def local(self, sha256: Sha256) -> AbstractAsyncContextManager[Path]:
        return self._local(sha256)

    @asynccontextmanager
    async def _local(self, sha256: Sha256) -> AsyncIterator[Path]:
        size = await self.size(sha256)
        if size is None:
            raise media_missing(sha256)
        async with aclosing(self.read(sha256)) as chunks, self._spool.receive(chunks, max_bytes=size) as copy:
            if copy.sha256 != sha256:
                raise UnavailableError(
                    "MEDIA_STORE_UNAVAILABLE", "The media store gave a content that isn't the one that was stored."
                )
            yield copy.path

    @override
    async def delete(self, sha256: Sha256) -> None:
        with _translated():
            try:
                await obstore.delete_async(self._store, _key(sha256))
            except (FileNotFoundError, ObjectNotFoundError):
                return


@contextmanager
def _translated() -> Iterator[None]:
    """The library's texts aren't told: they hold addresses and parts of answers."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise UnavailableError(
            "MEDIA_STORE_UNAVAILABLE",
            f"The object store of media doesn't answer as it should ({type(error).__name__}).",
        ) from error


def _key(sha256: Sha256) -> str:
    return f"{sha256[:2]}/{sha256}"
