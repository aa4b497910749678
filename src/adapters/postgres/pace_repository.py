"""Where the pace of sessions stands, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, override

import asyncpg

from adapters.postgres.stored_json import dump_optional, load
from adapters.postgres.transaction import Transaction
from application.ports.pace_repository import PaceRepository
from application.representation.pacing import restriction_from_dict, restriction_to_dict
from domain.ids import SessionId
from domain.jid import Jid
from domain.pacing import PaceState

_LOAD: Final = "SELECT next_at, restriction, account FROM pombo.session_paces WHERE session_id = $1"
_SAVE: Final = """
INSERT INTO pombo.session_paces (session_id, next_at, restriction, account)
SELECT id, $2, $3, $4 FROM pombo.sessions WHERE id = $1
ON CONFLICT (session_id) DO UPDATE
SET next_at = EXCLUDED.next_at, restriction = EXCLUDED.restriction, account = EXCLUDED.account
"""
_BEGUN: Final = """
SELECT begun_at FROM pombo.begun_chats WHERE session_id = $1 AND begun_at > $2 ORDER BY begun_at
"""
_FORGET: Final = "DELETE FROM pombo.begun_chats WHERE session_id = $1 AND begun_at <= $2"
_BEGIN: Final = """
INSERT INTO pombo.begun_chats (session_id, chat, begun_at)
SELECT id, unnest($2::text[]), $3 FROM pombo.sessions WHERE id = $1
ON CONFLICT (session_id, chat) DO NOTHING
"""


class PostgresPaceRepository(PaceRepository):
    """The pace of sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def load(self, session_id: SessionId) -> PaceState:
        rows = await self._transaction.read(_LOAD, session_id)
        return pace_from_row(rows[0]) if rows else PaceState()

    @override
    async def save(self, session_id: SessionId, state: PaceState) -> None:
        await self._transaction.write(
            _SAVE,
            session_id,
            state.next_at,
            dump_optional(restriction_to_dict(state.restriction)),
            None if state.account is None else str(state.account),
        )

    @override
    async def begun(self, session_id: SessionId, *, since: datetime) -> Sequence[datetime]:
        return tuple(row["begun_at"] for row in await self._transaction.read(_BEGUN, session_id, since))

    @override
    async def begin(self, session_id: SessionId, chats: Collection[Jid], *, at: datetime, forget: datetime) -> None:
        await self._transaction.write(_FORGET, session_id, forget)
        await self._transaction.write(_BEGIN, session_id, sorted(str(chat) for chat in chats), at)


def pace_from_row(row: asyncpg.Record) -> PaceState:
    """Reads the columns of a pace, which are NULL where none is stored."""
    return PaceState(
        next_at=row["next_at"],
        restriction=restriction_from_dict(load(row["restriction"])),
        account=None if row["account"] is None else Jid.parse(row["account"]),
    )
