"""Where the pace of sessions stands, in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import override

from adapters.memory.transaction import Transaction
from application.ports.pace_repository import PaceRepository
from domain.ids import SessionId
from domain.jid import Jid
from domain.pacing import PaceState


class MemoryPaceRepository(PaceRepository):
    """The pace of sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def load(self, session_id: SessionId) -> PaceState:
        return self._transaction.paces.get(session_id) or PaceState()

    @override
    async def save(self, session_id: SessionId, state: PaceState) -> None:
        await self._transaction.lock(("pace", session_id))
        if self._transaction.session(session_id) is not None:
            self._transaction.paces.put(session_id, state)

    @override
    async def begun(self, session_id: SessionId, *, since: datetime) -> Sequence[datetime]:
        rows = self._transaction.begun_chats.items()
        return tuple(sorted(at for (session, _), at in rows if session == session_id and at > since))

    @override
    async def begin(self, session_id: SessionId, chats: Collection[Jid], *, at: datetime, forget: datetime) -> None:
        await self._transaction.lock(("pace", session_id))
        begun = self._transaction.begun_chats
        for key, begun_at in tuple(begun.items()):
            if key[0] == session_id and begun_at <= forget:
                begun.put(key, None)
        if self._transaction.session(session_id) is not None:
            for chat in chats:
                if begun.get((session_id, str(chat))) is None:
                    begun.put((session_id, str(chat)), at)
