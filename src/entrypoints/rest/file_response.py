"""Answers that are files."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, override
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.media.read_media import ReadMedia
from domain.media import Media
from entrypoints.rest.http_protocol import ABORT
from entrypoints.rest.problem import PROBLEM_JSON, Problem
from entrypoints.rest.ranges import Span, UnsatisfiableRangeError, is_unchanged, span_of

RANGES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "ETag": {"description": "The content's digest.", "schema": {"type": "string"}},
            "Accept-Ranges": {"description": "`bytes`.", "schema": {"type": "string"}},
            "Content-Disposition": {"description": "The file's name.", "schema": {"type": "string"}},
        },
    },
    206: {
        "description": "The part of the file that `Range` asks for.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"Content-Range": {"description": "Which part it is.", "schema": {"type": "string"}}},
    },
    304: {"description": "The caller has it already: `If-None-Match` names it."},
    416: {
        "description": "- `RANGE_NOT_SATISFIABLE`: the file is shorter.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": {"Content-Range": {"description": "How long it is.", "schema": {"type": "string"}}},
    },
}
"""The ``responses`` of an operation that answers with a file."""

# The SHA-256 of nothing: an example's value must be one that can stand in a header.
_ETAG: Final = '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'
_PARAMETERS: Final = (
    ("Range", "One range of bytes, as RFC 9110 has it.", "bytes=0-1023"),
    ("If-None-Match", "An ETag: where it is still the file's, the answer is 304.", _ETAG),
    ("If-Range", "An ETag: where it isn't the file's any more, the whole file comes.", _ETAG),
)
DOCUMENT: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": text,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, text, example in _PARAMETERS
    ]
}


async def file_response(request: Request, read: ReadMedia, media: Media, stall: timedelta) -> Response:
    """The answer to a request for a file.

    Raises:
        NotFoundError: ``MEDIA_MISSING``.
        UnavailableError: ``MEDIA_STORE_UNAVAILABLE``.
    """
    etag = f'"{media.sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if is_unchanged(request, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    try:
        span = span_of(request, media.size, etag)
    except UnsatisfiableRangeError:
        return Problem(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            title="Range not satisfiable",
            reason="RANGE_NOT_SATISFIABLE",
            detail=f"The file has {media.size} bytes.",
            headers={**headers, "Content-Range": f"bytes */{media.size}"},
        ).response(request.scope)
    chunks = read.execute(media, start=span.start, end=span.end)
    # An error before the first byte is still an answer of its own.
    first = await anext(chunks, b"")
    headers["Content-Disposition"] = _disposition(media.filename)
    if span.is_part:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{media.size}"
    return _FileResponse(media.mime_type, headers, span, first, chunks, stall)


class _FileResponse(Response):
    """Streams a file. A reader who takes nothing for too long is cut off."""

    def __init__(
        self,
        media_type: str,
        headers: dict[str, str],
        span: Span,
        first: bytes,
        chunks: AsyncGenerator[bytes],
        stall: timedelta,
    ) -> None:
        status = HTTPStatus.PARTIAL_CONTENT if span.is_part else HTTPStatus.OK
        length = str(span.end - span.start)
        super().__init__(status_code=status, headers={**headers, "Content-Length": length}, media_type=media_type)
        self._first = first
        self._chunks = chunks
        self._stall = stall.total_seconds()

    @override
    def init_headers(self, headers: Any = None) -> None:
        super().init_headers(headers)
        # Starlette adds a charset to what is text: nobody knows which one a file has.
        self.raw_headers = [pair for pair in self.raw_headers if pair[0] != b"content-type"]
        self.raw_headers.append((b"content-type", (self.media_type or "").encode("latin-1")))

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the file's end; where the store fails, the connection breaks off, which the reader notices."""
        async with aclosing(self._chunks):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                async for chunk in self._all():
                    async with asyncio.timeout(self._stall):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except TimeoutError:
                structlog.get_logger(__name__).warning("rest.reader_too_slow", stalled_seconds=self._stall)
                if abort := scope.get("extensions", {}).get(ABORT):
                    abort()
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _all(self) -> AsyncIterator[bytes]:
        yield self._first
        async for chunk in self._chunks:
            yield chunk


def _disposition(filename: str | None) -> str:
    """As an attachment, whatever it is: no browser runs a stranger's file under the gateway's name."""
    return "attachment" if filename is None else f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
