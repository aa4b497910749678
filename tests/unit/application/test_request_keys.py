import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, override

import pytest

from adapters.memory.driver import Die, MemoryWhatsApp, Operation, Refuse
from application.idempotency.once import BUSY, Form, Once
from application.idempotency.request_key import RequestKey
from application.messages.cancel_message import CancelMessage
from application.messages.send_message import SendMessageCommand
from application.messages.send_messages import SendMessages, SendMessagesCommand
from application.ports.idempotency_repository import KeyedRequest
from application.ports.unit_of_work import UnitOfWork
from application.sessions.create_session import CreateSessionCommand
from application.sessions.update_session import UpdateSession, UpdateSessionCommand
from domain.content import Text
from domain.errors import (
    ConflictError,
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    PomboError,
    RateLimitedError,
    UnavailableError,
    UnprocessableError,
)
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.session import SessionStatus

from .outages import UnsteadyDatabase
from .world import ANA, BEN, SESSION, HastyClock, World, running

KEY = RequestKey(scope="key:1", key="order 7")
LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


def hello(body: str = "hello", *, request: RequestKey | None = KEY, wait: float = 5) -> SendMessageCommand:
    return SendMessageCommand(
        session_id=SESSION,
        to=Jid.from_phone(BEN),
        content=Text(body=body),
        wait=timedelta(seconds=wait),
        request=request,
    )


async def test_the_same_send_twice_gives_the_same_message_once(world: World) -> None:
    await world.linked()
    first = await world.send.execute(hello())
    second = await world.send.execute(hello())
    assert (second.id, second.whatsapp_id) == (first.id, first.whatsapp_id)
    assert world.phone_bodies() == ["hello"]
    assert (await world.event_types()).count("message.queued") == 1


async def test_the_same_send_from_two_connections_at_once(world: World) -> None:
    await world.linked()
    messages = await asyncio.gather(*(world.send.execute(hello()) for _ in range(5)))
    assert len({message.id for message in messages}) == 1
    assert all(message.status in LEFT for message in messages)
    assert world.phone_bodies() == ["hello"]
    # The chat that the others had reserved is free again.
    assert (await world.text("after")).status in LEFT


async def test_a_key_with_another_message_is_refused(world: World) -> None:
    await world.linked()
    await world.send.execute(hello())
    with pytest.raises(UnprocessableError) as caught:
        await world.send.execute(hello("something else"))
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert world.phone_bodies() == ["hello"]


async def test_keys_of_two_callers_are_two_keys(world: World) -> None:
    await world.linked()
    for scope in ("key:1", "key:2"):
        await world.send.execute(hello(request=RequestKey(scope=scope, key="1")))
    assert world.phone_bodies() == ["hello", "hello"]


async def test_the_same_send_after_a_restart_of_the_gateway(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    async with running(World(clock, whatsapp)) as first:
        await first.linked()
        whatsapp.script(SESSION, Operation.SEND, Die(after_effect=True))
        accepted = await first.send.execute(hello(wait=0))
    async with running(World(clock, whatsapp, first.database)) as second:
        # Its recipient is unknown to the new gateway, and its session isn't back yet.
        again = await second.send.execute(hello())
        assert again.id == accepted.id
        assert again.status in LEFT
    assert second.phone_bodies() == ["hello"]


async def test_a_send_whose_commit_got_no_answer_is_found_by_its_key(
    clock: HastyClock, whatsapp: MemoryWhatsApp
) -> None:
    database = UnsteadyDatabase()
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        await world.text("so that the recipient is known")
        database.lost_acceptances = 1
        with pytest.raises(UnavailableError):
            await world.send.execute(hello())
        assert (await world.send.execute(hello())).status in LEFT
    assert world.phone_bodies() == ["so that the recipient is known", "hello"]


async def test_a_send_that_was_not_accepted_leaves_its_key_free(world: World) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    with pytest.raises(ConflictError):
        await world.send.execute(hello())
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert (await world.send.execute(hello())).status in LEFT


async def test_a_send_that_was_refused_by_whatsapp_is_refused_again(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Refuse(RateLimitedError("NEW_CHAT_CAP", "Too many.")))
    ids = set()
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            await world.send.execute(hello())
        ids.add(caught.value.metadata["message_id"])
    assert len(ids) == 1
    assert world.phone_bodies() == []


async def test_the_same_bulk_twice(world: World) -> None:
    await world.linked()
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    entries = [
        hello("one", request=None),
        InvalidArgumentError("EMPTY_TEXT", "The text is empty.", field="text.body"),
        SendMessageCommand(session_id="nobody", to=Jid.from_phone(BEN), content=Text(body="two")),
        hello("three", request=None),
    ]
    command = SendMessagesCommand(entries=entries, request=KEY)
    outcomes = [await bulk.execute(command) for _ in range(2)]
    for outcome in outcomes:
        one, bad, unknown, three = outcome
        assert isinstance(one, Message)
        assert isinstance(three, Message)
        assert isinstance(bad, PomboError)
        assert isinstance(unknown, PomboError)
        assert (bad.reason, bad.field, unknown.reason) == ("EMPTY_TEXT", "text.body", "SESSION_NOT_FOUND")
        assert (bad.kind, unknown.kind) == (entries[1].kind, "not_found")  # type: ignore[union-attr]  # the second is an error
        await world.message(three.id, lambda now: now.status in LEFT)
    assert [getattr(each, "id", None) for each in outcomes[0]] == [getattr(each, "id", None) for each in outcomes[1]]
    assert world.phone_bodies() == ["one", "three"]
    with pytest.raises(UnprocessableError):
        await bulk.execute(SendMessagesCommand(entries=entries[:1], request=KEY))


@pytest.mark.parametrize(("count", "reason"), [(0, "INVALID_REQUEST"), (1_001, "TOO_MANY_MESSAGES")])
async def test_bulks_of_no_size(world: World, count: int, reason: str) -> None:
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    with pytest.raises(InvalidArgumentError) as caught:
        await bulk.execute(SendMessagesCommand(entries=[hello(request=None)] * count))
    assert (caught.value.reason, caught.value.field) == (reason, "messages")


async def test_a_bulk_leaves_in_order(world: World) -> None:
    await world.linked()
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    outcomes = await bulk.execute(SendMessagesCommand(entries=[hello(str(n), request=None) for n in range(200)]))
    last = outcomes[-1]
    assert isinstance(last, Message)
    await world.message(last.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == [str(n) for n in range(200)]


async def test_a_session_is_made_once_and_under_one_chosen_id(world: World) -> None:
    command = CreateSessionCommand(name="Sales", request=KEY)
    made = await asyncio.gather(*(world.create.execute(command) for _ in range(3)))
    assert len({session.id for session in made}) == 1
    async with world.database.begin() as uow:
        assert len(await uow.sessions.list()) == 1
    with pytest.raises(UnprocessableError):
        await world.create.execute(CreateSessionCommand(name="Support", request=KEY))


async def test_an_update_is_answered_as_it_was(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    update = UpdateSession(world.database, world.clock, world.supervisor, world.proxies)
    first = await update.execute(UpdateSessionCommand(session_id=SESSION, name="A", request=KEY))
    await update.execute(UpdateSessionCommand(session_id=SESSION, name="B"))
    assert await update.execute(UpdateSessionCommand(session_id=SESSION, name="A", request=KEY)) == first
    assert (await world.session()).name == "B"


async def test_running_and_ending_a_session_by_key(world: World) -> None:
    await world.linked()

    def key(name: str) -> RequestKey:
        return RequestKey(scope="key:1", key=name)

    calls: dict[str, Callable[[RequestKey], Awaitable[object]]] = {
        "restart": lambda request: world.restart.execute(SESSION, request=request),
        "logout": lambda request: world.logout.execute(SESSION, request=request),
        "start": lambda request: world.start.execute(SESSION, request=request),
        "stop": lambda request: world.stop.execute(SESSION, request=request),
        "delete": lambda request: world.delete.execute(SESSION, request=request),
    }
    for name, call in calls.items():
        if name == "logout":
            await world.status(SessionStatus.WORKING)
        first, second = await asyncio.gather(call(key(name)), call(key(name)))
        assert first == second
    # Each had its effect, and is answered now as it was then.
    for name, call in calls.items():
        await call(key(name))
    with pytest.raises(UnprocessableError):
        await calls["stop"](key("start"))


async def test_a_pairing_code_is_asked_for_once(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    codes = await asyncio.gather(*(world.pairing_code.execute(SESSION, phone=ANA, request=KEY) for _ in range(3)))
    assert len({code.code for code in codes}) == 1
    assert (await world.event_types()).count("session.pairing_code") == 1


class Work:
    """What a call does, counted; its result is kept as JSON."""

    def __init__(self) -> None:
        self.done = 0
        self.error: PomboError | None = None

    async def __call__(self) -> int:
        self.done += 1
        if self.error is not None:
            raise self.error
        return self.done

    @property
    def form(self) -> Form[int]:
        async def read(answer: Mapping[str, Any]) -> int:
            return int(answer.get("done", -1))

        return Form(write=lambda done: {"done": done}, read=read)


REQUEST = KeyedRequest(scope="key:1", key="1", fingerprint=b"f" * 32)


async def test_a_call_that_failed_leaves_its_key_free(world: World) -> None:
    once, work = Once(world.database, world.clock), Work()
    work.error = ConflictError("NOT_LINKED", "No.")
    with pytest.raises(ConflictError):
        await once.run(REQUEST, work, work.form, done={"NOT_LINKED"})
    work.error = None
    assert await once.run(REQUEST, work, work.form) == 2
    assert await once.run(REQUEST, work, work.form) == 2
    assert await once.run(None, work, work.form) == 3


async def test_a_call_whose_caller_died_is_taken_over_when_its_time_is_over(world: World) -> None:
    once, work = Once(world.database, world.clock), Work()
    then = world.clock.now() - BUSY
    async with world.database.begin() as uow:
        await uow.idempotency.claim(REQUEST, now=then, busy_until=then + BUSY)
    work.error = ConflictError("NOT_LINKED", "It isn't linked any more.")
    # What was to be done has been done: that is its answer, not an error.
    assert await once.run(REQUEST, work, work.form, done={"NOT_LINKED"}) == -1
    assert await once.run(REQUEST, work, work.form) == -1


async def test_who_was_overtaken_gives_the_answer_of_who_overtook_it(world: World) -> None:
    once, noted = Once(world.database, world.clock), list[int]()
    later = world.clock.now() + 2 * BUSY

    async def overtaken() -> int:
        async with world.database.begin() as uow:
            assert (await uow.idempotency.claim(REQUEST, now=later, busy_until=later + BUSY)).taken_over
            await uow.idempotency.answer(REQUEST, {"done": 7})
        return 1

    async def note(_: UnitOfWork, done: int) -> None:
        noted.append(done)

    assert await once.run(REQUEST, overtaken, Work().form, also=note) == 7
    assert noted == []
    other = replace(REQUEST, key="2")
    assert [await once.run(other, Work(), Work().form, also=note) for _ in range(2)] == [1, 1]
    assert noted == [1]


class Interrupted(Work):
    """Is done, and then doesn't come to its end."""

    def __init__(self, end: BaseException | None) -> None:
        super().__init__()
        self.end = end
        self.begun = asyncio.Event()

    @override
    async def __call__(self) -> int:
        self.done += 1
        self.begun.set()
        if self.end is None:
            await asyncio.Event().wait()
        else:
            raise self.end
        return self.done


@pytest.mark.parametrize(
    "end",
    [
        None,
        DeadlineExceededError("LOGOUT_UNCONFIRMED", "It may have been done."),
        UnavailableError("DATABASE_UNAVAILABLE", "The answer to the commit was lost."),
        InternalError("DATABASE_FAULT", "A fault."),
        ZeroDivisionError(),
    ],
)
async def test_a_call_of_which_nobody_knows_whether_it_was_done_can_be_repeated_at_once(
    world: World, end: BaseException | None
) -> None:
    once, work, again = Once(world.database, world.clock), Interrupted(end), Work()
    call = asyncio.create_task(once.run(REQUEST, work, work.form))
    await work.begun.wait()
    if end is None:
        call.cancel()
    assert isinstance((await asyncio.gather(call, return_exceptions=True))[0], type(end or asyncio.CancelledError()))
    again.error = ConflictError("SESSION_NOT_RUNNING", "Not now.")
    with pytest.raises(ConflictError) as caught:
        await once.run(REQUEST, again, again.form, done={"NOT_LINKED"})
    assert caught.value.reason == "SESSION_NOT_RUNNING"
    # It had been done: that is its answer, not an error.
    again.error = ConflictError("NOT_LINKED", "It isn't linked any more.")
    assert await once.run(REQUEST, again, again.form, done={"NOT_LINKED"}) == -1
    assert (work.done, again.done) == (1, 2)


async def test_who_comes_while_it_is_worked_on_waits_and_is_told_in_the_end(world: World) -> None:
    once, work = Once(world.database, world.clock), Work()
    now = world.clock.now()
    async with world.database.begin() as uow:
        await uow.idempotency.claim(REQUEST, now=now, busy_until=now + BUSY)
    with pytest.raises(ConflictError) as caught:
        await once.run(REQUEST, work, work.form)
    assert (caught.value.reason, work.done) == ("REQUEST_IN_PROGRESS", 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "ü"])
def test_what_cant_be_a_key(key: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        RequestKey.parse(key, scope="key:1", field="request_id")
    assert (caught.value.reason, caught.value.field) == ("INVALID_IDEMPOTENCY_KEY", "request_id")


async def test_canceling_twice_by_key(world: World) -> None:
    await world.linked()
    cancel = CancelMessage(world.database, world.clock, world.ids, world.supervisor, world.waiters)
    command = SendMessageCommand(
        session_id=SESSION,
        to=Jid.from_phone(BEN),
        content=Text(body="tomorrow"),
        not_before=world.clock.now() + timedelta(days=1),
    )
    message = await world.send.execute(command)
    canceled = await asyncio.gather(*(cancel.execute(message.id, request=KEY) for _ in range(3)))
    assert {each.status for each in canceled} == {MessageStatus.CANCELED}
    assert (await world.event_types()).count("message.canceled") == 1
