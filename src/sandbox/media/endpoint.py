"""`/mms/…` on the page's origin: encrypted files up and down."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from sandbox.clock import now_ms
from sandbox.core import Core
from sandbox.errors import SandboxError, bad_request
from sandbox.faults import FaultKind
from sandbox.media.blobs import Blob, Incoming
from sandbox.media.crypto import BLOCK_BYTES, INFO, LEAST_BYTES, MAC_BYTES
from sandbox.store.devices import Device

_PIECE: Final = 1024 * 1024
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}=?", re.ASCII)


class MediaEndpoint:
    """Takes uploads from logged-in devices, and gives whoever knows the path what was uploaded, as WhatsApp's does."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/mms/d/{digest}", self.download)
        router.add_post("/mms/{kind}/{token}", self.upload)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Store a ciphertext; `token` is the base64url of its SHA-256, `?auth=` a pass of `iq media_conn`."""
        try:
            device = self._uploader(request)
            expected = _digest_of(request.match_info["token"])
            with self._core.blobs.incoming() as incoming:
                await self._receive(request, incoming)
                if incoming.digest != expected:
                    raise bad_request("the token isn't the digest of what came")
                await self._dawdle(device)
                if self._core.faults.spend(FaultKind.UPLOAD_FAILURE, device.phone, device.number):
                    raise SandboxError(500, "UPLOAD_FAILURE", "a fault says that the upload fails")
                # Nothing may have been decided while the file came: the device can have been unlinked.
                self._core.passes.check(request.query.get("auth", ""))
                blob = self._core.blobs.keep(incoming, device.phone)
        except SandboxError as error:
            return _refusal(error)
        self._core.database.flush()
        answer = {"url": f"{request.scheme}://{request.host}{blob.direct_path}", "direct_path": blob.direct_path}
        return web.Response(body=orjson.dumps(answer), content_type="application/json", headers=_HEADERS)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A ciphertext. 404: it was never there; 410: it is no longer."""
        blob = self._core.blobs.find(request.match_info["digest"])
        if blob is None:
            return _refusal(SandboxError(404, "MEDIA_NOT_FOUND", "there is no such file"))
        if expired(self._core, blob):
            return _refusal(SandboxError(410, "MEDIA_EXPIRED", "the file has expired"))
        path = self._core.blobs.path(blob.digest)
        headers = _HEADERS | {"Content-Type": "application/octet-stream"}
        if self._core.faults.spend(FaultKind.MEDIA_CORRUPTED, blob.uploader):
            broken = bytearray(await asyncio.to_thread(path.read_bytes))
            broken[len(broken) // 2] ^= 0xFF
            return web.Response(body=bytes(broken), headers=headers)
        return web.FileResponse(path, chunk_size=_PIECE, headers=headers)

    def _uploader(self, request: web.Request) -> Device:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise SandboxError(403, "ORIGIN_REFUSED", "uploads come from the page's own origin")
        if request.match_info["kind"] not in INFO:
            raise bad_request(f"the kind is one of: {', '.join(INFO)}")
        if (request.content_length or 0) > self._core.config.media_most_bytes:
            raise _too_large(self._core.config.media_most_bytes)
        return self._core.passes.check(request.query.get("auth", ""))

    async def _dawdle(self, device: Device) -> None:
        slow = self._core.faults.find(FaultKind.SLOW_UPLOAD, device.phone, device.number)
        if slow is not None and slow.ms:
            await asyncio.sleep(slow.ms / 1000)

    async def _receive(self, request: web.Request, incoming: Incoming) -> None:
        most = self._core.config.media_most_bytes
        async for piece in _pieces(request):
            await asyncio.to_thread(incoming.write, piece)
            if incoming.size > most:
                raise _too_large(most)
        if incoming.size < LEAST_BYTES or (incoming.size - MAC_BYTES) % BLOCK_BYTES:
            raise bad_request("an encrypted file is whole blocks and a MAC")


def expired(core: Core, blob: Blob) -> bool:
    """Whether a file can't be had any more; a counted fault is spent by asking."""
    return blob.expires_ms <= now_ms() or core.faults.spend(FaultKind.MEDIA_EXPIRED, blob.uploader)


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body in pieces that are worth a thread's while."""
    gathered = bytearray()
    async for chunk in request.content.iter_any():
        gathered += chunk
        if len(gathered) >= _PIECE:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _digest_of(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise bad_request("the token is the base64url of a SHA-256 digest")
    return base64.urlsafe_b64decode(token.rstrip("=") + "=").hex()


def _too_large(most: int) -> SandboxError:
    return SandboxError(413, "MEDIA_TOO_LARGE", f"a file has at most {most} bytes")


def _refusal(error: SandboxError) -> web.Response:
    body = orjson.dumps({"error": {"code": error.code, "message": error.message}})
    return web.Response(body=body, status=error.status, content_type="application/json", headers=_HEADERS)
