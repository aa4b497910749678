"""The outbox in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, override

from adapters.postgres.message_rows import COLUMNS, to_message
from adapters.postgres.transaction import Transaction
from application.ports.outbox import Outbox
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Message

# The migrations tell how it keeps the order.
_CLAIM: Final = f"SELECT {COLUMNS} FROM pombo.claim_messages($1, $2, $3::text[], $4) ORDER BY position"  # noqa: S608 - of constants

# One EXISTS for each of the partial indexes.
_IS_CLEAR: Final = """
SELECT NOT EXISTS (
    SELECT FROM pombo.messages
    WHERE session_id = $1 AND chat = $2 AND direction = 'outbound' AND status = 'SENDING'
) AND NOT EXISTS (
    SELECT FROM pombo.messages
    WHERE session_id = $1 AND chat = $2 AND direction = 'outbound' AND status = 'QUEUED' AND not_before IS NULL
) AND NOT EXISTS (
    SELECT FROM pombo.messages
    WHERE session_id = $1 AND chat = $2 AND direction = 'outbound' AND status = 'QUEUED' AND not_before <= $3
) AS is_clear
"""

_UNFINISHED: Final = f"""
SELECT {COLUMNS} FROM pombo.messages
WHERE session_id = $1 AND direction = 'outbound' AND status = 'SENDING' ORDER BY position
"""  # noqa: S608 - of constants

_LOCK_EXPIRED: Final = f"""
SELECT {COLUMNS} FROM pombo.messages
WHERE direction = 'outbound' AND status = 'QUEUED' AND expires_at <= $1
ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - of constants


class PostgresOutbox(Outbox):
    """The outbox within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def claim(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int
    ) -> Sequence[Message]:
        rows = await self._transaction.write(_CLAIM, session_id, now, [str(chat) for chat in busy], limit)
        return tuple(map(to_message, rows))

    @override
    async def is_clear(self, session_id: SessionId, chat: Jid, *, now: datetime) -> bool:
        rows = await self._transaction.read(_IS_CLEAR, session_id, str(chat), now)
        return bool(rows[0]["is_clear"])

    @override
    async def lock_expired(self, *, now: datetime, limit: int) -> Sequence[Message]:
        return tuple(map(to_message, await self._transaction.write(_LOCK_EXPIRED, now, limit)))

    @override
    async def unfinished(self, session_id: SessionId) -> Sequence[Message]:
        return tuple(map(to_message, await self._transaction.read(_UNFINISHED, session_id)))
