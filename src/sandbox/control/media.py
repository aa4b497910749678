"""Files on phones."""

import asyncio
from typing import Final
from urllib.parse import quote

from aiohttp import web

from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer
from sandbox.core import Core
from sandbox.errors import SandboxError
from sandbox.media.endpoint import expired
from sandbox.media.phone import Opened

_PIECE: Final = 1024 * 1024


class MediaRoutes:
    """`/accounts/{phone}/media`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post("/accounts/{phone}/media", self.stage)
        router.add_get("/accounts/{phone}/media/{id}", self.read)

    async def stage(self, request: web.Request) -> web.StreamResponse:
        """Put a file on the phone, the request's body; it is sent with its id."""
        online_account_of(self._core, request)
        with self._core.phone_media.staging() as incoming:
            async for chunk in request.content.iter_chunked(_PIECE):
                await asyncio.to_thread(incoming.write, chunk)
            staged = self._core.phone_media.stage(incoming)
        return answer(staged, 201)

    async def read(self, request: web.Request) -> web.StreamResponse:
        """The file of a message, downloaded by the phone, checked and decrypted."""
        account = account_of(self._core, request)
        held = self._core.messages.in_log(account.phone, request.match_info["id"])
        if not held:
            raise SandboxError(404, "MESSAGE_NOT_FOUND", "the phone holds no message of this id")
        content = held[0].content
        blob = self._core.blobs.at(content.get("directPath"))
        if blob is not None and expired(self._core, blob):
            raise SandboxError(410, "MEDIA_EXPIRED", "the file has expired")
        opened = await self._core.phone_media.open(content)
        try:
            return await _send(request, opened)
        finally:
            opened.file.close()


async def _send(request: web.Request, opened: Opened) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": _header(opened.mimetype),
            "X-Sha256": opened.sha256.hex(),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            # A file of a message is never shown in the control API's own origin.
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(opened.filename or 'file', safe='')}",
        }
    )
    response.content_length = opened.size
    await response.prepare(request)
    opened.file.seek(0)
    while piece := await asyncio.to_thread(opened.file.read, _PIECE):
        await response.write(piece)
    await response.write_eof()
    return response


def _header(mimetype: str) -> str:
    """A type that fits into a header, whatever a sender wrote."""
    fits = mimetype.isascii() and mimetype.isprintable() and "/" in mimetype
    return mimetype if fits else "application/octet-stream"
