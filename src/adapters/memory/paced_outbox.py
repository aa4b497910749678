"""The outbox of paced sessions in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, override

from adapters.memory.addresses import addresses_with
from adapters.memory.outbox import is_due
from adapters.memory.state import MessageRow
from adapters.memory.transaction import Transaction
from application.ports.paced_outbox import Head, PacedOutbox
from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.message import Direction, Message, MessageStatus
from domain.pacing import Standing

_NEVER_LEFT: Final = frozenset(
    {MessageStatus.QUEUED, MessageStatus.FAILED, MessageStatus.CANCELED, MessageStatus.EXPIRED}
)


class MemoryPacedOutbox(PacedOutbox):
    """The outbox of paced sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def heads(
        self, session_id: SessionId, *, now: datetime, busy: Collection[Jid], limit: int, begun_since: datetime
    ) -> Sequence[Head]:
        rows = self._transaction.open_messages(session_id)
        passed = set(busy) | {row.message.chat for row in rows if row.message.status is MessageStatus.SENDING}
        heads: list[Head] = []
        counts: Counter[tuple[Standing, bool]] = Counter()
        for message in (row.message for row in rows if is_due(row.message, now)):
            if message.chat in passed:
                continue
            passed.add(message.chat)
            head = self._head(session_id, message, begun_since)
            kind = (head.standing, head.begun)
            counts[kind] += 1
            if counts[kind] <= limit:
                heads.append(head)
        return tuple(heads)

    @override
    async def take(self, session_id: SessionId, message_ids: Collection[MessageId]) -> Sequence[Message]:
        taken: list[Message] = []
        for row in self._transaction.open_messages(session_id):
            key = (session_id, row.message.whatsapp_id)
            if row.message.id not in message_ids or row.message.status is not MessageStatus.QUEUED:
                continue
            if self._transaction.can_lock(key):
                await self._transaction.lock(key)
                taken.append(replace(row.message, status=MessageStatus.SENDING))
                self._transaction.put_message(MessageRow(row.position, taken[-1]))
        return tuple(taken)

    @override
    async def ahead(
        self, session_id: SessionId, message_ids: Collection[MessageId], *, now: datetime
    ) -> Mapping[MessageId, int]:
        rows = [
            row for row in self._transaction.open_messages(session_id) if row.message.status is MessageStatus.QUEUED
        ]
        due = [row.position for row in rows if is_due(row.message, now)]
        return {
            row.message.id: sum(position < row.position for position in due)
            for row in rows
            if row.message.id in message_ids
        }

    @override
    async def standings(self, session_id: SessionId, chats: Collection[Jid]) -> Mapping[Jid, Standing]:
        return {chat: self._standing(session_id, chat) for chat in chats}

    @override
    async def waiting(self, session_id: SessionId, *, now: datetime) -> int:
        rows = self._transaction.open_messages(session_id)
        return sum(is_due(row.message, now) for row in rows if row.message.status is MessageStatus.QUEUED)

    def _head(self, session_id: SessionId, message: Message, begun_since: datetime) -> Head:
        begun = self._transaction.begun_chats
        times = (begun.get((session_id, each)) for each in addresses_with(self._transaction, session_id, message.chat))
        return Head(
            message_id=message.id,
            chat=message.chat,
            standing=self._standing(session_id, message.chat),
            begun=any(time is not None and time > begun_since for time in times),
        )

    def _standing(self, session_id: SessionId, chat: Jid) -> Standing:
        if not chat.is_user:
            return Standing.KNOWN
        addresses = addresses_with(self._transaction, session_id, chat)
        theirs = [
            row.message
            for row in self._transaction.messages()
            if row.message.session_id == session_id and str(row.message.chat) in addresses
        ]
        if any(message.direction is Direction.INBOUND for message in theirs):
            return Standing.KNOWN
        written = any(message.status not in _NEVER_LEFT for message in theirs)
        return Standing.WRITTEN_TO if written else Standing.NEW
