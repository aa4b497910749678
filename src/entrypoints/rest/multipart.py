"""Bodies of multipart/form-data (RFC 7578), read piece by piece."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from entrypoints.rest.field_errors import FieldError
from entrypoints.rest.problem import InvalidRequestError

MULTIPART: Final = "multipart/form-data"
MAX_FIELD: Final = 65_536
"""Bytes of a field that is no file."""
_MAX_PARTS: Final = 32


def is_multipart(content_type: str | None) -> bool:
    """Whether a Content-Type says so."""
    return (content_type or "").partition(";")[0].strip().lower() == MULTIPART


@dataclass(slots=True)
class Part:
    """A part of a body. ``chunks`` must be read to its end before the next one comes.

    Attributes:
        name: the field's.
        filename: the file's, where it is one.
        mime_type: what is said to be in it.
    """

    name: str
    filename: str | None
    mime_type: str | None
    chunks: AsyncIterator[bytes]

    async def text(self) -> str:
        """Its value as a text.

        Raises:
            InvalidRequestError: it is too long, or isn't UTF-8.
        """
        value = bytearray()
        async for chunk in self.chunks:
            value += chunk
            if len(value) > MAX_FIELD:
                raise InvalidRequestError([FieldError(self.name, f"A field has at most {MAX_FIELD} bytes.")])
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InvalidRequestError([FieldError(self.name, "This isn't UTF-8.")]) from None


@dataclass(slots=True)
class _Collector:
    """What the parser tells: a part's headers, its data, its end."""

    told: deque[tuple[str, bytes | dict[str, str]]] = field(default_factory=deque)
    headers: dict[str, str] = field(default_factory=dict)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def part_begin(self) -> None:
        self.headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        # Byte for byte: names are UTF-8 in it (RFC 7578, 5.1), and are read as that when their header has been split.
        self.headers[self.name.decode("latin-1").lower()] = self.value.decode("latin-1")
        self.name.clear()
        self.value.clear()

    def headers_finished(self) -> None:
        self.told.append(("part", self.headers))

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.told.append(("data", data[start:end]))

    def part_end(self) -> None:
        self.told.append(("end", b""))

    def end(self) -> None:
        self.ended = True


async def parts_of(request: Request) -> AsyncGenerator[Part]:
    """The parts of a request's body, in order, as they come.

    Raises:
        InvalidRequestError: the body isn't of this form.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise _unreadable()
    events = _events(request, boundary)
    count = 0
    async for what, value in events:
        if what != "part" or not isinstance(value, dict):
            continue
        count += 1
        if count > _MAX_PARTS:
            raise InvalidRequestError([FieldError("body", f"A form has at most {_MAX_PARTS} fields.")])
        _, named = parse_options_header(value.get("content-disposition", ""))
        name = named.get(b"name")
        if not name:
            raise _unreadable()
        filename = named.get(b"filename")
        yield Part(
            name=name.decode("utf-8", "replace"),
            filename=None if filename is None else filename.decode("utf-8", "replace"),
            mime_type=value.get("content-type"),
            chunks=_data(events),
        )


async def _data(events: AsyncIterator[tuple[str, bytes | dict[str, str]]]) -> AsyncIterator[bytes]:
    async for what, value in events:
        if what == "end":
            return
        if isinstance(value, bytes):
            yield value


async def _events(request: Request, boundary: bytes) -> AsyncGenerator[tuple[str, bytes | dict[str, str]]]:
    collector = _Collector()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collector.part_begin,
                "on_part_data": collector.part_data,
                "on_part_end": collector.part_end,
                "on_header_field": collector.header_field,
                "on_header_value": collector.header_value,
                "on_header_end": collector.header_end,
                "on_headers_finished": collector.headers_finished,
                "on_end": collector.end,
            },
        )
        async for chunk in request.stream():
            parser.write(chunk)
            while collector.told:
                yield collector.told.popleft()
        parser.finalize()
    except (MultipartParseError, FormParserError) as error:
        raise _unreadable() from error
    if not collector.ended:
        raise _unreadable()


def _unreadable() -> InvalidRequestError:
    return InvalidRequestError([FieldError("body", "This can't be read as multipart/form-data.")])
