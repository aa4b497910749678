"""What clients do about answers, and what they write down."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import random
import time
from collections.abc import Iterator
from typing import override

import pytest

from tests.load import clients as module
from tests.load.calls import STATUSES, Answer, Caller, Wrong
from tests.load.clients import Client
from tests.load.plan import SESSIONS, WAYS, ClientPlan, clients, streams
from tests.load.tally import Tally

PLAN = ClientPlan(name="rest-1", session="s1", recipient="15550410001", greedy=False)
LIMITED = Answer(status="429", reason="RATE_LIMITED", retry_after=0.001, policy="calls")
GOOD = Answer(status="200")


class Scripted(Caller):
    """Answers as it is told to, one after the other; to sends always with a message of their key's."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self.sends: list[str] = []

    @override
    async def close(self) -> None: ...

    @override
    async def send(self, session: str, to: str, body: str, key: str, *, waits: bool) -> Answer:
        self.sends.append(key)
        return next(self._answers)

    @override
    async def message(self, message_id: str) -> Answer:
        return next(self._answers)

    @override
    async def status(self, session: str) -> Answer:
        return next(self._answers)

    @override
    async def events(self, after: int, page_size: int) -> Answer:
        return next(self._answers)

    @override
    async def endpoints(self) -> Answer:
        return next(self._answers)

    @override
    async def with_another_key(self) -> Answer:
        return next(self._answers)


def client(*answers: Answer, seed: int = 1) -> Client:
    return Client(PLAN, Scripted(*answers), Tally("rest"), 0, 0.0, random.Random(seed))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.0)


async def test_a_refusal_for_a_rate_is_waited_out_and_no_error() -> None:
    one = client(LIMITED, GOOD)
    await one._do("status")
    assert (one.tally.limited["calls"], one.tally.errors, one.tally.disobeyed) == (1, {}, {})
    assert len(one.tally.took["status"]) == 1


@pytest.mark.parametrize(
    ("answers", "disobeyed"),
    [
        ((LIMITED, LIMITED, GOOD), "came again when it had been obeyed"),
        ((Answer(status="429", reason="RATE_LIMITED", retry_after=0.0), GOOD), "said nothing of when to come back"),
        ((Answer(status="503", reason="RATE_LIMITED", retry_after=0.001), GOOD), "with status 503"),
    ],
)
async def test_a_refusal_for_a_rate_that_misleads_is_written_down(answers: tuple[Answer, ...], disobeyed: str) -> None:
    one = client(*answers)
    await one._do("status")
    assert one.tally.disobeyed == {disobeyed: 1}


@pytest.mark.parametrize("said", ["500 INTERNAL", "TimeoutError", "429 TOO_MANY_STREAMS", "404 SESSION_NOT_FOUND"])
async def test_any_other_refusal_is_an_error(said: str) -> None:
    status, _, reason = said.partition(" ")
    one = client(Answer(status=status, reason=reason))
    await one._do("status")
    assert one.tally.errors == {f"status: {said}": 1}


async def test_a_send_keeps_its_key_until_it_is_answered() -> None:
    one = client(Answer(status="TimeoutError"), LIMITED, Answer(status="202", message_id="msg_1"), seed=3)
    await one._send()
    (sent,) = one.tally.sent
    assert isinstance(one.caller, Scripted)
    assert (sent.message_id, sent.tries, len(set(one.caller.sends)), len(one.caller.sends)) == ("msg_1", 2, 1, 3)
    assert sum(one.tally.errors.values()) == 1


async def test_a_send_that_is_never_answered_is_given_up_and_known() -> None:
    one = client(*[Answer(status="500", reason="INTERNAL")] * 5)
    await one._send()
    assert (one.tally.sent[0].message_id, one.tally.sent[0].tries) == (None, 5)


@pytest.mark.parametrize(("again", "errors"), [("msg_1", 0), ("msg_2", 1)])
async def test_a_repeated_send_gets_the_same_message(again: str, errors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPEATS", 1.0)
    one = client(Answer(status="202", message_id="msg_1"), Answer(status="202", message_id=again))
    await one._send()
    assert (one.tally.repeats, sum(one.tally.errors.values())) == (1, errors)


@pytest.mark.parametrize("wrong", Wrong)
async def test_a_wrong_request_has_to_be_refused_for_what_is_wrong(wrong: Wrong) -> None:
    sent = Answer(status="202", message_id="msg_1")
    right = Answer(status=STATUSES[wrong][0], reason=wrong.value)
    one = client(sent, right, GOOD, Answer(status="500", reason=wrong.value), seed=3)
    await one._send()
    for _ in range(3):
        await one._do_wrong(wrong)
    assert (one.tally.refused, sum(one.tally.errors.values())) == ({wrong.value: 1}, 2)


async def test_a_greedy_client_sends_without_a_pause() -> None:
    greedy = ClientPlan(name="rest-2", session="s1", recipient="15550410002", greedy=True)
    one = Client(
        greedy,
        Scripted(*[Answer(status="400", reason="INVALID_PHONE")] * 1_000_000),
        Tally("rest"),
        0,
        60.0,
        random.Random(1),
    )
    await one.run(time.monotonic() + 0.05)
    assert one.tally.refused["INVALID_PHONE"] > 10


def test_clients_have_a_chat_each_and_some_write_to_the_other_session() -> None:
    planned = clients("rest", 50)
    chats = {(plan.session, plan.recipient) for plan in planned if plan.recipient not in SESSIONS.values()}
    to_sessions = [plan for plan in planned if plan.recipient in SESSIONS.values()]
    assert len(chats) + len(to_sessions) == len(planned)
    assert {plan.session for plan in to_sessions} == set(SESSIONS)
    assert all(plan.recipient != SESSIONS[plan.session] for plan in planned)
    assert [plan.greedy for plan in planned].count(True) == 1


def test_streams_are_of_all_ways_whole_and_in_part() -> None:
    planned = streams(20)
    assert {plan.way for plan in planned} == set(WAYS)
    assert len({plan.name for plan in planned}) == len(planned)
    assert {bool(plan.session) for plan in planned} == {bool(plan.types) for plan in planned} == {True, False}
