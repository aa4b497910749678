"""What is sent besides texts, over both transports and from phones; each has its label in it, and is made from that."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import base64
import hashlib
import random
import zlib
from typing import Any, Final

from entrypoints.grpc.gen.pombo.v1 import content_pb2, media_pb2, message_pb2
from tests import media_files
from tests.chaos.ledger import FILES, Json, Kind, Send

OPTIONS: Final = ("yes", "no", "later")
"""What can be chosen in every poll, one of them at a time."""

_BYTES: Final = (1, 40_000)


def data_of(kind: Kind, label: str) -> bytes:
    """The file that a message of this label holds."""
    seed = zlib.crc32(label.encode())
    if kind is Kind.IMAGE:
        return media_files.picture(seed=seed)
    dice = random.Random(seed)
    return f"{label}\n".encode() + dice.randbytes(dice.randint(*_BYTES))


def digest_of(kind: Kind, label: str) -> str | None:
    """The file's SHA-256; None where there is no file."""
    return hashlib.sha256(data_of(kind, label)).hexdigest() if kind in FILES else None


def rest_content(send: Send) -> Json:
    """The fields of a send over REST."""
    label = send.body
    match send.kind:
        case Kind.TEXT:
            content: Any = {"body": label}
        case Kind.IMAGE:
            content = {"base64": _base64(send), "caption": label}
        case Kind.DOCUMENT:
            content = {"base64": _base64(send), "caption": label, "filename": f"{label}.bin"}
        case Kind.LOCATION:
            content = {"latitude": 38.7, "longitude": -9.1, "name": label}
        case Kind.CONTACTS:
            content = [{"name": {"formatted_name": label}, "phones": [{"phone": "+15550100777"}]}]
        case Kind.POLL:
            content = {"question": label, "options": list(OPTIONS)}
    return {"type": send.kind.value, send.kind.value: content}


def grpc_content(send: Send) -> dict[str, Any]:
    """The same over gRPC."""
    label = send.body
    match send.kind:
        case Kind.TEXT:
            content: Any = message_pb2.Text(body=label)
        case Kind.IMAGE:
            source = media_pb2.MediaSource(data=data_of(send.kind, label))
            content = media_pb2.ImageToSend(media=source, caption=label)
        case Kind.DOCUMENT:
            source = media_pb2.MediaSource(data=data_of(send.kind, label))
            content = media_pb2.DocumentToSend(media=source, caption=label, filename=f"{label}.bin")
        case Kind.LOCATION:
            content = content_pb2.Location(latitude=38.7, longitude=-9.1, name=label)
        case Kind.CONTACTS:
            name, phone = content_pb2.ContactName(formatted_name=label), content_pb2.ContactPhone(phone="+15550100777")
            content = content_pb2.Contacts(cards=[content_pb2.ContactCard(name=name, phones=[phone])])
        case Kind.POLL:
            content = content_pb2.Poll(question=label, options=OPTIONS)
    return {send.kind.value: content}


def phone_content(kind: Kind, label: str) -> Json:
    """What a phone sends: the fields of a send of the sandbox's control API."""
    match kind:
        case Kind.TEXT:
            return {"text": label}
        case Kind.IMAGE | Kind.DOCUMENT:
            mimetype = "image/jpeg" if kind is Kind.IMAGE else "application/octet-stream"
            media = {"kind": kind.value, "mimetype": mimetype, "caption": label, "filename": f"{label}.bin"}
            return {"media": {**media, "base64": base64.b64encode(data_of(kind, label)).decode()}}
        case Kind.LOCATION:
            return {"content": {"type": "location", "lat": 38.7, "lng": -9.1, "loc": label}}
        case Kind.CONTACTS:
            card = f"BEGIN:VCARD\nVERSION:3.0\nN:;{label};;;\nFN:{label}\nTEL:+15550100777\nEND:VCARD"
            return {"content": {"type": "vcard", "body": card, "vcardFormattedName": label}}
        case Kind.POLL:
            options = [{"name": name, "localId": place} for place, name in enumerate(OPTIONS)]
            poll = {"pollName": label, "pollOptions": options, "pollSelectableOptionsCount": 1}
            return {"content": {"type": "poll_creation", **poll}}


def label_of(told: Json) -> str:
    """The label of a message as a phone shows it; empty where it was deleted for everyone."""
    content = told["content"] or {}
    match told["type"]:
        case "location":
            return str(content.get("loc") or "")
        case "vcard":
            return str(content.get("vcardFormattedName") or "")
        case "poll_creation":
            return str(content.get("pollName") or "")
        case "image" | "document":
            return str(content.get("caption") or "")
        case _:
            return str(told["body"] or "")


def _base64(send: Send) -> str:
    return base64.b64encode(data_of(send.kind, send.body)).decode()
