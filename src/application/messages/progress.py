"""How a receipt moves a message, and which events tell of it. One place, so that each is told once."""

from collections.abc import Sequence
from datetime import datetime

from domain.event import MessageAcked, MessageCanceled, MessageExpired, MessageFailed, MessageSent, Payload
from domain.message import Direction, Failure, Message, MessageStatus, advances

_NOT_SENT = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.FAILED, MessageStatus.EXPIRED})


def advance(message: Message, to: MessageStatus, at: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message after a receipt of WhatsApp's, and the events to log; none when the receipt is old news.

    Receipts overtake each other: one that says more than ``SENT`` may be the first to come. ``message.sent`` is
    told all the same, and first.
    """
    if not advances(message.status, to):
        return message, ()
    at = message.no_earlier(at)
    payloads: list[Payload] = []
    if message.direction is Direction.OUTBOUND and message.status in _NOT_SENT:
        message = message.advance(MessageStatus.SENT, at)
        payloads.append(MessageSent(message=message))
    if to is not MessageStatus.SENT:
        message = message.advance(to, at)
        payloads.append(
            MessageAcked(
                message_id=message.id,
                whatsapp_id=message.whatsapp_id,
                chat=message.chat,
                status=to,
                at=at,
            )
        )
    return message, payloads


def fail(message: Message, failure: Failure, at: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message given up, and the event to log; unchanged when it has left after all."""
    failed = message.advance(MessageStatus.FAILED, at, failure=failure)
    if failed is message:
        return message, ()
    return failed, (MessageFailed(message=failed),)


def cancel(message: Message, at: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message taken back, and the event to log; unchanged when it isn't queued any more."""
    canceled = message.advance(MessageStatus.CANCELED, at)
    if canceled is message:
        return message, ()
    return canceled, (MessageCanceled(message=canceled),)


def expire(message: Message, at: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message given up at its deadline, and the event to log; unchanged when it has left after all."""
    expired = message.advance(MessageStatus.EXPIRED, at)
    if expired is message:
        return message, ()
    return expired, (MessageExpired(message=expired),)
