"""What was done to messages, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, override

import asyncpg

from adapters.postgres.stored_json import dump, load
from adapters.postgres.transaction import Transaction
from application.ports.message_states import MessageStates, NewReceipt, ParticipantReceipt
from application.representation.message_state import state_from_dict, state_to_dict
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message_state import MessageState

_LOOK_UP: Final = """
SELECT whatsapp_id, state FROM pombo.message_states WHERE session_id = $1 AND whatsapp_id = ANY($2::text[])
"""

# Two that tell of the same message at once: the second waits for the first, whether there was a row before or not. The
# rows are written and locked in everybody's order.
_ADD_ABSENT: Final = """
INSERT INTO pombo.message_states (session_id, whatsapp_id, state)
SELECT $1, message.id, '{}' FROM unnest($2::text[]) AS message (id) ORDER BY message.id
ON CONFLICT (session_id, whatsapp_id) DO NOTHING
"""

_LOCK: Final = f"{_LOOK_UP} ORDER BY whatsapp_id FOR UPDATE"

_SAVE: Final = """
UPDATE pombo.message_states SET state = given.state
FROM unnest($2::text[], $3::json[]) AS given (whatsapp_id, state)
WHERE message_states.session_id = $1 AND message_states.whatsapp_id = given.whatsapp_id
"""

_ADD_ABSENT_RECEIPTS: Final = """
INSERT INTO pombo.message_receipts (session_id, whatsapp_id, participant)
SELECT $1, given.* FROM unnest($2::text[], $3::text[]) AS given (whatsapp_id, participant)
ORDER BY whatsapp_id, participant
ON CONFLICT (session_id, whatsapp_id, participant) DO NOTHING
"""

_LOCK_RECEIPTS: Final = """
SELECT whatsapp_id, participant, delivered_at, read_at, played_at
FROM pombo.message_receipts AS known
JOIN unnest($2::text[], $3::text[]) AS given (whatsapp_id, participant) USING (whatsapp_id, participant)
WHERE session_id = $1 ORDER BY whatsapp_id, participant FOR UPDATE OF known
"""

_SAVE_RECEIPTS: Final = """
UPDATE pombo.message_receipts AS known
SET delivered_at = given.delivered_at, read_at = given.read_at, played_at = given.played_at
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
    AS given (whatsapp_id, participant, delivered_at, read_at, played_at)
WHERE known.session_id = $1 AND known.whatsapp_id = given.whatsapp_id AND known.participant = given.participant
"""

_RECEIPTS: Final = """
SELECT participant, delivered_at, read_at, played_at FROM pombo.message_receipts
WHERE session_id = $1 AND whatsapp_id = $2 ORDER BY participant
"""


class PostgresMessageStates(MessageStates):
    """States within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def look_up(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        if not messages:
            return {}
        rows = await self._transaction.read(_LOOK_UP, session_id, list(messages))
        return {WhatsAppMessageId(row["whatsapp_id"]): state_from_dict(load(row["state"])) for row in rows}

    @override
    async def lock(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        if not messages:
            return {}
        wanted = sorted(set(messages))
        await self._transaction.write(_ADD_ABSENT, session_id, wanted)
        rows = await self._transaction.write(_LOCK, session_id, wanted)
        return {WhatsAppMessageId(row["whatsapp_id"]): state_from_dict(load(row["state"])) for row in rows}

    @override
    async def save(self, session_id: SessionId, states: Mapping[WhatsAppMessageId, MessageState]) -> None:
        if not states:
            return
        written = [dump(state_to_dict(state)) for state in states.values()]
        await self._transaction.write(_SAVE, session_id, list(states), written)

    @override
    async def add_receipts(self, session_id: SessionId, receipts: Sequence[NewReceipt]) -> Sequence[NewReceipt]:
        if not receipts:
            return ()
        keys = sorted({(receipt.message, str(receipt.participant)) for receipt in receipts})
        columns = list(zip(*keys, strict=True))
        await self._transaction.write(_ADD_ABSENT_RECEIPTS, session_id, *columns)
        rows = await self._transaction.write(_LOCK_RECEIPTS, session_id, *columns)
        before = {(row["whatsapp_id"], row["participant"]): _receipt(row) for row in rows}
        now, added = dict(before), []
        for receipt in receipts:
            key = (receipt.message, str(receipt.participant))
            after = now[key].advance(receipt)
            if after is not now[key]:
                now[key] = after
                added.append(receipt)
        advanced = [
            (*key, receipt.delivered_at, receipt.read_at, receipt.played_at)
            for key, receipt in now.items()
            if receipt is not before[key]
        ]
        if advanced:
            await self._transaction.write(_SAVE_RECEIPTS, session_id, *zip(*advanced, strict=True))
        return tuple(added)

    @override
    async def receipts(self, session_id: SessionId, message: WhatsAppMessageId) -> Sequence[ParticipantReceipt]:
        rows = await self._transaction.read(_RECEIPTS, session_id, message)
        return tuple(receipt for receipt in map(_receipt, rows) if receipt.status is not None)


def _receipt(row: asyncpg.Record) -> ParticipantReceipt:
    return ParticipantReceipt(
        participant=Jid.parse(row["participant"]),
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        played_at=row["played_at"],
    )
