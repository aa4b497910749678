"""The outbox in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
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
    async def claim(self, session_id: SessionId, *, busy: Collection[Jid], limit: int) -> Sequence[Message]:
        rows = self._transaction.open_messages(session_id)
        taken = set(busy) | {row.message.chat for row in rows if row.message.status is MessageStatus.SENDING}
        heads: dict[Jid, MessageRow] = {}
        for row in rows:
            if row.message.chat not in taken:
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
    async def unfinished(self, session_id: SessionId) -> Sequence[Message]:
        rows = self._transaction.open_messages(session_id)
        return tuple(row.message for row in rows if row.message.status is MessageStatus.SENDING)
