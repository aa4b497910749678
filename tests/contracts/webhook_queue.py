"""What every queue of webhooks does. Fixtures: ``uow`` and ``log``, over one empty store."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from application.ports.event_log import EventLog
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhook_queue import CLOCK_SLACK, ClaimedLane, ClaimLostError
from domain.event import QrIssued
from domain.ids import EventId, SessionId
from domain.webhook import DisabledReason, WebhookEndpoint
from tests.contracts.samples import NOON, SALES, SUPPORT, at, event, webhook
from tests.contracts.webhook_log import letter

LEASE = timedelta(seconds=30)


async def added(uow: UnitOfWorkFactory, **changes: Any) -> WebhookEndpoint:
    endpoint = webhook(**changes)
    async with uow.begin() as unit:
        await unit.webhooks.add(endpoint)
    return endpoint


async def append(uow: UnitOfWorkFactory, log: EventLog, *sessions: SessionId | None) -> list[EventId]:
    """One event each, settled and scanned."""
    events = [event(session_id) for session_id in sessions]
    async with uow.begin() as unit:
        await unit.events.append(events)
    await scan(uow, log)
    return [each.id for each in events]


async def scan(uow: UnitOfWorkFactory, log: EventLog) -> None:
    await log.settle()
    async with uow.begin() as unit:
        while await unit.webhook_queue.scan():
            pass


async def claim(
    uow: UnitOfWorkFactory, token: str = "t", now: datetime = NOON, limit: int = 9, **more: Any
) -> Sequence[ClaimedLane]:
    options: dict[str, Any] = {"per_endpoint": 9, "busy": {}, "lease": LEASE, **more}
    async with uow.begin() as unit:
        return await unit.webhook_queue.claim(token=token, now=now, limit=limit, **options)


async def read(uow: UnitOfWorkFactory, lane: ClaimedLane, limit: int = 99) -> list[EventId]:
    async with uow.begin() as unit:
        return [each.id for each in await unit.webhook_queue.read(lane, limit=limit)]


async def advance(uow: UnitOfWorkFactory, lane: ClaimedLane, to: int, *, keep: bool = False) -> ClaimedLane | None:
    async with uow.begin() as unit:
        return (await unit.webhook_queue.advance(lane, to=to, now=NOON, keep_for=LEASE if keep else None)).lane


async def postpone(uow: UnitOfWorkFactory, lane: ClaimedLane, wait: timedelta, failures: int = 1) -> None:
    async with uow.begin() as unit:
        await unit.webhook_queue.postpone(lane, failures=failures, first_failed_at=NOON, now=NOON, wait=wait)


async def backlog(uow: UnitOfWorkFactory, endpoint: WebhookEndpoint) -> int:
    async with uow.begin() as unit:
        return await unit.webhook_queue.backlog(endpoint.id)


class WebhookQueueContract:
    async def test_a_lane_per_session_with_its_events_in_order(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await append(uow, log, SALES)
        endpoint = await added(uow)
        ids = await append(uow, log, SALES, SUPPORT, None, SALES)
        lanes = {lane.session_id: lane for lane in await claim(uow)}
        assert {session: (lane.cursor, lane.target) for session, lane in lanes.items()} == {
            SALES: (1, 5),
            SUPPORT: (1, 3),
            None: (1, 4),
        }
        assert lanes[SALES].endpoint == endpoint
        assert await read(uow, lanes[SALES]) == [ids[0], ids[3]]
        assert await read(uow, lanes[SALES], limit=1) == [ids[0]]
        assert await read(uow, lanes[SUPPORT]) == [ids[1]]
        assert await read(uow, lanes[None]) == [ids[2]]
        assert len({lane.token for lane in lanes.values()}) == 3

    async def test_filters(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await added(uow, types=("session.qr",))
        mine = await added(uow, session_ids=(SUPPORT,), types=("message.ack",))
        async with uow.begin() as unit:
            await unit.events.append([event(SUPPORT, QrIssued(expires_at=NOON))])
        ids = await append(uow, log, SALES, SUPPORT, None)
        lanes = await claim(uow)
        assert [len(await read(uow, lane)) for lane in lanes] == [1, 1]
        (lane,) = [lane for lane in lanes if lane.endpoint.id == mine.id]
        assert await read(uow, lane) == [ids[1]]
        assert await backlog(uow, mine) == 1

    async def test_what_was_not_wanted_does_not_come_when_the_filter_is_widened(
        self, uow: UnitOfWorkFactory, log: EventLog
    ) -> None:
        endpoint = await added(uow, types=("message.ack",))
        await append(uow, log, SALES)
        (lane,) = await claim(uow)
        await advance(uow, lane, lane.target)
        async with uow.begin() as unit:
            await unit.events.append([event(SALES, QrIssued(expires_at=NOON))])
        await scan(uow, log)
        async with uow.begin() as unit:
            await unit.webhooks.save(replace(endpoint, types=()))
        ids = await append(uow, log, SALES)
        (lane,) = await claim(uow)
        assert await read(uow, lane) == ids

    async def test_a_claimed_lane_is_nobody_elses_until_its_lease_ends(
        self, uow: UnitOfWorkFactory, log: EventLog
    ) -> None:
        await added(uow)
        await append(uow, log, SALES)
        (lane,) = await claim(uow, "first")
        assert await claim(uow, "second", at(29)) == ()
        (taken,) = await claim(uow, "second", at(30))
        assert taken.token != lane.token
        with pytest.raises(ClaimLostError):
            await advance(uow, lane, 1)
        with pytest.raises(ClaimLostError):
            await postpone(uow, lane, timedelta(seconds=5))
        assert await advance(uow, taken, 1) is None
        assert await claim(uow, "third", at(99)) == ()

    async def test_going_on_with_a_lane(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        endpoint = await added(uow)
        ids = await append(uow, log, SALES, SALES, SALES)
        (lane,) = await claim(uow)
        kept = await advance(uow, lane, 1, keep=True)
        assert kept == replace(lane, cursor=1)
        assert await read(uow, kept) == ids[1:]
        assert await claim(uow, "other") == ()
        assert await advance(uow, kept, 2) is None
        (again,) = await claim(uow, "other")
        assert again.cursor == 2
        assert await advance(uow, again, 3, keep=True) is None
        assert await claim(uow, "third") == ()
        assert await backlog(uow, endpoint) == 0

    async def test_a_step_tells_whether_the_endpoint_was_failing(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        endpoint = await added(uow)
        await append(uow, log, SALES, SALES)
        for number, failing in enumerate((endpoint, endpoint.failed(at(1))), start=1):
            async with uow.begin() as unit:
                await unit.webhooks.save(failing)
            (lane,) = await claim(uow)
            async with uow.begin() as unit:
                step = await unit.webhook_queue.advance(lane, to=number, now=NOON, keep_for=None)
            assert step.was_failing == (failing is not endpoint)

    async def test_a_changed_or_disabled_endpoints_lane_is_let_go(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        endpoint = await added(uow)
        await append(uow, log, SALES, SALES, SALES)
        (lane,) = await claim(uow)
        async with uow.begin() as unit:
            await unit.webhooks.save(replace(endpoint, updated_at=at(1)))
        assert await advance(uow, lane, 1, keep=True) is None
        (lane,) = await claim(uow)
        assert lane.endpoint.updated_at == at(1)
        async with uow.begin() as unit:
            await unit.webhooks.save(endpoint.disable(DisabledReason.REQUESTED, at(2)))
        assert await advance(uow, lane, 2, keep=True) is None
        assert await claim(uow) == ()
        assert await append(uow, log, SALES)
        assert await backlog(uow, endpoint) == 2
        async with uow.begin() as unit:
            await unit.webhooks.save(endpoint)
        await scan(uow, log)
        (lane,) = await claim(uow)
        assert (lane.cursor, lane.target) == (2, 4)

    async def test_a_lane_waits_after_a_failure_and_keeps_count(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await added(uow)
        await append(uow, log, SALES, SUPPORT)
        lanes = {lane.session_id: lane for lane in await claim(uow)}
        await postpone(uow, lanes[SALES], timedelta(seconds=5), failures=3)
        assert await advance(uow, lanes[SUPPORT], 2) is None
        assert await claim(uow, now=at(4.9)) == ()
        (again,) = await claim(uow, "again", now=at(5))
        assert (again.failures, again.first_failed_at, again.cursor) == (3, NOON, 0)
        assert await advance(uow, again, 1) is None
        await append(uow, log, SALES)
        (clean,) = await claim(uow, "clean")
        assert (clean.failures, clean.first_failed_at) == (0, None)

    async def test_a_clock_that_went_back_stalls_nothing(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await added(uow)
        await append(uow, log, SALES, SUPPORT)
        lanes = {lane.session_id: lane for lane in await claim(uow)}
        await postpone(uow, lanes[SALES], timedelta(seconds=5))
        yesterday = NOON - timedelta(days=1)
        assert {lane.session_id for lane in await claim(uow, "a", yesterday)} == {SALES, SUPPORT}
        # A little is what the clocks of two machines may differ.
        assert await claim(uow, "b", NOON - timedelta(days=1) - CLOCK_SLACK / 2) == ()

    async def test_waking(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        endpoint, other = await added(uow), await added(uow)
        await append(uow, log, SALES, SUPPORT)
        for lane in await claim(uow):
            await postpone(uow, lane, timedelta(hours=1), failures=2)
        async with uow.begin() as unit:
            await unit.webhook_queue.wake(endpoint.id, since=at(1))
        assert await claim(uow, "later") == ()
        async with uow.begin() as unit:
            await unit.webhook_queue.wake(endpoint.id, since=at(0))
        woken = await claim(uow, "w")
        assert [(lane.endpoint.id, lane.failures) for lane in woken] == [(endpoint.id, 2)] * 2
        async with uow.begin() as unit:
            await unit.webhook_queue.wake(other.id, afresh=True)
        afresh = await claim(uow, "a")
        assert [(lane.endpoint.id, lane.failures, lane.first_failed_at) for lane in afresh] == [(other.id, 0, None)] * 2

    async def test_releasing(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        await added(uow)
        await append(uow, log, SALES, SUPPORT)
        first, second = await claim(uow)
        async with uow.begin() as unit:
            await unit.webhook_queue.release([first.token, "unknown"])
        (again,) = await claim(uow, "other")
        assert again.session_id == first.session_id
        with pytest.raises(ClaimLostError):
            await advance(uow, first, 2)
        assert await advance(uow, second, 2) is None

    async def test_limits(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        busy, idle = await added(uow), await added(uow)
        await append(uow, log, *(SessionId(f"s{n}") for n in range(5)))
        lanes = await claim(uow, per_endpoint=3, busy={busy.id: 2})
        assert sorted(lane.endpoint.id for lane in lanes) == [busy.id, idle.id, idle.id, idle.id]
        assert len(await claim(uow, "b", limit=1)) == 1
        assert await claim(uow, "c", per_endpoint=1, busy={busy.id: 4, idle.id: 1}) == ()

    async def test_rewinding(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        old = await append(uow, log, SUPPORT)
        endpoint = await added(uow)
        ids = await append(uow, log, SALES, SALES, SUPPORT)
        for lane in await claim(uow):
            await advance(uow, lane, lane.target)
        await append(uow, log, SALES)
        (stale,) = await claim(uow, "stale")
        assert await backlog(uow, endpoint) == 1
        async with uow.begin() as unit:
            await unit.webhook_queue.rewind(endpoint.id, after=2)
        assert await backlog(uow, endpoint) == 3
        with pytest.raises(ClaimLostError):
            await advance(uow, stale, 5)
        lanes = {lane.session_id: lane for lane in await claim(uow, "again")}
        assert (await read(uow, lanes[SALES]))[0] == ids[1]
        assert await read(uow, lanes[SUPPORT]) == [ids[2]]
        async with uow.begin() as unit:
            await unit.webhook_queue.rewind(endpoint.id, after=0)
        lanes = {lane.session_id: lane for lane in await claim(uow, "more")}
        # Also what came before the endpoint was there.
        assert await read(uow, lanes[SUPPORT]) == [*old, ids[2]]
        async with uow.begin() as unit:
            await unit.webhook_queue.rewind(endpoint.id, after=5)
        assert await backlog(uow, endpoint) == 5

    async def test_what_the_log_must_keep(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        async def needed() -> int | None:
            async with uow.begin() as unit:
                return await unit.webhook_queue.needed_from(buried_since=at(9))

        endpoint = await added(uow)
        assert await needed() is None
        async with uow.begin() as unit:
            await unit.events.append([event(SALES), event(SALES), event(SALES)])
        await log.settle()
        assert await needed() == 1
        await scan(uow, log)
        (lane,) = await claim(uow)
        assert await needed() == 1
        await advance(uow, lane, 2)
        assert await needed() == 3
        (lane,) = await claim(uow)
        await advance(uow, lane, 3)
        assert await needed() is None
        async with uow.begin() as unit:
            await unit.webhook_log.bury(letter(endpoint.id, 1, given_up_at=at(8)))
            await unit.webhook_log.bury(letter(endpoint.id, 2))
        assert await needed() == 2

    async def test_a_deleted_endpoints_lane_is_lost(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        endpoint = await added(uow)
        await append(uow, log, SALES)
        (lane,) = await claim(uow)
        async with uow.begin() as unit:
            await unit.webhooks.delete(endpoint.id)
        assert await read(uow, lane) == []
        with pytest.raises(ClaimLostError):
            await advance(uow, lane, 1)
        assert await claim(uow) == ()

    async def test_many_workers_deal_with_each_event_once_and_in_order(
        self, uow: UnitOfWorkFactory, log: EventLog
    ) -> None:
        endpoints = [await added(uow) for _ in range(3)]
        sessions = [SessionId(f"s{n}") for n in range(4)]
        expected: defaultdict[SessionId | None, list[EventId]] = defaultdict(list)
        seen: defaultdict[tuple[str, SessionId | None], list[EventId]] = defaultdict(list)

        async def write() -> None:
            for n in range(40):
                new = event(sessions[n % 4])
                async with uow.begin() as unit:
                    await unit.events.append([new])
                expected[new.session_id].append(new.id)

        async def work(name: str) -> None:
            while sum(map(len, seen.values())) < 120:
                await scan(uow, log)
                for number, lane in enumerate(await claim(uow, name, limit=3)):
                    held: ClaimedLane | None = lane
                    while held is not None:
                        async with uow.begin() as unit:
                            found = await unit.webhook_queue.read(held, limit=1)
                        seen[lane.endpoint.id, lane.session_id] += [each.id for each in found]
                        to = found[0].sequence if found else held.target
                        held = await advance(uow, held, to, keep=number % 2 == 0)

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            for number in range(4):
                tasks.create_task(work(f"w{number}"))
        assert seen == {(endpoint.id, session): expected[session] for endpoint in endpoints for session in sessions}
