"""What waits to be posted to webhook endpoints, in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, override

from adapters.memory.transaction import Transaction
from adapters.memory.webhook_repository import endpoint_row
from adapters.memory.webhook_tables import EndpointRow, LaneKey, LaneRow
from application.ports.webhook_queue import CLOCK_SLACK, MAX_BACKLOG, Advance, ClaimedLane, ClaimLostError, WebhookQueue
from domain.event import Event
from domain.ids import WebhookId
from domain.webhook import WebhookEndpoint

_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


class MemoryWebhookQueue(WebhookQueue):
    """The lanes within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.webhooks

    @override
    async def scan(self) -> bool:
        for webhook_id, row in sorted(self._rows.endpoints.items(), key=lambda item: item[0]):
            head = self._transaction.log_head()
            if not row.endpoint.enabled or row.scanned >= head or not self._transaction.can_lock(webhook_id):
                continue
            await self._transaction.lock(webhook_id)
            current = self._rows.endpoints.get(webhook_id)
            if current is None or not current.endpoint.enabled:
                continue
            for key, target in self._targets(current, after=current.scanned, to=head):
                await self._transaction.lock(key)
                lane = self._rows.lanes.get(key) or LaneRow(cursor=current.scanned, target=current.scanned)
                cursor = max(lane.cursor, current.scanned) if lane.cursor >= lane.target else lane.cursor
                self._rows.lanes.put(key, replace(lane, cursor=cursor, target=max(lane.target, target)))
            self._rows.endpoints.put(webhook_id, EndpointRow(current.endpoint, head))
        return False

    @override
    async def claim(
        self,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        per_endpoint: int,
        busy: Mapping[WebhookId, int],
    ) -> Sequence[ClaimedLane]:
        claimed: list[ClaimedLane] = []
        taken = dict(busy)
        due = [(key, lane) for key, lane in self._rows.lanes.items() if _is_due(lane, now, lease)]
        for key, lane in sorted(due, key=lambda item: (item[1].next_attempt_at or _LONG_AGO, item[1].cursor)):
            endpoint = endpoint_row(self._transaction, key[0]).endpoint
            count = taken.get(key[0], 0)
            # A lane that another transaction holds is passed over.
            free = endpoint.enabled and count < per_endpoint and self._transaction.can_lock(key)
            if free and len(claimed) < limit:
                await self._transaction.lock(key)
                taken[key[0]] = count + 1
                held = replace(lane, token=f"{token}:{key[1] or ''}:{key[0]}", claimed_until=now + lease)
                self._rows.lanes.put(key, held)
                claimed.append(_claimed(key, held, endpoint, held.token or ""))
        return tuple(claimed)

    @override
    async def read(self, lane: ClaimedLane, *, limit: int) -> Sequence[Event]:
        row = self._rows.endpoints.get(lane.endpoint.id)
        if row is None:
            return ()
        wanted = self._wanted(row, after=lane.cursor, to=lane.target)
        return tuple(islice((event for event in wanted if event.session_id == lane.session_id), limit))

    @override
    async def advance(self, lane: ClaimedLane, *, to: int, now: datetime, keep_for: timedelta | None) -> Advance:
        key, row = await self._held(lane)
        endpoint = endpoint_row(self._transaction, key[0]).endpoint
        unchanged = endpoint.enabled and endpoint.updated_at == lane.endpoint.updated_at
        keep = keep_for is not None and row.target > to and unchanged
        after = LaneRow(
            cursor=to,
            target=row.target,
            token=row.token if keep else None,
            claimed_until=now + keep_for if keep and keep_for else None,
        )
        self._rows.lanes.put(key, after)
        kept = _claimed(key, after, lane.endpoint, lane.token) if keep else None
        return Advance(lane=kept, was_failing=endpoint.failing_since is not None)

    @override
    async def postpone(
        self, lane: ClaimedLane, *, failures: int, first_failed_at: datetime, now: datetime, wait: timedelta
    ) -> None:
        key, row = await self._held(lane)
        self._rows.lanes.put(
            key,
            LaneRow(
                cursor=row.cursor,
                target=row.target,
                failures=failures,
                first_failed_at=first_failed_at,
                next_attempt_at=now + wait,
                retry_wait=wait,
            ),
        )

    @override
    async def release(self, tokens: Sequence[str]) -> None:
        for key, lane in tuple(self._rows.lanes.items()):
            if lane.token in tokens:
                await self._transaction.lock(key)
                current = self._rows.lanes.get(key)
                if current is not None and current.token in tokens:
                    self._rows.lanes.put(key, replace(current, token=None, claimed_until=None))

    @override
    async def wake(self, webhook_id: WebhookId, *, since: datetime | None = None, afresh: bool = False) -> None:
        for key in self._lanes_of(webhook_id):
            await self._transaction.lock(key)
            lane = self._rows.lanes.get(key)
            first = None if lane is None else lane.first_failed_at
            if lane is not None and first is not None and (since is None or first >= since):
                lane = replace(lane, next_attempt_at=None, retry_wait=None)
                self._rows.lanes.put(key, replace(lane, failures=0, first_failed_at=None) if afresh else lane)

    @override
    async def rewind(self, webhook_id: WebhookId, *, after: int) -> None:
        await self._transaction.lock(webhook_id)
        row = endpoint_row(self._transaction, webhook_id)
        for key, target in self._targets(row, after=after, to=row.scanned):
            await self._transaction.lock(key)
            lane = self._rows.lanes.get(key) or LaneRow(cursor=after, target=after)
            self._rows.lanes.put(key, LaneRow(cursor=min(lane.cursor, after), target=max(lane.target, target)))

    @override
    async def backlog(self, webhook_id: WebhookId) -> int:
        row = self._rows.endpoints.get(webhook_id)
        if row is None:
            return 0
        waiting = sum(1 for _ in self._wanted(row, after=row.scanned, to=self._transaction.log_head()))
        for key in self._lanes_of(webhook_id):
            lane = self._rows.lanes.get(key)
            if lane is not None:
                wanted = self._wanted(row, after=lane.cursor, to=lane.target)
                waiting += sum(1 for event in wanted if event.session_id == key[1])
        return min(waiting, MAX_BACKLOG)

    @override
    async def needed_from(self, *, buried_since: datetime) -> int | None:
        letters = (letter for _, letter in self._rows.letters.items())
        needed = [letter.position for letter in letters if letter.given_up_at >= buried_since]
        for webhook_id, row in self._rows.endpoints.items():
            if row.endpoint.enabled:
                lanes = (self._rows.lanes.get(key) for key in self._lanes_of(webhook_id))
                needed += [lane.cursor + 1 for lane in lanes if lane is not None and lane.cursor < lane.target]
                if row.scanned < self._transaction.log_head():
                    needed.append(row.scanned + 1)
        return min(needed, default=None)

    def _lanes_of(self, webhook_id: WebhookId) -> list[LaneKey]:
        keys = (key for key, _ in self._rows.lanes.items() if key[0] == webhook_id)
        return sorted(keys, key=lambda key: key[1] or "")

    def _wanted(self, row: EndpointRow, *, after: int, to: int) -> Iterator[Event]:
        events = self._transaction.log_events(after=after, to=to)
        return (event for event in events if row.endpoint.wants(event.type, event.session_id))

    def _targets(self, row: EndpointRow, *, after: int, to: int) -> list[tuple[LaneKey, int]]:
        """The endpoint's lanes that have events between, and the last of each."""
        found = {(row.endpoint.id, event.session_id): event.sequence for event in self._wanted(row, after=after, to=to)}
        return sorted(found.items(), key=lambda item: item[0][1] or "")

    async def _held(self, lane: ClaimedLane) -> tuple[LaneKey, LaneRow]:
        key = (lane.endpoint.id, lane.session_id)
        await self._transaction.lock(key)
        row = self._rows.lanes.get(key)
        if row is None or row.token != lane.token:
            raise ClaimLostError
        return key, row


def _is_due(lane: LaneRow, now: datetime, lease: timedelta) -> bool:
    waits = lane.next_attempt_at is not None and now < lane.next_attempt_at <= now + _slack(lane.retry_wait)
    held = lane.claimed_until is not None and now < lane.claimed_until <= now + _slack(lease)
    return lane.cursor < lane.target and not waits and not held


def _slack(span: timedelta | None) -> timedelta:
    return (span or timedelta(0)) + CLOCK_SLACK


def _claimed(key: LaneKey, row: LaneRow, endpoint: WebhookEndpoint, token: str) -> ClaimedLane:
    return ClaimedLane(
        endpoint=endpoint,
        session_id=key[1],
        cursor=row.cursor,
        target=row.target,
        failures=row.failures,
        first_failed_at=row.first_failed_at,
        token=token,
    )
