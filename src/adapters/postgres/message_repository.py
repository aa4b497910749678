"""Messages in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, override

from adapters.postgres.message_rows import (
    COLUMN_TYPES,
    COLUMNS,
    changing_columns,
    to_columns,
    to_message,
    to_message_in_state,
)
from adapters.postgres.transaction import Transaction
from application.ports.message_repository import MessageFilter, MessagePosition, MessageRepository
from application.representation.operations import FORMS as OPERATION_FORMS
from domain.errors import NotFoundError
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.message import Message

# Positions go by the given order. The rows are inserted in an order that is everybody's, so that two batches don't
# wait for each other in a circle.
_ADD_ABSENT: Final = f"""
WITH given AS MATERIALIZED (
    SELECT nextval('pombo.message_positions') AS position, message.* FROM unnest({COLUMN_TYPES}) AS message ({COLUMNS})
)
INSERT INTO pombo.messages (position, {COLUMNS})
SELECT position, {COLUMNS} FROM given ORDER BY session_id, whatsapp_id, position
ON CONFLICT (session_id, whatsapp_id) DO NOTHING
RETURNING id
"""  # noqa: S608 - of constants

# The same for one, which is what a send adds: without arrays it costs half as much.
_ADD_ONE_ABSENT: Final = f"""
INSERT INTO pombo.messages (position, {COLUMNS})
VALUES (nextval('pombo.message_positions'), {", ".join(f"${n}" for n in range(1, 26))})
ON CONFLICT (session_id, whatsapp_id) DO NOTHING
RETURNING id
"""  # noqa: S608 - of constants

_IN_STATE: Final = f"""
SELECT {COLUMNS}, state
FROM pombo.messages LEFT JOIN pombo.message_states USING (session_id, whatsapp_id)
"""  # noqa: S608 - of constants

_GET: Final = f"{_IN_STATE} WHERE id = $1"

_FIND: Final = f"{_IN_STATE} WHERE id = ANY($1::text[])"

_LOOK_UP: Final = f"""
SELECT {COLUMNS} FROM pombo.messages
WHERE session_id = $1 AND whatsapp_id = ANY($2::text[])
"""  # noqa: S608 - of constants

_LOCK: Final = f"{_LOOK_UP} ORDER BY whatsapp_id FOR UPDATE"

# The rows are locked in everybody's order before they are written.
_SAVE: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::json[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[]
    ) AS message (id, status, failure, sent_at, delivered_at, read_at, played_at)
), locked AS MATERIALIZED (
    SELECT id FROM pombo.messages WHERE id = ANY($1::text[]) ORDER BY session_id, whatsapp_id FOR UPDATE
)
UPDATE pombo.messages
SET status = given.status, failure = given.failure, sent_at = given.sent_at, delivered_at = given.delivered_at,
    read_at = given.read_at, played_at = given.played_at
FROM given JOIN locked USING (id)
WHERE messages.id = given.id
RETURNING messages.id
"""

_SAVE_ONE: Final = """
UPDATE pombo.messages
SET status = $2, failure = $3, sent_at = $4, delivered_at = $5, read_at = $6, played_at = $7
WHERE id = $1
RETURNING id
"""

_TYPE: Final = """COALESCE(type, substring(content::text FROM '^\\{{"type": ?"([a-z_]+)"'))"""
_OPERATIONS: Final = sorted(form.name for form in OPERATION_FORMS)
_IS_PERSON: Final = "(chat LIKE '%@c.us' OR chat LIKE '%@lid')"


class PostgresMessageRepository(MessageRepository):
    """Messages within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add_absent(self, messages: Sequence[Message]) -> Sequence[Message]:
        if not messages:
            return ()
        columns = to_columns(messages)
        if len(messages) == 1:
            rows = await self._transaction.write(_ADD_ONE_ABSENT, *(value for (value,) in columns))
        else:
            rows = await self._transaction.write(_ADD_ABSENT, *columns)
        added = {row["id"] for row in rows}
        return tuple(message for message in messages if message.id in added)

    @override
    async def get(self, message_id: MessageId) -> Message:
        rows = await self._transaction.read(_GET, message_id)
        if not rows:
            raise _not_found(message_id)
        return to_message_in_state(rows[0])

    @override
    async def find(self, message_ids: Collection[MessageId]) -> Mapping[MessageId, Message]:
        rows = await self._transaction.read(_FIND, list(message_ids))
        return {message.id: message for message in map(to_message_in_state, rows)}

    @override
    async def look_up(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        if not whatsapp_ids:
            return {}
        rows = await self._transaction.read(_LOOK_UP, session_id, list(whatsapp_ids))
        return {message.whatsapp_id: message for message in map(to_message, rows)}

    @override
    async def lock(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        if not whatsapp_ids:
            return {}
        rows = await self._transaction.write(_LOCK, session_id, list(whatsapp_ids))
        return {message.whatsapp_id: message for message in map(to_message, rows)}

    @override
    async def save(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        columns = changing_columns(messages)
        if len(messages) == 1:
            rows = await self._transaction.write(_SAVE_ONE, *(value for (value,) in columns))
        else:
            rows = await self._transaction.write(_SAVE, *columns)
        if missing := {message.id for message in messages} - {row["id"] for row in rows}:
            raise _not_found(min(missing))

    @override
    async def ids_since(self, session_id: SessionId, since: datetime, limit: int) -> Sequence[WhatsAppMessageId]:
        query = (
            "SELECT whatsapp_id FROM pombo.messages WHERE session_id = $1 AND created_at >= $2 "
            "AND (type IS NULL OR type <> ALL($3::text[])) ORDER BY created_at DESC, id DESC LIMIT $4"
        )
        rows = await self._transaction.read(query, session_id, since, _OPERATIONS, limit)
        return [WhatsAppMessageId(row["whatsapp_id"]) for row in rows]

    @override
    async def list(self, criteria: MessageFilter, *, after: MessagePosition | None, limit: int) -> Sequence[Message]:
        arguments: list[object] = [limit]
        conditions: list[str] = []

        def require(condition: str, *values: object) -> None:
            first = len(arguments) + 1
            arguments.extend(values)
            conditions.append(condition.format(*(f"${first + n}" for n in range(len(values)))))

        sessions = _sessions(criteria)
        if sessions is not None:
            # By the index on one session and the time, where it is one.
            one = len(sessions) == 1
            require("session_id = {0}" if one else "session_id = ANY({0}::text[])", sessions[0] if one else sessions)
        if criteria.chat is not None:
            # In a group the alternate is the sender's: it doesn't make the group that person's chat.
            chats = [str(chat) for chat in (criteria.chat, *criteria.also)]
            require(f"(chat = ANY ({{0}}::text[]) OR (alternate = ANY ({{0}}::text[]) AND {_IS_PERSON}))", chats)
        if criteria.direction is not None:
            require("direction = {0}", criteria.direction.value)
        if criteria.status is not None:
            require("status = {0}", criteria.status.value)
        if criteria.since is not None:
            require("created_at >= {0}", criteria.since)
        if criteria.until is not None:
            require("created_at < {0}", criteria.until)
        if criteria.types:
            require(f"{_TYPE} = ANY({{0}}::text[])", sorted(criteria.types))
        else:
            # Rows of before have no type: there were no operations then.
            require("(type IS NULL OR type <> ALL({0}::text[]))", _OPERATIONS)
        if after is not None:
            require("(created_at, id) < ({0}, {1})", after.created_at, after.id)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"{_IN_STATE} {where} ORDER BY created_at DESC, id DESC LIMIT $1"
        return tuple(map(to_message_in_state, await self._transaction.read(query, *arguments)))


def _sessions(criteria: MessageFilter) -> list[SessionId] | None:
    """The sessions whose messages are wanted; None: all."""
    if criteria.session_id is None:
        return None if criteria.among is None else sorted(criteria.among)
    return [criteria.session_id] if criteria.among is None or criteria.session_id in criteria.among else []


def _not_found(message_id: MessageId) -> NotFoundError:
    return NotFoundError("MESSAGE_NOT_FOUND", "There is no message with this id.", metadata={"message_id": message_id})
