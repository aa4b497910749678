"""Messages in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import override

from adapters.memory.state import MessageRow
from adapters.memory.transaction import Transaction
from application.ports.message_repository import MessageFilter, MessagePosition, MessageRepository
from application.representation.content import content_type
from domain.errors import NotFoundError
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.message import Message


class MemoryMessageRepository(MessageRepository):
    """Messages within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add_absent(self, messages: Sequence[Message]) -> Sequence[Message]:
        # Locks are taken in one order by everybody, so that two batches don't wait for each other in a circle.
        for key in sorted({(message.session_id, message.whatsapp_id) for message in messages}):
            await self._transaction.lock(key)
        added = []
        for message in messages:
            if self._transaction.message_by_whatsapp_id((message.session_id, message.whatsapp_id)) is None:
                self._transaction.put_message(MessageRow(self._transaction.next_position(), message))
                added.append(message)
        return tuple(added)

    @override
    async def get(self, message_id: MessageId) -> Message:
        return self._shown(self._row(message_id).message)

    @override
    async def find(self, message_ids: Collection[MessageId]) -> Mapping[MessageId, Message]:
        rows = (self._transaction.message(message_id) for message_id in message_ids)
        return {row.message.id: self._shown(row.message) for row in rows if row}

    @override
    async def look_up(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        rows = (self._transaction.message_by_whatsapp_id((session_id, whatsapp_id)) for whatsapp_id in whatsapp_ids)
        return {row.message.whatsapp_id: row.message for row in rows if row}

    @override
    async def lock(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        keys = sorted({(session_id, whatsapp_id) for whatsapp_id in whatsapp_ids})
        existing = [key for key in keys if self._transaction.message_by_whatsapp_id(key)]
        for key in existing:
            await self._transaction.lock(key)
        rows = (self._transaction.message_by_whatsapp_id(key) for key in existing)
        return {row.message.whatsapp_id: row.message for row in rows if row}

    @override
    async def save(self, messages: Sequence[Message]) -> None:
        for message in sorted(messages, key=lambda message: (message.session_id, message.whatsapp_id)):
            self._row(message.id)
            await self._transaction.lock((message.session_id, message.whatsapp_id))
        for message in messages:
            row = self._row(message.id)
            advanced = replace(
                row.message,
                status=message.status,
                failure=message.failure,
                sent_at=message.sent_at,
                delivered_at=message.delivered_at,
                read_at=message.read_at,
                played_at=message.played_at,
            )
            self._transaction.put_message(MessageRow(row.position, advanced))

    @override
    async def ids_since(self, session_id: SessionId, since: datetime, limit: int) -> Sequence[WhatsAppMessageId]:
        found = await self.list(MessageFilter(session_id=session_id, since=since), after=None, limit=limit)
        return [message.whatsapp_id for message in found]

    @override
    async def list(self, criteria: MessageFilter, *, after: MessagePosition | None, limit: int) -> Sequence[Message]:
        found = [row.message for row in self._transaction.messages() if _matches(row.message, criteria)]
        if after is not None:
            found = [message for message in found if (message.created_at, message.id) < (after.created_at, after.id)]
        found.sort(key=lambda message: (message.created_at, message.id), reverse=True)
        return tuple(map(self._shown, found[:limit]))

    def _shown(self, message: Message) -> Message:
        state = self._transaction.states.get((message.session_id, message.whatsapp_id))
        return message if state is None else replace(message, state=state)

    def _row(self, message_id: MessageId) -> MessageRow:
        row = self._transaction.message(message_id)
        if row is None:
            raise NotFoundError(
                "MESSAGE_NOT_FOUND", "There is no message with this id.", metadata={"message_id": message_id}
            )
        return row


def _matches(message: Message, criteria: MessageFilter) -> bool:
    wanted = () if criteria.chat is None else (criteria.chat, *criteria.also)
    # In a group the alternate is the sender's: it doesn't make the group that person's chat.
    in_chat = not wanted or message.chat in wanted or (message.chat.is_user and message.alternate in wanted)
    kind = content_type(message.content)
    return (
        in_chat
        and (kind in criteria.types if criteria.types else not message.is_operation)
        and criteria.session_id in {None, message.session_id}
        and (criteria.among is None or message.session_id in criteria.among)
        and criteria.direction in {None, message.direction}
        and criteria.status in {None, message.status}
        and (criteria.since is None or message.created_at >= criteria.since)
        and (criteria.until is None or message.created_at < criteria.until)
    )
