"""The bridge's JSON as the port's types. What is malformed is logged and counted, and the rest goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import structlog

from application.ports.page_events import SeenMessage, SeenReceipt
from domain.content import Content, Text, Unsupported
from domain.errors import InvalidArgumentError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.session import Capability, Me

_LOG: Final = structlog.get_logger(__name__)
_TEXT: Final = "chat"
_SENT, _RECEIVED, _READ, _PLAYED = 1, 2, 3, 4
_STATUS: Final = {
    _SENT: MessageStatus.SENT,
    _RECEIVED: MessageStatus.DELIVERED,
    _READ: MessageStatus.READ,
    _PLAYED: MessageStatus.PLAYED,
}


_jid: Final = lru_cache(maxsize=16_384)(Jid.parse)
"""The same few addresses come again and again."""


class MalformedError(Exception):
    """The bridge told something that isn't what it should be."""


class Decoder:
    """Decodes what one session's page tells.

    Attributes:
        malformed: how many elements couldn't be read so far.
    """

    def __init__(self, session_id: str) -> None:
        self._log = _LOG.bind(session_id=session_id)
        self.malformed = 0

    def messages(self, items: object) -> tuple[SeenMessage, ...]:
        """The readable ones of a list of messages, in order."""
        return tuple(self._each("message", items, message))

    def receipts(self, items: object) -> tuple[SeenReceipt, ...]:
        """The readable ones of a list of receipts, in order."""
        return tuple(self._each("receipt", items, receipt))

    def capabilities(self, items: object) -> tuple[Capability, ...]:
        """What the self-test found."""
        return tuple(self._each("capability", items, capability))

    def dropped(self, element: str, error: Exception) -> None:
        """Counts something unreadable. What it holds stays out of the log."""
        self.malformed += 1
        self._log.warning("page_data_malformed", element=element, error=str(error), total=self.malformed)

    def _each[T](self, element: str, items: object, read: Callable[[Mapping[str, Any]], T]) -> Iterable[T]:
        if not isinstance(items, Sequence) or isinstance(items, str):
            self.dropped(element, MalformedError("not a list"))
            return
        for item in items:
            try:
                yield read(_mapping(item))
            except (MalformedError, InvalidArgumentError) as error:
                self.dropped(element, error)


def message(item: Mapping[str, Any]) -> SeenMessage:
    """Reads a message.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: an address can't be read.
    """
    from_me = _field(item, "fromMe", bool)
    reply_to = _optional(item, "replyTo", str)
    return SeenMessage(
        whatsapp_id=WhatsAppMessageId(_text(item, "id")),
        chat=_jid(_text(item, "chat")),
        sender=_jid(_text(item, "sender")),
        recipient=_jid(_text(item, "recipient")),
        from_me=from_me,
        content=_content(item),
        timestamp=_instant(_number(item, "t")),
        status=message_status(int(_number(item, "ack")), from_me=from_me),
        alternate=_readable(item.get("alternate")),
        push_name=_optional(item, "pushName", str) or None,
        reply_to=WhatsAppMessageId(reply_to) if reply_to else None,
    )


def message_status(ack: int, *, from_me: bool) -> MessageStatus | None:
    """What an ack number says; None while WhatsApp's server doesn't have an own message.

    Numbers as in wa-js's ``ACK``: -7 to -1 failures, 0 pending, 1 sent, 2 delivered, 3 read, 4 played, 5 a message to
    own devices. An inbound message is here, so it has been delivered.
    """
    status = _STATUS.get(ack, MessageStatus.SENT if ack > _PLAYED else None)
    if not from_me and status in {None, MessageStatus.SENT}:
        return MessageStatus.DELIVERED
    return status


def receipt(item: Mapping[str, Any]) -> SeenReceipt:
    """Reads a receipt.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: an address can't be read.
    """
    status = _STATUS.get(int(_number(item, "ack")))
    if status is None:
        raise MalformedError("unknown ack")
    participant = _optional(item, "participant", str)
    return SeenReceipt(
        whatsapp_id=WhatsAppMessageId(_text(item, "id")),
        status=status,
        at=_instant(_number(item, "at") / 1000),
        participant=_jid(participant) if participant else None,
    )


def capability(item: Mapping[str, Any]) -> Capability:
    """Reads a capability.

    Raises:
        MalformedError: a field is missing or of the wrong type.
    """
    return Capability(
        name=_text(item, "name"),
        available=_field(item, "available", bool),
        detail=_optional(item, "detail", str),
    )


def account(item: object) -> Me:
    """Reads the linked account.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: an address can't be read.
    """
    fields = _mapping(item)
    lid = _optional(fields, "lid", str)
    return Me(
        jid=_jid(_text(fields, "jid")),
        lid=_jid(lid) if lid else None,
        name=_optional(fields, "name", str) or None,
    )


def _content(item: Mapping[str, Any]) -> Content:
    kind = _text(item, "type")
    if kind == _TEXT:
        mentions = item.get("mentions") or ()
        if not isinstance(mentions, Sequence) or isinstance(mentions, str):
            raise MalformedError("mentions")
        known = (_readable(mention) for mention in mentions)
        return Text(body=_field(item, "body", str), mentions=tuple(jid for jid in known if jid is not None))
    return Unsupported(kind=kind, raw=dict(_mapping(item.get("raw") or {})))


def _readable(address: object) -> Jid | None:
    """An address that is an extra: one of a sort we don't know mustn't cost the message."""
    try:
        return _jid(address) if isinstance(address, str) else None
    except InvalidArgumentError:
        return None


def _mapping(item: object) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise MalformedError("not an object")
    return item


def _field[T](item: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = item.get(name)
    if not isinstance(value, kind):
        raise MalformedError(name)
    return value


def _optional[T](item: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    return None if item.get(name) is None else _field(item, name, kind)


def _text(item: Mapping[str, Any], name: str) -> str:
    text = _field(item, name, str)
    if not text:
        raise MalformedError(name)
    return text


def _number(item: Mapping[str, Any], name: str) -> float:
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(name)
    return value


def _instant(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise MalformedError("time") from None
