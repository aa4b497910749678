"""The messages that a caller sees."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import override

from application.ports.message_repository import MessageFilter, MessagePosition, MessageRepository
from domain.errors import NotFoundError
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.message import Message


class SeenMessages(MessageRepository):
    """The messages of some sessions."""

    def __init__(self, messages: MessageRepository, session_ids: frozenset[SessionId]) -> None:
        self._messages = messages
        self._session_ids = session_ids

    @override
    async def add_absent(self, messages: Sequence[Message]) -> Sequence[Message]:
        return await self._messages.add_absent(messages)

    @override
    async def get(self, message_id: MessageId) -> Message:
        message = await self._messages.get(message_id)
        if message.session_id not in self._session_ids:
            raise NotFoundError(
                "MESSAGE_NOT_FOUND", "There is no message with this id.", metadata={"message_id": message_id}
            )
        return message

    @override
    async def find(self, message_ids: Collection[MessageId]) -> Mapping[MessageId, Message]:
        found = await self._messages.find(message_ids)
        return {key: message for key, message in found.items() if message.session_id in self._session_ids}

    @override
    async def look_up(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        return await self._messages.look_up(session_id, whatsapp_ids) if session_id in self._session_ids else {}

    @override
    async def lock(
        self, session_id: SessionId, whatsapp_ids: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, Message]:
        return await self._messages.lock(session_id, whatsapp_ids) if session_id in self._session_ids else {}

    @override
    async def save(self, messages: Sequence[Message]) -> None:
        await self._messages.save(messages)

    @override
    async def ids_since(self, session_id: SessionId, since: datetime, limit: int) -> Sequence[WhatsAppMessageId]:
        return await self._messages.ids_since(session_id, since, limit) if session_id in self._session_ids else ()

    @override
    async def list(self, criteria: MessageFilter, *, after: MessagePosition | None, limit: int) -> Sequence[Message]:
        seen = self._session_ids if criteria.among is None else self._session_ids & criteria.among
        return await self._messages.list(replace(criteria, among=seen), after=after, limit=limit)
