"""The judge lets a sound run pass, and names what is wrong with any other."""

from collections.abc import Callable
from typing import Final

import pytest

from tests.load import report
from tests.load.judge import Bounds, judge
from tests.load.memory import slope
from tests.load.plan import SESSIONS
from tests.load.tally import Logged, Read, Sample, Seen, Sent, Tally

PHONE: Final = "15550410001"
OTHER: Final = SESSIONS["s2"]
ASKED: Final = ("send", "send, waits", "message", "status", "events")


def tally(transport: str) -> Tally:
    made = Tally(transport, seconds=10.0)
    for what in ASKED:
        made.took[what] = [1.0, 2.0]
    made.refused["MESSAGE_NOT_FOUND"] = 1
    made.limited["sends"] = 3
    return made


@pytest.fixture
def seen() -> Seen:
    """Two messages to a phone, one to another session; two quiet minutes of memory; two streams."""
    rest, grpc = tally("rest"), tally("grpc")
    rest.sent = [Sent("rest-1", "s1", PHONE, f"rest-1: {each}", f"msg_{each}", 1) for each in (1, 2)]
    grpc.sent = [Sent("grpc-1", "s1", OTHER, "grpc-1: 1", "msg_3", 1)]
    log = [
        Logged(11, "s1", "message.sent"),
        Logged(12, "s1", "message.sent"),
        Logged(14, "s1", "message.sent"),
        Logged(15, "s2", "message.received", "grpc-1: 1"),
        Logged(16, None, "webhook.disabled"),
    ]
    made = Seen(begin=10, tallies=[rest, grpc], log=log)
    made.reads = [Read("all", "", (), [11, 12, 14, 15, 16]), Read("s2", "s2", (), [15])]
    made.posts.taken = {11, 12, 14, 15}
    made.posts.order |= {"s1": [11, 12, 14], "s2": [15]}
    made.statuses = {"msg_1": "DELIVERED", "msg_2": "SENT", "msg_3": "READ"}
    made.phones = {PHONE: ["rest-1: 1", "rest-1: 2"], OTHER: ["grpc-1: 1"]}
    made.memory = [Sample(each, {"gateway": 100.0, "Chromium": 200.0}) for each in range(0, 120, 2)]
    return made


def test_a_sound_run_passes(seen: Seen) -> None:
    verdict = judge(seen)
    assert verdict.broken == []
    assert (verdict.accepted, verdict.arrived, verdict.memory_is_judged) == (3, 3, True)


def _unlog(seen: Seen, sequence: int) -> None:
    seen.log = [event for event in seen.log if event.sequence != sequence]


def _grow(seen: Seen, part: str, per_minute: float) -> None:
    for sample in seen.memory:
        sample.parts[part] += sample.at * per_minute / 60


BREAKS: Final[dict[str, tuple[Callable[[Seen], object], str]]] = {
    "error": (lambda seen: seen.tallies[1].errors.update(["send: 500 INTERNAL"]), "grpc: 1 times send: 500 INTERNAL"),
    "disobeyed": (
        lambda seen: seen.tallies[0].disobeyed.update(["came again when it had been obeyed"]),
        "rest: a refusal for a rate came again",
    ),
    "nobody limited": (lambda seen: seen.tallies[0].limited.clear(), "rest: nobody was limited"),
    "nothing wrong": (lambda seen: seen.tallies[0].refused.clear(), "rest: nothing wrong was asked"),
    "nothing asked": (lambda seen: seen.tallies[1].took.pop("events"), "grpc: nobody had an answer to 'events'"),
    "unanswered": (lambda seen: setattr(seen.tallies[0].sent[1], "message_id", None), "never accepted: 1"),
    "one id twice": (
        lambda seen: setattr(seen.tallies[0].sent[1], "message_id", "msg_1"),
        "one message for several requests: 1",
    ),
    "lost": (lambda seen: seen.phones[PHONE].pop(), "lost: 1 (rest-1: 2)"),
    "twice": (lambda seen: seen.phones[PHONE].append("rest-1: 2"), "on a phone more than once: 1"),
    "stray": (lambda seen: seen.phones[OTHER].append("rest-1: 2"), "on a phone, and not sent there: 1"),
    "untrue": (
        lambda seen: seen.statuses.update(msg_2="QUEUED"),
        "not sent, as the gateway says: 1 (rest-1: 2 is QUEUED)",
    ),
    "unknown": (lambda seen: seen.statuses.pop("msg_2"), "not sent, as the gateway says: 1 (rest-1: 2 is not there)"),
    "out of order": (lambda seen: seen.phones[PHONE].reverse(), "out of order on the phone: 1 (rest-1)"),
    "came in silence": (lambda seen: _unlog(seen, 15), "came in without an event: 1 (grpc-1: 1)"),
    "came in twice": (
        lambda seen: seen.log.append(Logged(17, "s2", "message.received", "grpc-1: 1")),
        "came in with several events: 1",
    ),
    "gap": (lambda seen: seen.reads[0].sequences.remove(14), "stream all: missed: 1 (14)"),
    "doubled": (lambda seen: seen.reads[1].sequences.append(15), "stream s2: had twice: 1"),
    "another's": (lambda seen: seen.reads[1].sequences.insert(0, 14), "stream s2: had what isn't its: 1 (14)"),
    "disorder": (lambda seen: seen.reads[0].sequences.reverse(), "stream all: out of order"),
    "broke": (lambda seen: seen.reads[0].broken.append("closed with 1011"), "stream all: broke: 1 (closed with 1011)"),
    "not posted": (lambda seen: seen.posts.taken.remove(15), "webhook: never posted: 1 (15)"),
    "posted from nowhere": (lambda seen: seen.posts.taken.add(99), "webhook: posted, and not in the log: 1 (99)"),
    "posted in disorder": (lambda seen: seen.posts.order["s1"].reverse(), "webhook: out of order in session: 1 (s1)"),
    "bad signature": (lambda seen: setattr(seen.posts, "bad_signatures", 2), "webhook: 2 bad signatures"),
    "gateway grows": (lambda seen: _grow(seen, "gateway", Bounds().gateway + 1), "memory: gateway grows by"),
    "tree grows": (lambda seen: _grow(seen, "Chromium", Bounds().tree + 1), "memory: all grows by"),
    "nobody looked": (lambda seen: seen.memory.clear(), "memory: nobody looked"),
    "unfinished": (lambda seen: seen.unfinished.append("messages are QUEUED"), "unfinished: messages are QUEUED"),
    "log": (lambda seen: seen.log_lines.append("task_failed (1 times)"), "the gateway's log: task_failed"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_must_not_be_is_named(seen: Seen, name: str) -> None:
    spoil, line = BREAKS[name]
    spoil(seen)
    verdict = judge(seen)
    assert not verdict.is_good
    assert [broken for broken in verdict.broken if broken.startswith(line)] != [], verdict.broken
    assert any(each.startswith("BROKEN") for each in report.lines(seen, verdict))


def test_memory_that_fills_while_the_run_warms_up_is_no_growth(seen: Seen) -> None:
    for sample in seen.memory[:15]:
        sample.parts["gateway"] -= 60 - 2 * sample.at
    assert judge(seen).broken == []


def test_memory_of_a_short_run_is_told_and_not_judged(seen: Seen) -> None:
    _grow(seen, "gateway", 100.0)
    seen.memory = [sample for sample in seen.memory if sample.at <= 15]
    verdict = judge(seen)
    assert (verdict.broken, verdict.memory_is_judged) == ([], False)
    assert verdict.growth["gateway"].slope == pytest.approx(100.0)


def test_a_slope_is_not_moved_by_outliers() -> None:
    values = [(float(each), 100.0 + each / 6) for each in range(60)]
    values[7], values[40] = (7.0, 500.0), (40.0, 0.0)
    assert slope(values) == pytest.approx(10.0, rel=0.02)
    assert slope(values[:1]) == 0.0


def test_a_tally_goes_from_process_to_process_whole() -> None:
    made = tally("rest")
    made.sent = [Sent("rest-1", "s1", PHONE, "rest-1: 1", "msg_1", 1)]
    made.errors["send: TimeoutError"] += 2
    assert Tally.from_json(made.as_json()) == made


def test_the_figures_are_told(seen: Seen) -> None:
    told = "\n".join(report.lines(seen, judge(seen)))
    for figure in ("p99", "limited: sends 3", "3 accepted, 3 on phones", "backlog", "slope", "MESSAGE_NOT_FOUND 1"):
        assert figure in told
    assert "BROKEN" not in told
