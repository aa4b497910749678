"""What every event log does. Fixtures: ``uow`` and ``log``, over one empty store."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.ports.event_log import EventBatch, EventLog
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.content import Unsupported
from domain.errors import GoneError
from domain.event import (
    Event,
    GroupUpdated,
    MessageReceived,
    MessageSent,
    NewEvent,
    PairingCodeIssued,
    Payload,
    QrIssued,
    SessionStatusChanged,
    WebhookDisabled,
)
from domain.group_notice import NoticeKind
from domain.ids import EventId, SessionId, WebhookId
from domain.session import Me, SessionStatus, StatusReason
from domain.webhook import DisabledReason
from tests.contracts.samples import ANA, GROUP, NOON, SALES, SUPPORT, at, event, inbound, outbound

PAYLOADS: list[Payload] = [
    SessionStatusChanged(status=SessionStatus.WORKING, reason=StatusReason.CONNECTED, detail=None, me=Me(jid=ANA)),
    QrIssued(expires_at=at(20)),
    PairingCodeIssued(expires_at=at(180)),
    MessageReceived(
        message=inbound(content=Unsupported(kind="new", raw={"nul": "\x00", "half": "\ud83d", "n": 2**70}))
    ),
    MessageSent(message=outbound(push_name="\x00")),
    GroupUpdated(group=GROUP, changed=NoticeKind.SUBJECT, value="nul \x00", by=ANA),
    WebhookDisabled(endpoint_id=WebhookId("whk_1"), reason=DisabledReason.FAILING, failing_since=at(3)),
]


async def append(uow: UnitOfWorkFactory, *events: NewEvent) -> None:
    async with uow.begin() as unit:
        await unit.events.append(events)


async def write(uow: UnitOfWorkFactory, pauses: Sequence[float]) -> list[EventId]:
    """Commits events in units of varied length, takes the longest back, and gives what was committed."""
    written: list[EventId] = []
    for pause in pauses:
        events = [event() for _ in range(1 + int(pause * 1_000) % 3)]
        with suppress(ZeroDivisionError):
            async with uow.begin() as unit:
                await unit.events.append(events[:1])
                await unit.sessions.list()
                await asyncio.sleep(pause)
                await unit.events.append(events[1:])
                if pause > 0.009:
                    raise ZeroDivisionError
            written.extend(each.id for each in events)
    return written


async def follow(log: EventLog, ended: asyncio.Event, *, settles: bool) -> list[Event]:
    """Reads by cursor until the writers have ended and nothing is left."""
    seen: list[Event] = []
    while True:
        last_round = ended.is_set()
        if settles or last_round:
            await log.settle()
        page = await log.read(after=seen[-1].sequence if seen else 0, limit=7)
        seen.extend(page)
        if last_round and not page:
            return seen
        await asyncio.sleep(0.001)


async def read_ids(log: EventLog, after: int = 0, limit: int = 100) -> list[EventId]:
    return [each.id for each in await log.read(after=after, limit=limit)]


async def filled(uow: UnitOfWorkFactory, log: EventLog, *ages: float) -> int:
    """A log of events that are so many days old; gives the sequence before the first."""
    before = await log.settle()
    await append(uow, *(event(time=NOON - timedelta(days=age)) for age in ages))
    await log.settle()
    return before


async def prune(log: EventLog, *, days: float = 30, needed_from: int | None = None, limit: int = 100) -> int:
    return await log.prune(now=NOON, keep=timedelta(days=days), needed_from=needed_from, limit=limit)


class EventLogContract:
    async def test_an_empty_log(self, log: EventLog) -> None:
        assert await log.settle() == 0
        assert await log.head() == 0
        assert await log.read(after=0, limit=10) == ()

    @pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.TYPE)
    async def test_an_event_comes_back_whole(self, uow: UnitOfWorkFactory, log: EventLog, payload: Payload) -> None:
        new = event(payload=payload)
        await append(uow, new)
        head = await log.settle()
        (stored,) = await log.read(after=0, limit=10)
        assert stored == Event(id=new.id, session_id=SALES, time=NOON, sequence=head, payload=payload)

    async def test_events_can_be_read_once_they_are_settled(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        first, second, third = event(), event(), event()
        await append(uow, first, second)
        await append(uow, third)
        head = await log.settle()
        stored = await log.read(after=0, limit=10)
        assert [each.id for each in stored] == [first.id, second.id, third.id]
        assert stored[0].sequence > 0
        assert head == stored[-1].sequence == await log.head() == await log.settle()
        assert await read_ids(log, after=stored[0].sequence) == [second.id, third.id]
        assert await read_ids(log, after=stored[0].sequence, limit=1) == [second.id]
        assert await read_ids(log, after=head) == []
        assert await read_ids(log, after=head + 100) == []

    async def test_several_appends_of_one_unit_keep_their_order(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        events = [event() for _ in range(6)]
        async with uow.begin() as unit:
            await unit.events.append(events[:2])
            await unit.events.append([])
            await unit.events.append(events[2:])
        await log.settle()
        assert await read_ids(log) == [each.id for each in events]

    async def test_events_of_what_was_taken_back_never_appear(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        kept = event()
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is the unit of work that must let it through
            async with uow.begin() as unit:
                await unit.events.append([event()])
                raise ZeroDivisionError
        await append(uow, kept)
        await log.settle()
        assert await read_ids(log) == [kept.id]

    async def test_reading_filters(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        ack, foreign = event(), event(SUPPORT)
        qr = event(payload=QrIssued(expires_at=NOON + timedelta(seconds=20)))
        await append(uow, ack, foreign, qr)
        await log.settle()
        everything = await log.read(after=0, limit=10)

        async def filtered(**criteria: object) -> list[EventId]:
            return [each.id for each in await log.read(after=0, limit=10, **criteria)]  # type: ignore[arg-type] # a test's short cut

        assert await filtered(session_id=SALES) == [ack.id, qr.id]
        assert await filtered(session_id=SUPPORT) == [foreign.id]
        assert await filtered(types=["message.ack"]) == [ack.id, foreign.id]
        assert await filtered(types=["message.ack", "session.qr"], session_id=SALES) == [ack.id, qr.id]
        assert await filtered(types=["message.sent"]) == []
        behind = everything[0].sequence
        assert [each.id for each in await log.read(after=behind, limit=1, session_id=SALES)] == [qr.id]

    async def test_a_cursor_advances_past_what_isnt_wanted(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        assert await log.scan(after=None, limit=5) == EventBatch(events=(), cursor=0, head=0)
        await append(uow, event(), event(SUPPORT), event(), event())
        head = await log.settle()
        assert await log.scan(after=0, limit=5, types=["session.qr"]) == EventBatch(events=(), cursor=head, head=head)
        of_support = await log.scan(after=0, limit=5, session_id=SUPPORT)
        assert ([each.session_id for each in of_support.events], of_support.cursor) == ([SUPPORT], head)
        full = await log.scan(after=0, limit=1, session_id=SALES)
        assert (len(full.events), full.cursor, full.head) == (1, full.events[0].sequence, head)
        assert await log.scan(after=head, limit=5) == EventBatch(events=(), cursor=head, head=head)

    async def test_pruning_takes_the_old_end(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        start = await filled(uow, log, 40, 31, 31, 29, 35, 1)
        assert await log.oldest() == start
        assert await prune(log) == 3
        # One that is old, behind one that isn't, stays: the log has no holes.
        kept = await log.scan(after=None, limit=10)
        assert [each.sequence - start for each in kept.events] == [4, 5, 6]
        assert (await log.oldest(), await log.head()) == (start + 3, start + 6)
        assert (await prune(log), await prune(log, days=29)) == (0, 0)

    async def test_pruning_goes_in_batches_and_stops_at_what_is_needed(
        self, uow: UnitOfWorkFactory, log: EventLog
    ) -> None:
        start = await filled(uow, log, *[40] * 6)
        assert await prune(log, limit=2) == 2
        assert await prune(log, needed_from=start + 4) == 1
        assert await prune(log, needed_from=start + 4) == 0
        assert await prune(log, needed_from=start + 1) == 0
        assert await prune(log) == 3
        # Of a log without events the ends are still known.
        assert await log.oldest() == await log.head() == await log.settle() == start + 6
        assert await log.scan(after=None, limit=5) == EventBatch(events=(), cursor=start + 6, head=start + 6)
        assert await log.scan(after=start + 6, limit=5) == EventBatch(events=(), cursor=start + 6, head=start + 6)

    async def test_a_cursor_from_before_retention_is_refused(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        start = await filled(uow, log, 40, 40, 40, 1)
        await prune(log)
        for cursor in (start, start + 2):
            with pytest.raises(GoneError) as refused:
                await log.scan(after=cursor, limit=5, session_id=SUPPORT)
            assert (refused.value.reason, refused.value.metadata) == (
                "CURSOR_EXPIRED",
                {"oldest_cursor": str(start + 3)},
            )
        assert [each.sequence for each in await log.read(after=start + 3, limit=5)] == [start + 4]

    async def test_pruning_leaves_what_isnt_settled(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        start = await filled(uow, log, 40)
        old = event(time=NOON - timedelta(days=90))
        await append(uow, old)
        assert await prune(log) == 1
        await log.settle()
        assert [each.id for each in (await log.scan(after=start + 1, limit=5)).events] == [old.id]

    async def test_a_late_commit_is_not_skipped(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        early, late = event(), event()
        async with uow.begin() as unit:
            await unit.events.append([late])
            await unit.sessions.list()
            await append(uow, early)
            cursor = await log.settle()
            assert await read_ids(log) == [early.id]
        await log.settle()
        assert await read_ids(log, after=cursor) == [late.id]

    async def test_readers_miss_and_repeat_nothing_among_many_writers(
        self, uow: UnitOfWorkFactory, log: EventLog
    ) -> None:
        chance = random.Random(7)  # noqa: S311 - a schedule, not a secret
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            readers = [tasks.create_task(follow(log, ended, settles=n < 3)) for n in range(4)]
            written = await asyncio.gather(*(write(uow, [chance.random() / 100 for _ in range(10)]) for _ in range(25)))
            ended.set()
        for reader in readers:
            seen = reader.result()
            order = {each.id: each.sequence for each in seen}
            assert list(order.values()) == sorted(set(order.values()))
            assert len(seen) == len(order)
            assert order.keys() == {each for mine in written for each in mine}
            for mine in written:
                assert [order[each] for each in mine] == sorted(order[each] for each in mine)

    async def test_an_event_may_belong_to_no_session(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        mine, nobodys = event(SALES), event(None)
        await append(uow, mine, nobodys)
        await log.settle()
        assert [each.session_id for each in await log.read(after=0, limit=9)] == [SALES, None]
        assert [each.id for each in await log.read(after=0, limit=9, session_id=SALES)] == [mine.id]

    async def test_an_event_is_found_by_its_id(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        first, second = event(), event()
        await append(uow, first, second)
        assert await log.find(first.id) is None
        await log.settle()
        assert [await log.find(each.id) for each in (first, second)] == list(await log.read(after=0, limit=9))
        assert await log.find(event().id) is None

    async def test_a_time_has_a_cursor(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        assert await log.before(at(0)) == 0
        await append(uow, *(replace(event(), time=at(seconds)) for seconds in (1, 3, 2)))
        await log.settle()
        cursors = [await log.before(at(seconds)) for seconds in (0, 1, 1.5, 2, 3, 4)]
        assert cursors == [0, 0, 1, 1, 1, 3]

    async def test_a_scan_of_some_sessions(self, uow: UnitOfWorkFactory, log: EventLog) -> None:
        before = await log.settle()
        await append(uow, *(event(session_id) for session_id in (SALES, SUPPORT, None, SALES)))
        await log.settle()

        async def scanned(*among: SessionId, **where: Any) -> list[int]:
            batch = await log.scan(after=before, limit=9, among=among, **where)
            assert batch.cursor == batch.head
            return [each.sequence - before for each in batch.events]

        assert await scanned(SALES) == [1, 4]
        assert await scanned(SALES, SUPPORT) == [1, 2, 4]
        assert await scanned(SALES, session_id=SUPPORT) == []
        assert await scanned(SALES, session_id=SALES, types=("message.ack",)) == [1, 4]
        assert await scanned() == []
        assert (await log.scan(after=before, limit=1, among=(SALES,))).cursor == before + 1
