"""The bridge's JSON as the port's types. What is malformed is logged and counted, and the rest goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from adapters.playwright.changes import change
from adapters.playwright.contents import read_content
from adapters.playwright.fields import (
    MalformedError,
    field,
    instant,
    jid,
    mapping,
    number,
    optional,
    readable_jid,
    text,
    whole,
)
from adapters.playwright.more_contents import items
from application.ports.page_events import NumberChange, SeenMessage, SeenReceipt
from domain.changes import AnyChange
from domain.errors import InvalidArgumentError
from domain.ids import WhatsAppMessageId
from domain.message import MessageStatus
from domain.session import Capability, Me

_LOG: Final = structlog.get_logger(__name__)
_SENT, _RECEIVED, _READ, _PLAYED = 1, 2, 3, 4
_STATUS: Final = {
    _SENT: MessageStatus.SENT,
    _RECEIVED: MessageStatus.DELIVERED,
    _READ: MessageStatus.READ,
    _PLAYED: MessageStatus.PLAYED,
}


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

    def changes(self, items: object) -> tuple[AnyChange, ...]:
        """The readable ones of a list of changes to messages, in order."""
        return tuple(self._each("change", items, change))

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
                yield read(mapping(item))
            except (MalformedError, InvalidArgumentError) as error:
                self.dropped(element, error)


def message(item: Mapping[str, Any]) -> SeenMessage:
    """Reads a message.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: an address can't be read.
    """
    from_me = field(item, "fromMe", bool)
    reply_to = optional(item, "replyTo", str)
    return SeenMessage(
        whatsapp_id=WhatsAppMessageId(text(item, "id")),
        chat=jid(text(item, "chat")),
        sender=jid(text(item, "sender")),
        recipient=jid(text(item, "recipient")),
        from_me=from_me,
        content=read_content(item),
        timestamp=instant(number(item, "t")),
        status=message_status(whole(item, "ack"), from_me=from_me),
        alternate=readable_jid(item.get("alternate")),
        push_name=optional(item, "pushName", str) or None,
        reply_to=WhatsAppMessageId(reply_to) if reply_to else None,
        forwarded=item.get("forwarded") is True,
        changes=tuple(change(mapping(each)) for each in items(item, "changes")) if item.get("changes") else (),
        number_change=_number_change(item),
    )


def _number_change(item: Mapping[str, Any]) -> NumberChange | None:
    if not item.get("numberChange"):
        return None
    told = mapping(item["numberChange"])
    before, now = readable_jid(told.get("before")), readable_jid(told.get("now"))
    if before is None or now is None or not before.is_user or not now.is_user:
        return None
    return NumberChange(before=before, now=now)


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
    status = _STATUS.get(whole(item, "ack"))
    if status is None:
        raise MalformedError("unknown ack")
    participant = optional(item, "participant", str)
    return SeenReceipt(
        whatsapp_id=WhatsAppMessageId(text(item, "id")),
        status=status,
        at=instant(number(item, "at") / 1000),
        participant=jid(participant) if participant else None,
    )


def capability(item: Mapping[str, Any]) -> Capability:
    """Reads a capability.

    Raises:
        MalformedError: a field is missing or of the wrong type.
    """
    return Capability(
        name=text(item, "name"),
        available=field(item, "available", bool),
        detail=optional(item, "detail", str),
    )


def account(item: object) -> Me:
    """Reads the linked account.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: an address can't be read.
    """
    fields = mapping(item)
    lid = optional(fields, "lid", str)
    return Me(
        jid=jid(text(fields, "jid")),
        lid=jid(lid) if lid else None,
        name=optional(fields, "name", str) or None,
    )
