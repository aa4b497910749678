"""How everything is, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, override

import asyncpg

from adapters.postgres.pace_repository import pace_from_row
from adapters.postgres.session_repository import me_from_row
from adapters.postgres.transaction import Transaction
from adapters.postgres.webhook_statements import BACKLOG
from application.ports.survey import SessionState, Survey, WebhookState
from application.ports.webhook_queue import MAX_BACKLOG
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.pacing import RestrictionReason, pausing
from domain.session import SessionStatus, StatusReason, Wanted

# One part for each of the partial indexes: what has been sent is never looked at.
_SESSIONS: Final = """
WITH open AS (
    SELECT session_id, 'waiting' AS state, created_at AS due_at FROM pombo.messages
    WHERE direction = 'outbound' AND status = 'QUEUED' AND not_before IS NULL
    UNION ALL
    SELECT session_id, CASE WHEN not_before <= $1 THEN 'waiting' ELSE 'put off' END, greatest(created_at, not_before)
    FROM pombo.messages WHERE direction = 'outbound' AND status = 'QUEUED' AND not_before IS NOT NULL
    UNION ALL
    SELECT session_id, 'sending', NULL FROM pombo.messages WHERE direction = 'outbound' AND status = 'SENDING'
), counted AS (
    SELECT session_id, count(*) FILTER (WHERE state = 'waiting') AS waiting,
        count(*) FILTER (WHERE state = 'put off') AS put_off, count(*) FILTER (WHERE state = 'sending') AS sending,
        min(due_at) FILTER (WHERE state = 'waiting') AS oldest_due_at
    FROM open GROUP BY session_id
)
SELECT session.id, wanted, status, status_reason, status_at, coalesce(waiting, 0) AS waiting,
    coalesce(put_off, 0) AS put_off, coalesce(sending, 0) AS sending, oldest_due_at, coalesce(epoch, 0) AS epoch,
    CASE WHEN expires_at > clock_timestamp() THEN owner END AS owner, node, me,
    next_at, restriction, account
FROM pombo.sessions AS session
LEFT JOIN pombo.session_leases AS lease ON lease.session_id = session.id
LEFT JOIN pombo.session_paces AS pace ON pace.session_id = session.id
LEFT JOIN counted ON counted.session_id = session.id
ORDER BY session.id
"""

_WEBHOOKS: Final = f"""
SELECT count(*) FILTER (WHERE disabled_reason IS NULL) AS enabled,
    count(*) FILTER (WHERE disabled_reason IS NULL AND failing_since IS NOT NULL) AS failing,
    count(*) FILTER (WHERE disabled_reason IS NOT NULL) AS disabled,
    coalesce(sum(waiting) FILTER (WHERE disabled_reason IS NULL), 0)::bigint AS backlog,
    (SELECT count(*) FROM pombo.webhook_dead_letters) AS dead_letters
FROM pombo.webhook_endpoints AS every
CROSS JOIN LATERAL ({BACKLOG.replace("$1", "every.id").replace("$2", str(MAX_BACKLOG))}) AS counted
"""  # noqa: S608 - of constants


class PostgresSurvey(Survey):
    """Looks within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def sessions(self, *, now: datetime) -> Sequence[SessionState]:
        return tuple(_state(row, now) for row in await self._transaction.read(_SESSIONS, now))

    @override
    async def webhooks(self) -> WebhookState:
        (row,) = await self._transaction.read(_WEBHOOKS)
        return WebhookState(**dict(row.items()))


def _state(row: asyncpg.Record, now: datetime) -> SessionState:
    session_id, owner = SessionId(row["id"]), row["owner"]
    return SessionState(
        session_id=session_id,
        wanted=Wanted(row["wanted"]),
        status=SessionStatus(row["status"]),
        reason=StatusReason(row["status_reason"]),
        status_at=row["status_at"],
        waiting=row["waiting"],
        put_off=row["put_off"],
        sending=row["sending"],
        oldest_due_at=row["oldest_due_at"],
        epoch=row["epoch"],
        lease=None
        if owner is None
        else Lease(session_id=session_id, owner=Owner(node=row["node"], life=owner), epoch=row["epoch"]),
        paused_by=_paused_by(row, now),
    )


def _paused_by(row: asyncpg.Record, now: datetime) -> RestrictionReason | None:
    me = me_from_row(row)
    return pausing(pace_from_row(row), () if me is None else me.addresses, now)
