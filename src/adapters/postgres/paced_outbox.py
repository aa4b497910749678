"""The outbox of paced sessions in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, override

from adapters.postgres.message_rows import COLUMNS, to_message
from adapters.postgres.transaction import Transaction
from application.ports.paced_outbox import Head, PacedOutbox
from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.message import Message
from domain.pacing import Standing

# One half for each of the partial indexes.
_DUE: Final = """
SELECT id, chat, position FROM pombo.messages
WHERE session_id = $1 AND direction = 'outbound' AND status = 'QUEUED' AND not_before IS NULL
    AND (expires_at IS NULL OR expires_at > $2)
UNION ALL
SELECT id, chat, position FROM pombo.messages
WHERE session_id = $1 AND direction = 'outbound' AND status = 'QUEUED' AND not_before <= $2
    AND (expires_at IS NULL OR expires_at > $2)
"""

# Of each chat in ``asked``: what has passed between the account and it, and whether it was begun of late, under any of
# its addresses. There may be thousands of held strangers at each look: so an address is three looks at an index, in an
# order that keeps the planner to it, and nothing is joined that it could take for a few rows.
_STANDS: Final = """
names AS (
    SELECT id, chat, position, chat AS name FROM asked
    UNION
    SELECT id, chat, position, other.address FROM asked
    JOIN pombo.person_addresses AS this ON this.session_id = $1 AND this.address = asked.chat
    JOIN pombo.person_addresses AS other ON other.session_id = $1 AND other.person = this.person
), stands AS (
    SELECT id, chat, position, (ARRAY['NEW', 'WRITTEN_TO', 'KNOWN'])[1 + max(CASE
        WHEN chat NOT LIKE '%@c.us' AND chat NOT LIKE '%@lid' THEN 2
        WHEN (
            SELECT true FROM pombo.messages AS came
            WHERE came.session_id = $1 AND came.chat = name AND direction = 'inbound'
            ORDER BY created_at DESC, came.id DESC LIMIT 1
        ) THEN 2
        WHEN (
            SELECT true FROM pombo.messages AS gone
            WHERE gone.session_id = $1 AND gone.chat = name AND direction = 'outbound'
                AND status NOT IN ('QUEUED', 'FAILED', 'CANCELED', 'EXPIRED')
            ORDER BY created_at DESC, gone.id DESC LIMIT 1
        ) THEN 1
        ELSE 0
    END)] AS standing, coalesce(bool_or((
        SELECT begun_at > $2::timestamptz FROM pombo.begun_chats AS begun
        WHERE begun.session_id = $1 AND begun.chat = name
    )), false) AS begun
    FROM names GROUP BY id, chat, position
)
"""

_HEADS: Final = f"""
WITH due AS ({_DUE.replace("$2", "$3")}), firsts AS (
    SELECT DISTINCT ON (chat) id, chat, position FROM due WHERE chat <> ALL ($4::text[]) ORDER BY chat, position
), asked AS (
    SELECT id, chat, position FROM firsts
    WHERE NOT EXISTS (
        SELECT FROM pombo.messages AS leaving
        WHERE leaving.session_id = $1 AND leaving.chat = firsts.chat
            AND leaving.direction = 'outbound' AND leaving.status = 'SENDING'
    )
), {_STANDS}, placed AS (
    SELECT *, row_number() OVER (PARTITION BY standing, begun ORDER BY position) AS place FROM stands
)
SELECT id, chat, standing, begun FROM placed WHERE place <= $5 ORDER BY position
"""  # noqa: S608 - of constants

# One that is SENDING was looked for before: only this session's dispatcher makes any so.
_TAKE: Final = f"""
WITH held AS (
    SELECT id FROM pombo.messages
    WHERE id = ANY ($2::text[]) AND session_id = $1 AND status = 'QUEUED' FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE pombo.messages SET status = 'SENDING' FROM held WHERE messages.id = held.id RETURNING messages.*
)
SELECT {COLUMNS} FROM taken ORDER BY position
"""  # noqa: S608 - of constants

_AHEAD: Final = f"""
SELECT asked.id, (SELECT count(*) FROM ({_DUE}) AS due WHERE due.position < asked.position) AS ahead
FROM pombo.messages AS asked
WHERE asked.id = ANY ($3::text[]) AND asked.session_id = $1 AND asked.status = 'QUEUED'
"""  # noqa: S608 - of constants

_STANDINGS: Final = f"""
WITH asked AS (SELECT DISTINCT NULL AS id, chat, 0 AS position FROM unnest($3::text[]) AS chat), {_STANDS}
SELECT chat, standing FROM stands
"""  # noqa: S608 - of constants
_WAITING: Final = f"SELECT count(*) AS waiting FROM ({_DUE}) AS due"  # noqa: S608 - of constants


class PostgresPacedOutbox(PacedOutbox):
    """The outbox of paced sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def heads(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int, begun_since: datetime
    ) -> Sequence[Head]:
        chats = [str(chat) for chat in busy]
        rows = await self._transaction.read(_HEADS, session_id, begun_since, now, chats, limit)
        return tuple(
            Head(
                message_id=MessageId(row["id"]),
                chat=Jid.parse(row["chat"]),
                standing=Standing(row["standing"]),
                begun=row["begun"],
            )
            for row in rows
        )

    @override
    async def take(self, session_id: SessionId, message_ids: Collection[MessageId]) -> Sequence[Message]:
        if not message_ids:
            return ()
        return tuple(map(to_message, await self._transaction.write(_TAKE, session_id, list(message_ids))))

    @override
    async def ahead(
        self, session_id: SessionId, message_ids: Collection[MessageId], *, now: datetime
    ) -> Mapping[MessageId, int]:
        rows = await self._transaction.read(_AHEAD, session_id, now, list(message_ids))
        return {MessageId(row["id"]): row["ahead"] for row in rows}

    @override
    async def standings(self, session_id: SessionId, chats: Collection[Jid]) -> Mapping[Jid, Standing]:
        rows = await self._transaction.read(_STANDINGS, session_id, None, [str(chat) for chat in chats])
        return {Jid.parse(row["chat"]): Standing(row["standing"]) for row in rows}

    @override
    async def waiting(self, session_id: SessionId, *, now: datetime) -> int:
        rows = await self._transaction.read(_WAITING, session_id, now)
        return int(rows[0]["waiting"])
