"""What is sent besides texts, over both transports and from phones; each has its label in it, and is made from that."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import base64
import hashlib
import io
import random
import struct
import tempfile
import wave
import zlib
from array import array
from collections.abc import Mapping, Sequence
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
    Kind.VOICE: "audio/ogg; codecs=opus",
    Kind.GIF: "video/mp4",
    Kind.ONCE: "image/jpeg",
}
_FLAGS: Final[Mapping[Kind, Json]] = {
    Kind.VOICE: {"voice": True},
    Kind.GIF: {"gif": True},
    Kind.ONCE: {"view_once": True},
}
"""What makes another kind of a file's kind."""

_TO_SEND: Final[Mapping[Kind, Any]] = {
    Kind.IMAGE: media_pb2.ImageToSend,
    Kind.VIDEO: media_pb2.VideoToSend,
    Kind.AUDIO: media_pb2.AudioToSend,
    Kind.DOCUMENT: media_pb2.DocumentToSend,
    Kind.STICKER: media_pb2.StickerToSend,
    Kind.VOICE: media_pb2.AudioToSend,
    Kind.GIF: media_pb2.VideoToSend,
    Kind.ONCE: media_pb2.ImageToSend,
}
_WITHOUT_WORDS: Final = frozenset({Kind.AUDIO, Kind.STICKER, Kind.VOICE})
_CODE: Final = "abcdefghijkl"
"""An invitation's, which nobody takes up."""

_INVITED_TO: Final = "120363000000000777@g.us"
_INVITED_UNTIL: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""One without an end is sent as a link, in a text."""

_BITS: Final = 32
_SAMPLES_A_BIT: Final = 2
"""Of a voice note's waveform."""

_RATE: Final = 8_000
_BIT_SECONDS: Final = 0.04
_LOUD: Final = 12_000
_SOFT: Final = 600
_labels: dict[str, str] = {}
"""The labels of files that no words go with, by the files' SHA-256."""

_voices: dict[int, str] = {}
"""The labels of voice notes, by what is to be heard in them: the files are made anew on their way."""


def data_of(kind: Kind, label: str) -> bytes:
    """The file that a message of this label holds."""
    seed = zlib.crc32(label.encode())
    match kind:
        case Kind.IMAGE | Kind.ONCE:
            return media_files.picture(seed=seed)
        case Kind.STICKER:
            return media_files.picture("WEBP", (512, 512), seed=seed)
        case Kind.VIDEO | Kind.GIF:
            # Behind the film, in a box that players skip (ISO/IEC 14496-12).
            return _film() + struct.pack(">I4s", 8 + len(label), b"free") + label.encode()
        case Kind.AUDIO:
            # Behind the sound, as its title (ID3v1).
            return _sound() + b"TAG" + label.encode().ljust(30, b"\0") + bytes(95)
        case Kind.VOICE:
            return _spoken(seed)
        case _:
            dice = random.Random(seed)
            return f"{label}\n".encode() + dice.randbytes(dice.randint(*_BYTES))


@cache
def _film() -> bytes:
    with tempfile.TemporaryDirectory() as home:
        return media_files.film(Path(home) / "film.mp4", "libx264", 1.0).read_bytes()


@cache
def _note() -> bytes:
    """A voice note as apps record them. What is known of one is its waveform."""
    with tempfile.TemporaryDirectory() as home:
        return media_files.sound(Path(home) / "note.ogg", "libopus", seconds=1.0).read_bytes()


@cache
def _sound() -> bytes:
    with tempfile.TemporaryDirectory() as home:
        return media_files.sound(Path(home) / "sound.mp3", seconds=1.0).read_bytes()


def _spoken(number: int) -> bytes:
    """A recording whose waveform is a number's bits: loud for one, soft for nought."""
    count = int(_RATE * _BIT_SECONDS)
    levels = (_LOUD if bit else _SOFT for bit in _bits(number))
    tone = array("h", (level * (1 if place // 8 % 2 else -1) for level in levels for place in range(count)))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(tone.tobytes())
    return out.getvalue()


def _bits(number: int) -> list[int]:
    return [number >> place & 1 for place in range(_BITS)]


def waveform_of(label: str) -> list[int]:
    """That of a voice note of this label, as an app makes it of the recording."""
    return [(100 if bit else 5) for bit in _bits(zlib.crc32(label.encode())) for _ in range(_SAMPLES_A_BIT)]


def _heard(waveform: Sequence[int]) -> int:
    """The number that a waveform shows."""
    pairs = [sum(waveform[place : place + _SAMPLES_A_BIT]) for place in range(0, len(waveform), _SAMPLES_A_BIT)]
    return sum((pair > 50 * _SAMPLES_A_BIT) << place for place, pair in enumerate(pairs))


def digest_of(kind: Kind, label: str) -> str | None:
    """The file's SHA-256; None where there is none that stays as it is. Its label is known by it from then on."""
    if kind is Kind.VOICE:
        _voices[zlib.crc32(label.encode())] = label
    if kind not in FILES or kind is Kind.VOICE:
        return None
    digest = hashlib.sha256(data_of(kind, label)).hexdigest()
    if kind in _WITHOUT_WORDS:
        _labels[digest] = label
    return digest


def rest_content(send: Send) -> Json:
    """The fields of a send over REST."""
    kind = send.kind
    content = _rest_file(send) if kind in FILES else _rest_other(send)
    return {"type": kind.type, kind.type: content}


def _rest_file(send: Send) -> Json:
    words = {} if send.kind in _WITHOUT_WORDS else {"caption": send.body}
    words |= {"filename": f"{send.body}.bin"} if send.kind is Kind.DOCUMENT else {}
    return {"base64": _base64(send), **words, **_FLAGS.get(send.kind, {})}


def _rest_other(send: Send) -> Any:
    label = send.body
    match send.kind:
        case Kind.LOCATION:
            return {"latitude": 38.7, "longitude": -9.1, "name": label}
        case Kind.CONTACTS:
            return [{"name": {"formatted_name": label}, "phones": [{"phone": "+15550100777"}]}]
        case Kind.POLL:
            return {"question": label, "options": list(OPTIONS)}
        case Kind.EVENT:
            return {"name": label, "start_time": _STARTS.isoformat()}
        case Kind.GROUP_INVITE:
            until = _INVITED_UNTIL.isoformat()
            return {"group_id": _INVITED_TO, "code": _CODE, "caption": label, "expires_at": until}
        case Kind.LIST | Kind.BUTTONS:
            return {"type": send.kind.value, "body": {"text": label}, "action": _action(send.kind)}
        case _:
            return {"body": label}


def _action(kind: Kind) -> Json:
    if kind is Kind.LIST:
        return {"button": "Choose", "sections": [{"rows": [{"id": name, "title": name} for name in OPTIONS]}]}
    return {"buttons": [{"type": "reply", "reply": {"id": name, "title": name}} for name in OPTIONS]}


def grpc_content(send: Send) -> dict[str, Any]:
    """The same over gRPC."""
    label = send.body
    match send.kind:
        case Kind.TEXT:
            content: Any = message_pb2.Text(body=label)
        case kind if kind in FILES:
            words = _FLAGS.get(kind, {}) | ({} if kind in _WITHOUT_WORDS else {"caption": label})
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
            content = content_pb2.EventInvitation(name=label, start_time=_timestamp(_STARTS))
        case Kind.GROUP_INVITE:
            until = _timestamp(_INVITED_UNTIL)
            content = content_pb2.GroupInvite(group_id=_INVITED_TO, code=_CODE, caption=label, expire_time=until)
        case Kind.LIST:
            rows = content_pb2.ListSection(rows=_choices())
            menu = content_pb2.ListMenu(button="Choose", sections=[rows])
            content = content_pb2.Interactive(body=label, list=menu)
        case Kind.BUTTONS:
            content = content_pb2.Interactive(body=label, buttons=content_pb2.ReplyButtons(buttons=_choices()))
    return {send.kind.type: content}


def _choices() -> list[content_pb2.Choice]:
    return [content_pb2.Choice(id=name, title=name) for name in OPTIONS]


def _timestamp(time: datetime) -> Timestamp:
    return Timestamp(seconds=int(time.timestamp()))


def phone_content(kind: Kind, label: str) -> Json:
    """What a phone sends: the fields of a send of the sandbox's control API."""
    match kind:
        case Kind.TEXT:
            return {"text": label}
        case kind if kind in FILES:
            digest_of(kind, label)
            words = {} if kind in _WITHOUT_WORDS else {"caption": label, "filename": f"{label}.bin"}
            words |= {Kind.VOICE: {"waveform": waveform_of(label)}, Kind.ONCE: {"view_once": True}}.get(kind, {})
            data = base64.b64encode(_note() if kind is Kind.VOICE else data_of(kind, label)).decode()
            named = {Kind.VOICE: "ptt", Kind.ONCE: "image"}.get(kind, kind.value)
            return {"media": {"kind": named, "mimetype": _MIME_TYPES[kind], **words, "base64": data}}
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
        case Kind.GROUP_INVITE:
            invite = {"inviteGrp": _INVITED_TO, "inviteGrpName": "Guests", "inviteCode": _CODE, "comment": label}
            until = int(_INVITED_UNTIL.timestamp())
            return {"content": {"type": "groups_v4_invite", "inviteCodeExp": until, **invite}}
        case Kind.LIST:
            rows = [{"rowId": name, "title": name, "description": ""} for name in OPTIONS]
            menu = {"buttonText": "Choose", "description": label, "title": "", "footerText": "", "listType": 1}
            return {"content": {"type": "list", "list": {**menu, "sections": [{"title": "", "rows": rows}]}}}
        case Kind.BUTTONS:
            buttons = [{"buttonId": name, "buttonText": {"displayText": name}, "type": 1} for name in OPTIONS]
            shown = {"title": " ", "footer": " ", "dynamicReplyButtons": buttons}
            return {"content": {"type": "chat", "body": label, **shown}}


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
        case "groups_v4_invite":
            return str(content.get("comment") or "")
        case "list":
            return str((content.get("list") or {}).get("description") or "")
        case "ptt":
            return _voices.get(_heard(base64.b64decode(content.get("waveform") or "")), "")
        case "audio" | "sticker":
            return _labels.get((told["media"] or {}).get("sha256", ""), "")
        case _:
            return str(told["body"] or "")


def _base64(send: Send) -> str:
    return base64.b64encode(data_of(send.kind, send.body)).decode()
