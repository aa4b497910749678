"""What is sent besides texts, over both transports and from phones; each has its label in it, and is made from that."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import base64
import hashlib
import random
import struct
import tempfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from entrypoints.grpc.gen.pombo.v1 import content_pb2, media_pb2, message_pb2
from tests import media_files
from tests.chaos.ledger import EDITED, FILES, FORWARDED, Json, Kind, Send

OPTIONS: Final = ("yes", "no", "later")
"""What can be chosen in every poll, one of them at a time."""

_BYTES: Final = (1, 40_000)
_STARTS: Final = datetime(2030, 1, 1, 18, tzinfo=UTC)
_MIME_TYPES: Final = {
    Kind.IMAGE: "image/jpeg",
    Kind.VIDEO: "video/mp4",
    Kind.AUDIO: "audio/mpeg",
    Kind.DOCUMENT: "application/octet-stream",
    Kind.STICKER: "image/webp",
}
_TO_SEND: Final[Mapping[Kind, Any]] = {
    Kind.IMAGE: media_pb2.ImageToSend,
    Kind.VIDEO: media_pb2.VideoToSend,
    Kind.AUDIO: media_pb2.AudioToSend,
    Kind.DOCUMENT: media_pb2.DocumentToSend,
    Kind.STICKER: media_pb2.StickerToSend,
}
_WITHOUT_WORDS: Final = frozenset({Kind.AUDIO, Kind.STICKER})
_labels: dict[str, str] = {}
"""The labels of files that no words go with, by the files' SHA-256."""


def data_of(kind: Kind, label: str) -> bytes:
    """The file that a message of this label holds."""
    seed = zlib.crc32(label.encode())
    match kind:
        case Kind.IMAGE:
            return media_files.picture(seed=seed)
        case Kind.STICKER:
            return media_files.picture("WEBP", (512, 512), seed=seed)
        case Kind.VIDEO:
            # Behind the film, in a box that players skip (ISO/IEC 14496-12).
            return _film() + struct.pack(">I4s", 8 + len(label), b"free") + label.encode()
        case Kind.AUDIO:
            # Behind the sound, as its title (ID3v1).
            return _sound() + b"TAG" + label.encode().ljust(30, b"\0") + bytes(95)
        case _:
            dice = random.Random(seed)
            return f"{label}\n".encode() + dice.randbytes(dice.randint(*_BYTES))


@cache
def _film() -> bytes:
    with tempfile.TemporaryDirectory() as home:
        return media_files.film(Path(home) / "film.mp4", "libx264", 1.0).read_bytes()


@cache
def _sound() -> bytes:
    with tempfile.TemporaryDirectory() as home:
        return media_files.sound(Path(home) / "sound.mp3", seconds=1.0).read_bytes()


def digest_of(kind: Kind, label: str) -> str | None:
    """The file's SHA-256; None where there is no file. Its label is known by that from then on."""
    if kind not in FILES:
        return None
    digest = hashlib.sha256(data_of(kind, label)).hexdigest()
    if kind in _WITHOUT_WORDS:
        _labels[digest] = label
    return digest


def rest_content(send: Send) -> Json:
    """The fields of a send over REST."""
    label = send.body
    match send.kind:
        case Kind.TEXT:
            content: Any = {"body": label}
        case Kind.IMAGE | Kind.VIDEO:
            content = {"base64": _base64(send), "caption": label}
        case Kind.AUDIO | Kind.STICKER:
            content = {"base64": _base64(send)}
        case Kind.DOCUMENT:
            content = {"base64": _base64(send), "caption": label, "filename": f"{label}.bin"}
        case Kind.LOCATION:
            content = {"latitude": 38.7, "longitude": -9.1, "name": label}
        case Kind.CONTACTS:
            content = [{"name": {"formatted_name": label}, "phones": [{"phone": "+15550100777"}]}]
        case Kind.POLL:
            content = {"question": label, "options": list(OPTIONS)}
        case Kind.EVENT:
            content = {"name": label, "start_time": _STARTS.isoformat()}
    return {"type": send.kind.value, send.kind.value: content}


def grpc_content(send: Send) -> dict[str, Any]:
    """The same over gRPC."""
    label = send.body
    match send.kind:
        case Kind.TEXT:
            content: Any = message_pb2.Text(body=label)
        case Kind.IMAGE | Kind.VIDEO | Kind.AUDIO | Kind.DOCUMENT | Kind.STICKER:
            words = {} if send.kind in _WITHOUT_WORDS else {"caption": label}
            words |= {"filename": f"{label}.bin"} if send.kind is Kind.DOCUMENT else {}
            content = _TO_SEND[send.kind](media=media_pb2.MediaSource(data=data_of(send.kind, label)), **words)
        case Kind.LOCATION:
            content = content_pb2.Location(latitude=38.7, longitude=-9.1, name=label)
        case Kind.CONTACTS:
            name, phone = content_pb2.ContactName(formatted_name=label), content_pb2.ContactPhone(phone="+15550100777")
            content = content_pb2.Contacts(cards=[content_pb2.ContactCard(name=name, phones=[phone])])
        case Kind.POLL:
            content = content_pb2.Poll(question=label, options=OPTIONS)
        case Kind.EVENT:
            content = content_pb2.EventInvitation(name=label, start_time=Timestamp(seconds=int(_STARTS.timestamp())))
    return {send.kind.value: content}


def phone_content(kind: Kind, label: str) -> Json:
    """What a phone sends: the fields of a send of the sandbox's control API."""
    match kind:
        case Kind.TEXT:
            return {"text": label}
        case Kind.IMAGE | Kind.VIDEO | Kind.AUDIO | Kind.DOCUMENT | Kind.STICKER:
            digest_of(kind, label)
            words = {} if kind in _WITHOUT_WORDS else {"caption": label, "filename": f"{label}.bin"}
            data = base64.b64encode(data_of(kind, label)).decode()
            return {"media": {"kind": kind.value, "mimetype": _MIME_TYPES[kind], **words, "base64": data}}
        case Kind.LOCATION:
            return {"content": {"type": "location", "lat": 38.7, "lng": -9.1, "loc": label}}
        case Kind.CONTACTS:
            card = f"BEGIN:VCARD\nVERSION:3.0\nN:;{label};;;\nFN:{label}\nTEL:+15550100777\nEND:VCARD"
            return {"content": {"type": "vcard", "body": card, "vcardFormattedName": label}}
        case Kind.POLL:
            options = [{"name": name, "localId": place} for place, name in enumerate(OPTIONS)]
            poll = {"pollName": label, "pollOptions": options, "pollSelectableOptionsCount": 1}
            return {"content": {"type": "poll_creation", **poll}}
        case Kind.EVENT:
            event = {"eventName": label, "eventDescription": " ", "eventStartTime": int(_STARTS.timestamp())}
            return {"content": {"type": "event_creation", "isEventCanceled": False, **event}}


def label_of(told: Json) -> str:
    """The label of a message as a phone shows it, edited or not; empty where it was deleted for everyone."""
    label = _words_of(told).removesuffix(EDITED)
    return label + FORWARDED if (told["content"] or {}).get("isForwarded") is True else label


def _words_of(told: Json) -> str:
    content = told["content"] or {}
    match told["type"]:
        case "location":
            return str(content.get("loc") or "")
        case "vcard":
            return str(content.get("vcardFormattedName") or "")
        case "poll_creation":
            return str(content.get("pollName") or "")
        case "event_creation":
            return str(content.get("eventName") or "")
        case "image" | "video" | "document":
            return str(content.get("caption") or "")
        case "audio" | "sticker":
            return _labels.get((told["media"] or {}).get("sha256", ""), "")
        case _:
            return str(told["body"] or "")


def _base64(send: Send) -> str:
    return base64.b64encode(data_of(send.kind, send.body)).decode()
