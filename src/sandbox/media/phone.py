"""What phones do with files: encrypt and upload what they send, download, check and decrypt what they hold."""

import asyncio
import base64
import contextlib
import io
import math
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import MAX_TEXT, Json
from sandbox.media.blobs import Blobs, Incoming
from sandbox.media.crypto import INFO, CorruptMediaError, Encrypted, decrypt, encrypt
from sandbox.store.accounts import Account

_DEFAULT_TYPES: Final = {
    "image": "image/jpeg",
    "sticker": "image/webp",
    "video": "video/mp4",
    "gif": "video/mp4",
    "ptv": "video/mp4",
    "audio": "audio/mpeg",
    "ptt": "audio/ogg; codecs=opus",
    "document": "application/octet-stream",
}
_TEXTS: Final = {"mimetype": 256, "filename": 1024, "caption": MAX_TEXT, "thumbnail": 262_144}
_NUMBERS: Final = ("width", "height", "duration", "page_count")
_FLAGS: Final = ("view_once", "animated")
_FIELDS: Final = ("kind", "base64", "id", *_TEXTS, *_NUMBERS, *_FLAGS, "waveform")
_NAMES: Final = {
    "thumbnail": "body",
    "page_count": "pageCount",
    "view_once": "isViewOnce",
    "animated": "isAnimated",
}
"""Where the page's name of a field is another one."""
_MOST_SAMPLES: Final = 256


class Opened(NamedTuple):
    """A file as the phone shows it, in a temporary file that its reader closes."""

    file: IO[bytes]
    size: int
    sha256: bytes
    mimetype: str
    filename: str | None


def media_view(content: Json) -> Json | None:
    """A message's file in a phone's list of messages: `{kind, mimetype, size, sha256, filename, caption}`.

    None where the message holds no file.
    """
    if not content.get("directPath") or not isinstance(content.get("filehash"), str):
        return None
    try:
        sha256 = base64.b64decode(content["filehash"], validate=True).hex()
    except ValueError:
        return None
    named = {name: content.get(name) for name in ("mimetype", "size", "filename", "caption")}
    return {"kind": "gif" if content.get("isGif") else content["type"], "sha256": sha256, **named}


class PhoneMedia:
    """The files of all phones."""

    def __init__(self, blobs: Blobs, directory: Path) -> None:
        self._blobs = blobs
        self._directory = directory
        self._staged: dict[str, Path] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Names are given out by this run alone.
        for left in directory.iterdir():
            left.unlink()

    @contextlib.contextmanager
    def staging(self) -> Iterator[Incoming]:
        """A file that is put on a phone, to be sent by its id later."""
        path = self._directory / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                yield Incoming(file, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def stage(self, incoming: Incoming) -> Json:
        """Keep a staged file; it can be sent once."""
        self._staged[incoming.path.name] = incoming.path
        return {"id": incoming.path.name, "size": incoming.size, "sha256": incoming.digest}

    async def content(self, account: Account, media: object) -> Json:
        """The content of a message with a file, once that is encrypted and uploaded.

        Raises:
            SandboxError: 400 a field is wrong, 404 no such staged file.
        """
        fields = _fields(media)
        kind = fields["kind"]
        with self._source(fields) as source, self._blobs.incoming() as incoming:
            encrypted = await asyncio.to_thread(encrypt, source, incoming, kind)
            blob = self._blobs.keep(incoming, account.phone)
        content: Json = {
            "type": "video" if kind == "gif" else kind,
            "mimetype": fields.get("mimetype") or _DEFAULT_TYPES[kind],
            "size": encrypted.size,
            "filehash": _b64(encrypted.sha256),
            "encFilehash": _b64(encrypted.encrypted_sha256),
            "mediaKey": _b64(encrypted.media_key),
            "mediaKeyTimestamp": now_ms() // 1000,
            "directPath": blob.direct_path,
        }
        if kind == "gif":
            content["isGif"] = True
        if fields.get("waveform") is not None:
            content["waveform"] = _b64(bytes(fields["waveform"]))
        for name in (*_TEXTS, *_NUMBERS, *_FLAGS):
            if name != "mimetype" and fields.get(name) is not None:
                content[_NAMES.get(name, name)] = fields[name]
        return content

    async def open(self, content: Json) -> Opened:
        """Download what a message holds, check it and decrypt it.

        Raises:
            SandboxError: 404 `MEDIA_NOT_FOUND`, 422 `MEDIA_CORRUPT`.
        """
        kind = content["type"]
        blob = self._blobs.at(content.get("directPath"))
        if kind not in INFO or blob is None:
            raise SandboxError(404, "MEDIA_NOT_FOUND", "the message holds no file that was uploaded")
        try:
            expected = Encrypted(
                media_key=base64.b64decode(content["mediaKey"]),
                size=0,
                sha256=base64.b64decode(content["filehash"]),
                encrypted_sha256=base64.b64decode(content["encFilehash"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SandboxError(422, "MEDIA_CORRUPT", "the message doesn't say how to decrypt its file") from error
        target = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - closed by whoever reads it
        try:
            await asyncio.to_thread(_decrypt, self._blobs.path(blob.digest), target, kind, expected)
        except (CorruptMediaError, OSError) as error:
            target.close()
            raise SandboxError(422, "MEDIA_CORRUPT", f"the file can't be opened: {error}") from error
        mimetype = content.get("mimetype")
        filename = content.get("filename")
        return Opened(
            target,
            target.tell(),
            expected.sha256,
            mimetype if isinstance(mimetype, str) else _DEFAULT_TYPES[kind],
            filename if isinstance(filename, str) else None,
        )

    @contextlib.contextmanager
    def _source(self, fields: Json) -> Iterator[IO[bytes]]:
        if "base64" in fields:
            yield io.BytesIO(fields["base64"])
            return
        path = self._staged.pop(fields["id"], None)
        if path is None:
            raise SandboxError(404, "MEDIA_NOT_FOUND", "no file was put on a phone under this id, or it was sent")
        try:
            with path.open("rb") as file:
                yield file
        finally:
            path.unlink(missing_ok=True)


def _decrypt(path: Path, target: IO[bytes], kind: str, expected: Encrypted) -> None:
    with path.open("rb") as source:
        decrypt(source, target, kind, expected)
    target.flush()


def _fields(media: object) -> dict[str, Any]:
    if not isinstance(media, dict):
        raise bad_request("media is an object")
    unknown = sorted(set(media) - set(_FIELDS))
    if unknown:
        raise bad_request(f"unknown field of media {unknown[0][:40]}; known: {', '.join(_FIELDS)}")
    if media.get("kind") not in INFO:
        raise bad_request(f"media.kind is one of: {', '.join(INFO)}")
    if ("base64" in media) == ("id" in media):
        raise bad_request("media takes base64 or id")
    for name in (*_TEXTS, *_NUMBERS, *_FLAGS):
        if media.get(name) is not None:
            _check(name, media[name])
    return {**media, **_bytes(media)}


def _check(name: str, value: object) -> None:
    if name in _TEXTS:
        longest = _TEXTS[name]
        fits, what = isinstance(value, str) and len(value) <= longest, f"a string of at most {longest} characters"
    elif name in _FLAGS:
        fits, what = isinstance(value, bool), "true or false"
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits, what = number and 0 <= value < math.inf, "a number"  # type: ignore[operator]
    if not fits:
        raise bad_request(f"media.{name} is {what}")


def _bytes(media: dict[str, Any]) -> dict[str, Any]:
    """The fields that are bytes."""
    read: dict[str, Any] = {}
    if "base64" in media:
        try:
            read["base64"] = base64.b64decode(media["base64"], validate=True)
        except (TypeError, ValueError) as error:
            raise bad_request("media.base64 is base64") from error
    samples = media.get("waveform")
    if samples is not None:
        if not isinstance(samples, list) or len(samples) > _MOST_SAMPLES:
            raise bad_request(f"media.waveform is a list of at most {_MOST_SAMPLES} numbers")
        if not all(isinstance(sample, int) and 0 <= sample <= 100 for sample in samples):  # noqa: PLR2004 - per cent
            raise bad_request("media.waveform holds integers from 0 to 100")
        read["waveform"] = samples
    return read


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
