"""Events reach their webhooks: in order, at least once, in time."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from application.representation.events import event_to_dict
from application.webhooks.manage_webhooks import UpdateWebhookCommand
from application.workers.webhook_dispatcher import WebhookLimits
from domain.event import WebhookDisabled
from domain.ids import SessionId
from domain.webhook import DeliveryOutcome, DisabledReason, RetrySchedule
from tests.contracts.samples import SALES, SUPPORT
from tests.unit.application.webhook_world import OTHER, URL, WebhookWorld, running
from tests.unit.application.world import until

WAITS = RetrySchedule().waits


@pytest.fixture
async def world() -> AsyncIterator[WebhookWorld]:
    async with running(WebhookWorld()) as opened:
        yield opened


async def test_each_event_comes_once_in_order_with_its_envelope(world: WebhookWorld) -> None:
    before = await world.happen(SALES)
    await world.feed.wait_beyond(0)
    endpoint = await world.endpoint()
    other = await world.endpoint(OTHER, session_ids=(SUPPORT,))
    ids = await world.happen(SALES, SUPPORT, SALES, None, SUPPORT)
    await world.tried(7)
    assert world.received() == [ids[0], ids[2]]
    assert world.received(session_id=SUPPORT) == [ids[1], ids[4]]
    assert world.received(session_id=None) == [ids[3]]
    assert world.received(OTHER, SUPPORT) == [ids[1], ids[4]]
    bodies = {each.event_id: json.loads(each.body) for each in world.receivers.received}
    stored = await world.database.read(after=0, limit=99)
    assert bodies == {event.id: event_to_dict(event) for event in stored if event.id not in before}
    assert {delivery.outcome for delivery in await world.log(endpoint)} == {DeliveryOutcome.DELIVERED}
    report = await world.report(other)
    assert (report.backlog, report.dead_letters) == (0, 0)
    assert report.last_success_at == world.clock.now()


async def test_failures_are_tried_again_on_schedule_and_hold_their_session_only(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 500
    ids = await world.happen(SALES)
    await world.tried(1)
    await world.happen(SALES)
    began, waits = world.clock.now(), [*WAITS, WAITS[-1], WAITS[-1]]
    for number, wait in enumerate(waits, start=2):
        await world.clock.move(wait - timedelta(milliseconds=1))
        await world.settle()
        assert len(world.receivers.tried) == number - 1
        await world.clock.move(timedelta(milliseconds=1))
        await world.tried(number)
    assert {each.event_id for each in world.receivers.tried} == set(ids)
    assert len({each.body for each in world.receivers.tried}) == 1
    assert [delivery.attempt for delivery in await world.log(endpoint)] == list(range(1, 10))
    report = await world.report(endpoint)
    assert (report.backlog, report.endpoint.failing_since) == (2, began)


async def test_when_it_answers_again_all_that_waits_is_due_at_once(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 503
    first = await world.happen(SALES, SUPPORT)
    await world.tried(2)
    await world.clock.move(WAITS[0])
    await world.tried(4)
    world.receivers.standing.clear()
    third = SessionId("third")
    later = await world.happen(third)
    await world.tried(7)
    assert world.received(session_id=third) == later
    assert [*world.received(), *world.received(session_id=SUPPORT)] == first
    report = await world.reach(endpoint, lambda report: report.endpoint.failing_since is None)
    assert report.backlog == 0


async def test_an_event_that_alone_is_refused_keeps_to_its_schedule(world: WebhookWorld) -> None:
    await world.endpoint()
    world.receivers.scripts[URL].extend([500])
    bad = await world.happen(SALES)
    await world.tried(1)
    world.receivers.scripts[URL].extend([204, 500])
    await world.clock.move(timedelta(seconds=1))
    await world.happen(SUPPORT)
    # Woken once: it might have been the endpoint's fault.
    await world.tried(3)
    assert [each.event_id for each in world.receivers.tried].count(bad[0]) == 2
    for _ in range(5):
        await world.happen(SUPPORT)
    await world.tried(8)
    await world.settle()
    assert [each.event_id for each in world.receivers.tried].count(bad[0]) == 2


async def test_an_event_that_is_given_up_is_a_dead_letter_and_its_lane_goes_on(world: WebhookWorld) -> None:
    endpoint = await world.endpoint(give_up_after=timedelta(minutes=1))
    world.receivers.scripts[URL].extend([500, 204, 500])
    bad = await world.happen(SALES)
    await world.tried(1)
    await world.clock.move(timedelta(seconds=1))
    await world.happen(SUPPORT)
    await world.tried(3)
    good = await world.happen(SALES)
    world.receivers.scripts[URL].extend([422])
    await world.clock.move(WAITS[1])
    await world.tried(5)
    assert world.received() == good
    (letter,) = await world.letters(endpoint)
    assert (letter.event_id, letter.attempts, letter.status) == (bad[0], 3, 422)
    assert (letter.session_id, letter.outcome) == (SALES, DeliveryOutcome.REFUSED)
    report = await world.report(endpoint)
    assert (report.dead_letters, report.endpoint.enabled) == (1, True)


async def test_nothing_but_failures_disables_it_and_says_so(world: WebhookWorld) -> None:
    endpoint = await world.endpoint(give_up_after=timedelta(minutes=1))
    watcher = await world.endpoint(OTHER, types=(WebhookDisabled.TYPE,))
    world.receivers.standing[URL] = 500
    began = world.clock.now()
    await world.happen(SALES, SALES, SUPPORT)
    await world.tried(2)
    await world.clock.move(WAITS[1])
    await world.tried(3)
    report = await world.reach(endpoint, lambda report: not report.endpoint.enabled)
    assert report.endpoint.disabled_reason is DisabledReason.FAILING

    async def told() -> bool | None:
        return True if world.received(OTHER, None) else None

    await until(told)
    body = json.loads(world.receivers.received[-1].body)
    assert body["payload"] == {
        "webhook_id": endpoint.id,
        "reason": "FAILING",
        "failing_since": began.isoformat().replace("+00:00", "Z"),
    }
    assert body["session_id"] is None
    assert (await world.report(watcher)).endpoint.enabled
    tried = len(world.receivers.tried)
    await world.clock.move(timedelta(days=1))
    await world.settle()
    assert len(world.receivers.tried) == tried
    # What waits is kept, and goes on from there.
    world.receivers.standing.clear()
    await world.update.execute(UpdateWebhookCommand(webhook_id=endpoint.id, enabled=True))
    report = await world.reach(endpoint, lambda report: report.backlog == 0)
    assert len(world.received()) + len(world.received(session_id=SUPPORT)) + report.dead_letters >= 3


async def test_410_disables_it_at_once_and_keeps_the_event(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 410
    ids = await world.happen(SALES)
    report = await world.reach(endpoint, lambda report: not report.endpoint.enabled)
    assert (report.endpoint.disabled_reason, report.dead_letters) == (DisabledReason.GONE, 0)
    assert report.backlog == 2  # the event, and that of its being disabled
    world.receivers.standing.clear()
    await world.update.execute(UpdateWebhookCommand(webhook_id=endpoint.id, enabled=True))
    await world.reach(endpoint, lambda report: report.backlog == 0)
    assert world.received() == ids


async def test_one_that_hangs_holds_up_no_other(world: WebhookWorld) -> None:
    await world.endpoint()
    await world.endpoint(OTHER)
    world.receivers.hanging[URL] = asyncio.Event()
    sessions = [SessionId(f"s{n}") for n in range(40)]
    await world.happen(*sessions)
    await world.tried(40)
    tried = [each.url for each in world.receivers.tried]
    assert (tried.count(OTHER), tried.count(URL)) == (40, WebhookLimits().lanes_per_endpoint)
    world.receivers.hanging.pop(URL).set()
    await world.tried(80)


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-1), timedelta(days=400)])
async def test_a_clock_that_jumps_neither_stalls_nor_spins_nor_gives_up(jump: timedelta) -> None:
    async with running(
        WebhookWorld(WebhookLimits(poll=timedelta(milliseconds=5), log_kept=timedelta(days=999)))
    ) as world:
        await _jump(world, jump)


async def _jump(world: WebhookWorld, jump: timedelta) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 500
    await world.happen(SALES)
    await world.tried(1)
    await world.clock.move(WAITS[0])
    await world.tried(2)
    await world.clock.move(jump)
    await world.tried(3)
    await world.settle()
    assert len(world.receivers.tried) == 3
    report = await world.report(endpoint)
    assert (report.endpoint.enabled, report.dead_letters, report.backlog) == (True, 0, 1)
    # From here on the schedule goes on from where it was.
    await world.clock.move(WAITS[2])
    await world.tried(4)
    failing = (await world.report(endpoint)).endpoint.failing_since
    assert failing is not None
    assert failing <= world.clock.now()


async def test_what_was_on_its_way_at_a_stop_comes_again_with_the_same_id_and_body() -> None:
    world = WebhookWorld()
    async with running(world):
        await world.endpoint()
        world.receivers.hanging[URL] = asyncio.Event()
        ids = await world.happen(SALES, SALES)

        async def tried() -> bool | None:
            return True if world.receivers.tried else None

        await until(tried)
    world.receivers.hanging.clear()
    # The claim was given back: no lease has to run out.
    async with running(world):
        await world.tried(2)
    assert world.received() == ids
    assert [each.event_id for each in world.receivers.tried] == [ids[0], *ids]
    assert world.receivers.tried[0].body == world.receivers.tried[1].body


async def test_changing_it_makes_what_waits_due_at_once(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 500
    ids = await world.happen(SALES)
    await world.tried(1)
    await world.update.execute(UpdateWebhookCommand(webhook_id=endpoint.id, url=OTHER))
    await world.tried(2)
    assert world.received(OTHER) == ids
    assert (await world.log(endpoint))[-1].attempt == 1


async def test_a_deleted_one_gets_no_more(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    hanging = world.receivers.hanging[URL] = asyncio.Event()
    await world.happen(SALES, SALES)

    async def tried() -> bool | None:
        return True if world.receivers.tried else None

    await until(tried)
    await world.delete.execute(endpoint.id)
    world.receivers.hanging.clear()
    hanging.set()
    await world.settle()
    assert len(world.receivers.tried) == 1


async def test_old_tries_are_forgotten() -> None:
    world = WebhookWorld(WebhookLimits(poll=timedelta(milliseconds=5), log_kept=timedelta(hours=1)))
    async with running(world):
        endpoint = await world.endpoint()
        await world.happen(SALES)
        await world.tried(1)
        await world.clock.move(timedelta(hours=2))

        async def forgotten() -> bool | None:
            return None if await world.log(endpoint) else True

        await until(forgotten)
