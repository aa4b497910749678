"""What happens is measured and traced: sends, what comes, statuses, leases, webhooks."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.memory.driver import Hang, MemoryWhatsApp, Operation, Refuse
from adapters.memory.tracer import MemorySpan
from application.health.check_health import CheckHealth
from application.messages.send_message import SendMessageCommand
from application.observability import catalogue
from application.observability.read_health import ReadHealth
from application.observability.read_metrics import ReadMetrics
from application.ports.metrics import Measure
from domain.content import Text
from domain.errors import UnprocessableError
from domain.jid import Jid
from domain.message import MessageStatus
from domain.session import SessionStatus
from tests.unit.application.world import ANA, BEN, SESSION, HastyClock, World, running, until

from .parts import Part, SwitchedDatabase


@pytest.fixture
def database() -> SwitchedDatabase:
    return SwitchedDatabase()


@pytest.fixture
async def world(database: SwitchedDatabase) -> AsyncIterator[World]:
    whatsapp = MemoryWhatsApp(HastyClock())
    for phone in (ANA, BEN):
        whatsapp.add_account(phone)
    world = World(HastyClock(), whatsapp, database)
    database.measure(world.metrics)
    async with running(world):
        yield world


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
def read(world: World, part: Part) -> ReadMetrics:
    return ReadMetrics(
        world.metrics, CheckHealth((part,)), world.database, world.clock, world.supervisor.running, world.driver.memory
    )


def shown(world: World, measure: Measure, *labels: str) -> float | None:
    return world.metrics.shown(measure).get(labels)


async def counted(world: World, measure: Measure, *labels: str, to: float = 1) -> None:
    async def reached() -> bool | None:
        return world.metrics.count(measure, *labels) >= to or None

    await until(reached)
    assert world.metrics.count(measure, *labels) == to


async def test_a_send_is_measured_from_its_acceptance_to_whatsapp(world: World) -> None:
    await world.linked()
    await world.text("hello")
    assert world.metrics.count(catalogue.ACCEPTED, "text") == 1
    (took,) = world.metrics.observed(catalogue.SEND, "text")
    assert 0 <= took < 5
    assert len(world.metrics.observed(catalogue.PAGE_SEND, "text", "sent")) == 1
    assert world.metrics.count(catalogue.EVENTS, "message.queued") == 1
    assert world.metrics.count(catalogue.EVENTS, "message.sent") == 1


async def test_a_message_that_is_put_off_is_measured_from_its_time(world: World) -> None:
    await world.linked()
    soon = world.clock.now() + timedelta(seconds=0.3)
    message = await world.send.execute(
        SendMessageCommand(
            session_id=SESSION, to=Jid.from_phone(BEN), content=Text(body="later"), not_before=soon, wait=timedelta(0)
        )
    )
    await world.message(message.id, lambda each: each.status in {MessageStatus.SENT, MessageStatus.DELIVERED})
    (took,) = world.metrics.observed(catalogue.SEND, "text")
    assert took <= (world.clock.now() - soon).total_seconds()


async def test_what_is_refused_is_counted_by_its_reason(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Refuse(UnprocessableError("SEND_REFUSED", "No.")))
    with pytest.raises(UnprocessableError):
        await world.text("hello")
    assert world.metrics.count(catalogue.ENDED, "FAILED", "SEND_REFUSED") == 1
    assert len(world.metrics.observed(catalogue.PAGE_SEND, "text", "refused")) == 1
    assert world.metrics.observed(catalogue.SEND) == []
    (page,) = [span for span in world.tracer.spans if span.name == "page.send"]
    assert page.failure == "SEND_REFUSED"


async def test_what_comes_is_measured_from_whatsapps_time(world: World) -> None:
    await world.linked()
    world.whatsapp.phone_sends(BEN, ANA, "hi")
    await counted(world, catalogue.RECEIVED, "text", "no")
    (took,) = world.metrics.observed(catalogue.INBOUND, "text")
    assert 0 <= took < 5


async def test_statuses_and_restarts_are_counted(world: World) -> None:
    await world.linked()
    assert world.metrics.count(catalogue.STATUS_CHANGES, "WORKING", "CONNECTED") == 1
    assert world.metrics.count(catalogue.LEASES_CLAIMED) == 1
    world.whatsapp.kill_page(SESSION)
    await counted(world, catalogue.RESTARTS, "opened", "BROWSER_CRASHED")
    await world.status(SessionStatus.WORKING)
    await world.stop.execute(SESSION)
    # What was asked for is no restart.
    assert world.metrics.count(catalogue.RESTARTS) == 1


async def test_one_trace_leads_from_the_request_to_the_page(world: World) -> None:
    await world.linked()
    with world.tracer.span("request"):
        await world.text("hello")

    async def ended() -> dict[str, MemorySpan] | None:
        spans = {span.name: span for span in world.tracer.spans}
        return spans if "outbox.dispatch" in spans else None

    spans = await until(ended)
    request, accept, dispatch, page = (
        spans[name] for name in ("request", "messages.accept", "outbox.dispatch", "page.send")
    )
    assert {span.trace_id for span in spans.values()} == {request.trace_id}
    assert accept.parent_id == request.span_id
    assert dispatch.parent_id == accept.span_id
    assert page.parent_id == dispatch.span_id
    assert page.notes["outcome"] == "sent"
    assert dispatch.notes["session_id"] == SESSION


async def test_a_message_that_waited_goes_on_with_its_trace(world: World) -> None:
    """Also where it is another process, or another life of this one, that sends it: the trace is stored with it."""
    await world.linked()
    await world.stop.execute(SESSION)
    await world.start.execute(SESSION)
    with world.tracer.span("request"):
        request = world.tracer.current()
        message = await world.text("hello", wait=0)

    async def dispatched() -> MemorySpan | None:
        return next((span for span in world.tracer.spans if span.name == "outbox.dispatch"), None)

    dispatch = await until(dispatched)
    assert request is not None
    assert dispatch.trace_id == request.split("-")[1]
    assert dispatch.notes["message_id"] == message.id


async def test_a_look_tells_of_sessions_queue_and_browsers(world: World, read: ReadMetrics, part: Part) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    await read.execute()
    assert shown(world, catalogue.SESSIONS, "STOPPED") == 1
    assert shown(world, catalogue.SESSIONS, "WORKING") == 0
    assert shown(world, catalogue.QUEUE_AGE) == 0
    assert shown(world, catalogue.PART_UP, "postgres") == 1
    assert shown(world, catalogue.SURVEY_UP) == 1
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first, second = [await world.text(body, wait=0) for body in ("one", "two")]
    assert first.id != second.id
    await _fresh(read)
    assert shown(world, catalogue.SESSIONS, "WORKING") == 1
    assert shown(world, catalogue.SESSIONS_AILING, "WORKING") == 0
    assert shown(world, catalogue.QUEUE_DEPTH, "waiting") == 1
    assert shown(world, catalogue.QUEUE_DEPTH, "sending") == 1
    assert (shown(world, catalogue.QUEUE_AGE) or 0) > 0
    assert shown(world, catalogue.LEASES_HELD) == 1
    assert shown(world, catalogue.LEASE_EPOCHS) == 2
    assert (shown(world, catalogue.BROWSER_MEMORY) or 0) > 0
    part.problem = "It is away."
    await _fresh(read)
    assert shown(world, catalogue.PART_UP, "postgres") == 0


async def test_figures_of_before_are_not_shown_while_the_database_is_away(
    world: World, read: ReadMetrics, database: SwitchedDatabase
) -> None:
    await world.linked()
    await read.execute()
    assert shown(world, catalogue.SESSIONS, "WORKING") == 1
    database.away = True
    text = await _fresh(read)
    assert "pombo_survey_up 0.0" in text
    assert "pombo_sessions{" not in text
    assert "pombo_queue_depth{" not in text
    database.away = False
    assert 'pombo_sessions{status="WORKING"} 1.0' in await _fresh(read)


async def test_health_tells_each_part_and_each_session(world: World, part: Part, database: SwitchedDatabase) -> None:
    read = ReadHealth(CheckHealth((part,)), world.database, world.clock)
    await world.linked()
    health = await read.execute()
    assert health.ready
    assert health.sessions is not None
    (session,) = health.sessions
    assert (session.session_id, session.status, session.is_ailing) == (SESSION, SessionStatus.WORKING, False)
    assert session.lease is not None
    assert session.lease.owner.node == "node"
    database.away, part.problem = True, "It is away."
    health = await read.execute()
    assert (health.ready, health.sessions) == (False, None)
    assert health.parts[0].problem == "It is away."
    database.away = False


async def _fresh(read: ReadMetrics) -> str:
    """A look that isn't the last one's answer again."""
    read._looked_at = None
    return await read.execute()
