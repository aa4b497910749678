"""What was done to messages, in memory."""

from collections.abc import Collection, Mapping, Sequence
from typing import override

from adapters.memory.transaction import Transaction
from application.ports.message_states import MessageStates, NewReceipt, ParticipantReceipt
from domain.ids import SessionId, WhatsAppMessageId
from domain.message_state import NOTHING_DONE, MessageState


class MemoryMessageStates(MessageStates):
    """States within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def look_up(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        states = {message: self._transaction.states.get((session_id, message)) for message in messages}
        return {message: state for message, state in states.items() if state is not None}

    @override
    async def lock(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        for message in sorted(set(messages)):
            await self._transaction.lock(("state", session_id, message))
        return {
            message: self._transaction.states.get((session_id, message)) or NOTHING_DONE for message in set(messages)
        }

    @override
    async def save(self, session_id: SessionId, states: Mapping[WhatsAppMessageId, MessageState]) -> None:
        for message, state in states.items():
            self._transaction.states.put((session_id, message), state)

    @override
    async def add_receipts(self, session_id: SessionId, receipts: Sequence[NewReceipt]) -> Sequence[NewReceipt]:
        added: list[NewReceipt] = []
        for message in sorted({receipt.message for receipt in receipts}):
            await self._transaction.lock(("receipts", session_id, message))
        for receipt in receipts:
            key = (session_id, receipt.message, receipt.participant)
            known = self._transaction.receipts.get(key) or ParticipantReceipt(participant=receipt.participant)
            after = known.advance(receipt)
            if after is not known:
                self._transaction.receipts.put(key, after)
                added.append(receipt)
        return tuple(added)

    @override
    async def receipts(self, session_id: SessionId, message: WhatsAppMessageId) -> Sequence[ParticipantReceipt]:
        rows = self._transaction.receipts.items()
        found = [receipt for (session, of, _), receipt in rows if (session, of) == (session_id, message)]
        return tuple(sorted(found, key=lambda receipt: str(receipt.participant)))
