"""Messages as rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from adapters.postgres.stored_json import dump, dump_optional, load
from application.representation.content import content_from_dict, content_to_dict, content_type
from application.representation.message_state import state_from_dict
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Direction, Failure, Message, MessageStatus

COLUMNS: Final = """id, session_id, whatsapp_id, direction, chat, sender, recipient, alternate, push_name, reply_to,
    content, type, forwarded, from_api, backfilled, created_at, not_before, expires_at, status, failure,
    sent_at, delivered_at, read_at, played_at, trace"""

COLUMN_TYPES: Final = """$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::json[], $10::text[], $11::json[], $12::text[], $13::boolean[], $14::boolean[], $15::boolean[],
    $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::text[], $20::json[], $21::timestamptz[],
    $22::timestamptz[], $23::timestamptz[], $24::timestamptz[], $25::text[]"""


def to_columns(messages: Sequence[Message]) -> list[Sequence[object]]:
    """The messages' values, column by column, in the order of ``COLUMNS``."""
    fixed = list(zip(*map(_fixed_values, messages), strict=True))
    return [*fixed, *changing_columns(messages)[1:], [message.trace for message in messages]]


def changing_columns(messages: Sequence[Message]) -> list[Sequence[object]]:
    """The ids, and the values that change: status, failure and times."""
    return list(
        zip(
            *(
                (
                    message.id,
                    message.status.value,
                    dump_optional(
                        message.failure and {"reason": message.failure.reason, "message": message.failure.message}
                    ),
                    message.sent_at,
                    message.delivered_at,
                    message.read_at,
                    message.played_at,
                )
                for message in messages
            ),
            strict=True,
        )
    )


def to_message(row: asyncpg.Record) -> Message:
    """The message of a row that has all of ``COLUMNS``."""
    alternate, reply_to, failure = row["alternate"], row["reply_to"], load(row["failure"])
    return Message(
        id=MessageId(row["id"]),
        session_id=SessionId(row["session_id"]),
        whatsapp_id=WhatsAppMessageId(row["whatsapp_id"]),
        direction=Direction(row["direction"]),
        chat=Jid.parse(row["chat"]),
        sender=Jid.parse(row["sender"]),
        recipient=Jid.parse(row["recipient"]),
        content=content_from_dict(load(row["content"])),
        status=MessageStatus(row["status"]),
        created_at=row["created_at"],
        not_before=row["not_before"],
        expires_at=row["expires_at"],
        alternate=None if alternate is None else Jid.parse(alternate),
        push_name=load(row["push_name"]),
        reply_to=None if reply_to is None else WhatsAppMessageId(reply_to),
        from_api=row["from_api"],
        backfilled=row["backfilled"],
        failure=None if failure is None else Failure(**failure),
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        played_at=row["played_at"],
        forwarded=row["forwarded"],
        trace=row["trace"],
    )


def to_message_in_state(row: asyncpg.Record) -> Message:
    """The same of a row that has the state as well, if there is one."""
    message, state = to_message(row), load(row["state"])
    return message if state is None else replace(message, state=state_from_dict(state))


def _fixed_values(message: Message) -> tuple[object, ...]:
    return (
        message.id,
        message.session_id,
        message.whatsapp_id,
        message.direction.value,
        str(message.chat),
        str(message.sender),
        str(message.recipient),
        None if message.alternate is None else str(message.alternate),
        dump_optional(message.push_name),
        message.reply_to,
        dump(content_to_dict(message.content)),
        content_type(message.content),
        message.forwarded,
        message.from_api,
        message.backfilled,
        message.created_at,
        message.not_before,
        message.expires_at,
    )
