"""Frames as bytes: one JSON object per WebSocket text frame."""

from typing import Any, Final

import orjson

from sandbox.errors import ProtocolError, bad_request

type Json = dict[str, Any]

MAX_FRAME_BYTES: Final = 1024 * 1024
MAX_TEXT: Final = 65_536
"""Characters of a text, or of a caption."""
CLOSE_MALFORMED: Final = 4400
CLOSE_LOGGED_OUT: Final = 4401
CLOSE_CONFLICT: Final = 4440
CLOSE_GOING_DOWN: Final = 4503
CLOSE_RESTART: Final = 4515
CLOSE_INTERNAL: Final = 1011


def encode(frame: Json) -> bytes:
    """A frame's bytes."""
    return orjson.dumps(frame)


def decode(data: bytes) -> Json:
    """The object in a text frame.

    Raises:
        ProtocolError: It isn't a JSON object with a string `t`, or its `rid` isn't an integer.
    """
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ProtocolError("a frame is one JSON object") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise ProtocolError("a frame is a JSON object with a string t")
    rid = frame.get("rid")
    if rid is not None and (not isinstance(rid, int) or isinstance(rid, bool)):
        raise ProtocolError("rid is an integer")
    return frame


def result(rid: int, body: Json) -> bytes:
    """The answer to a request."""
    return encode({"t": "result", "rid": rid, **body})


def error(rid: int, code: int, text: str) -> bytes:
    """The refusal of a request."""
    return encode({"t": "error", "rid": rid, "code": code, "text": text})


def queued(kind: str, seq: int, body: bytes, *, offline: bool) -> bytes:
    """A queued frame: what is stored is `body`, an encoded object; `t`, `seq` and `offline` are put before it."""
    flag = b"true" if offline else b"false"
    return b'{"t":"%b","seq":%d,"offline":%b,%b' % (kind.encode(), seq, flag, body[1:])


def text_field(frame: Json, name: str, *, longest: int = 256) -> str:
    """A required, non-empty string of a frame.

    Raises:
        SandboxError: 400.
    """
    value = frame.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise bad_request(f"{name} is a string of 1 to {longest} characters")
    return value


def ids_field(frame: Json, name: str = "ids", *, most: int = 1000) -> list[str]:
    """A required, non-empty list of message ids.

    Raises:
        SandboxError: 400.
    """
    value = frame.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= most or not all(isinstance(item, str) for item in value):
        raise bad_request(f"{name} is a list of 1 to {most} strings")
    return value
