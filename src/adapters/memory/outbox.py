"""The outbox in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import override

from adapters.memory.state import MessageRow
from adapters.memory.transaction import Transaction
from application.ports.outbox import Outbox
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Message, MessageStatus


class MemoryOutbox(Outbox):
    """The outbox within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def claim(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int
    ) -> Sequence[Message]:
        rows = self._transaction.open_messages(session_id)
        taken = set(busy) | {row.message.chat for row in rows if row.message.status is MessageStatus.SENDING}
        heads: dict[Jid, MessageRow] = {}
        for row in rows:
            if row.message.chat not in taken and is_due(row.message, now):
                heads.setdefault(row.message.chat, row)
        claimed: list[Message] = []
        for row in heads.values():
            key = (session_id, row.message.whatsapp_id)
            # A row that another transaction holds is passed over, and its chat with it.
            if len(claimed) < limit and self._transaction.can_lock(key):
                await self._transaction.lock(key)
                claimed.append(replace(row.message, status=MessageStatus.SENDING))
                self._transaction.put_message(MessageRow(row.position, claimed[-1]))
        return tuple(claimed)

    @override
    async def is_clear(self, session_id: SessionId, chat: Jid, *, now: datetime) -> bool:
        waiting = (row.message for row in self._transaction.open_messages(session_id) if row.message.chat == chat)
        return not any(message.not_before is None or message.not_before <= now for message in waiting)

    @override
    async def lock_expired(self, *, now: datetime, limit: int) -> Sequence[Message]:
        rows = [row.message for row in self._transaction.queued_messages() if _has_expired(row.message, now)]
        rows.sort(key=lambda message: (message.expires_at, message.id))
        taken: list[Message] = []
        for message in rows:
            key = (message.session_id, message.whatsapp_id)
            if len(taken) < limit and self._transaction.can_lock(key):
                await self._transaction.lock(key)
                taken.append(message)
        return tuple(taken)

    @override
    async def unfinished(self, session_id: SessionId) -> Sequence[Message]:
        rows = self._transaction.open_messages(session_id)
        return tuple(row.message for row in rows if row.message.status is MessageStatus.SENDING)


def is_due(message: Message, now: datetime) -> bool:
    """Whether a message may leave at a time, as far as its own times say."""
    begun = message.not_before is None or message.not_before <= now
    return begun and not _has_expired(message, now)


def _has_expired(message: Message, now: datetime) -> bool:
    return message.expires_at is not None and message.expires_at <= now
