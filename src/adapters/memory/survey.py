"""How everything is, in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import override

from adapters.memory.state import SessionRow
from adapters.memory.transaction import Transaction
from adapters.memory.webhook_queue import MemoryWebhookQueue
from application.ports.survey import SessionState, Survey, WebhookState
from domain.lease import Lease
from domain.message import Message, MessageStatus
from domain.pacing import PaceState, pausing


class MemorySurvey(Survey):
    """Looks within one transaction.

    Args:
        transaction: the one.
        now: the database's own clock.
    """

    def __init__(self, transaction: Transaction, now: Callable[[], datetime]) -> None:
        self._transaction = transaction
        self._now = now

    @override
    async def sessions(self, *, now: datetime) -> Sequence[SessionState]:
        rows = sorted(self._transaction.sessions(), key=lambda row: row.session.id)
        return tuple(self._state(row, now) for row in rows)

    @override
    async def webhooks(self) -> WebhookState:
        tables = self._transaction.webhooks
        endpoints = [row.endpoint for _, row in tables.endpoints.items()]
        enabled = [endpoint for endpoint in endpoints if endpoint.enabled]
        queue = MemoryWebhookQueue(self._transaction)
        return WebhookState(
            enabled=len(enabled),
            failing=sum(endpoint.failing_since is not None for endpoint in enabled),
            disabled=len(endpoints) - len(enabled),
            backlog=sum([await queue.backlog(endpoint.id) for endpoint in enabled]),
            dead_letters=sum(1 for _ in tables.letters.items()),
        )

    def _state(self, row: SessionRow, now: datetime) -> SessionState:
        session, lease = row.session, self._transaction.leases.get(row.session.id)
        messages = [each.message for each in self._transaction.open_messages(session.id)]
        queued = [message for message in messages if message.status is MessageStatus.QUEUED]
        due = [since for message in queued if (since := _due(message)) <= now or message.not_before is None]
        pace = self._transaction.paces.get(session.id) or PaceState()
        held = lease is not None and lease.is_valid(self._now())
        return SessionState(
            session_id=session.id,
            wanted=session.wanted,
            status=session.status,
            reason=session.status_reason,
            status_at=session.status_at,
            waiting=len(due),
            put_off=len(queued) - len(due),
            sending=len(messages) - len(queued),
            oldest_due_at=min(due, default=None),
            epoch=0 if lease is None else lease.epoch,
            lease=Lease(session_id=session.id, owner=lease.owner, epoch=lease.epoch)
            if held and lease is not None and lease.owner is not None
            else None,
            paused_by=pausing(pace, () if session.me is None else session.me.addresses, now),
        )


def _due(message: Message) -> datetime:
    return message.created_at if message.not_before is None else max(message.created_at, message.not_before)
