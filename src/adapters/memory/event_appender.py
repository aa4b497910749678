"""The event log's writing side in memory."""

from collections.abc import Sequence
from typing import override

from adapters.memory.transaction import Transaction
from application.ports.event_log import EventAppender
from domain.event import NewEvent


class MemoryEventAppender(EventAppender):
    """Appends within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def append(self, events: Sequence[NewEvent]) -> None:
        self._transaction.put_events(list(events))
