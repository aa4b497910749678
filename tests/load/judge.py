"""What of a run must not be."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.load.memory import GATEWAY, slope
from tests.load.plan import POSTED, SESSIONS, StreamPlan
from tests.load.tally import Logged, Read, Sample, Seen, Sent, Tally

_DONE: Final = frozenset({"SENT", "DELIVERED", "READ", "PLAYED"})
_ASKED: Final = ("send", "send, waits", "message", "status", "events")
_SHOWN: Final = 3
"""How many of many alike are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What memory may grow by, in MiB a minute, once the run is warm.

    Attributes:
        warm: the share of the run that isn't looked at, since caches fill then.
        seconds: how long the rest must be for a slope to mean anything; in a shorter run it isn't judged.
    """

    gateway: float = 10.0
    tree: float = 60.0
    warm: float = 1 / 3
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory in MiB: after the warm-up, at the end, and what it grows by in a minute."""

    start: float
    end: float
    slope: float


@dataclass(slots=True)
class Verdict:
    """What was found.

    Attributes:
        broken: a line for each thing that must not be; empty when all is well.
        growth: by part of the gateway's process tree, and of all of it.
        memory_is_judged: whether the run was long enough.
    """

    broken: list[str] = field(default_factory=list)
    growth: dict[str, Growth] = field(default_factory=dict)
    memory_is_judged: bool = False
    accepted: int = 0
    arrived: int = 0

    @property
    def is_good(self) -> bool:
        return not self.broken


TREE: Final = "all"


def judge(seen: Seen, bounds: Bounds | None = None) -> Verdict:
    """Compares what clients, streams, the receiver and the phones saw with the gateway's log, and with each other."""
    bounds, verdict = bounds or Bounds(), Verdict()
    for tally in seen.tallies:
        verdict.broken += _calls(tally)
    verdict.broken += _messages(seen, verdict)
    for read in seen.reads:
        verdict.broken += _stream(read, seen.log)
    verdict.broken += _posts(seen)
    verdict.broken += _memory(seen.memory, bounds, verdict)
    verdict.broken += [f"unfinished: {each}" for each in seen.unfinished]
    verdict.broken += [f"the gateway's log: {each}" for each in seen.log_lines]
    return verdict


def _calls(tally: Tally) -> Iterator[str]:
    name = tally.transport
    yield from (f"{name}: {number} times {what}" for what, number in tally.errors.items())
    yield from (f"{name}: a refusal for a rate {what}, {number} times" for what, number in tally.disobeyed.items())
    if not tally.limited:
        yield f"{name}: nobody was limited, and the greedy one has to be"
    if not tally.refused:
        yield f"{name}: nothing wrong was asked"
    missing = [what for what in _ASKED if not tally.took.get(what)]
    yield from (f"{name}: nobody had an answer to '{what}'" for what in missing)


def _messages(seen: Seen, verdict: Verdict) -> Iterator[str]:
    """Each message that was accepted is on the recipient's phone once, and nothing else is."""
    sent = [each for tally in seen.tallies for each in tally.sent]
    accepted = [each for each in sent if each.message_id is not None]
    verdict.accepted = len(accepted)
    verdict.arrived = sum(map(len, seen.phones.values()))
    yield from _some("never accepted", [each.body for each in sent if each.message_id is None])
    ids = Counter(each.message_id for each in accepted)
    yield from _some("one message for several requests", [str(id_) for id_, number in ids.items() if number > 1])
    held = {number: Counter(bodies) for number, bodies in seen.phones.items()}
    counts = {each.body: held.get(each.recipient, Counter())[each.body] for each in accepted}
    yield from _some("lost", [body for body, number in counts.items() if number == 0])
    yield from _some("on a phone more than once", [body for body, number in counts.items() if number > 1])
    asked = {(each.recipient, each.body) for each in sent}
    strays = [body for number, bodies in held.items() for body in bodies if (number, body) not in asked]
    yield from _some("on a phone, and not sent there", strays)
    untrue = [
        f"{each.body} is {seen.statuses.get(each.message_id or '', 'not there')}"
        for each in accepted
        if seen.statuses.get(each.message_id or "") not in _DONE
    ]
    yield from _some("not sent, as the gateway says", untrue)
    yield from _some("out of order on the phone", _disordered(accepted, seen.phones))
    yield from _received(accepted, seen.log)


def _disordered(accepted: Sequence[Sent], phones: dict[str, list[str]]) -> list[str]:
    """Clients whose messages a phone has in another order than that in which they were accepted."""
    orders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in accepted:
        orders[each.client, each.recipient].append(each.body)
    found = []
    for (client, recipient), bodies in orders.items():
        wanted = set(bodies)
        held = list(dict.fromkeys(body for body in phones.get(recipient, []) if body in wanted))
        if held != [body for body in bodies if body in set(held)]:
            found.append(client)
    return found


def _received(accepted: Sequence[Sent], log: Sequence[Logged]) -> Iterator[str]:
    """What one session sent to another came in there once, as the log says."""
    session_of = {number: session for session, number in SESSIONS.items()}
    came = Counter((event.session, event.body) for event in log if event.type == "message.received")
    due = {(session_of[each.recipient], each.body) for each in accepted if each.recipient in session_of}
    yield from _some("came in without an event", [body for key in due if not came[key] for body in key[1:]])
    yield from _some("came in with several events", [str(key[1]) for key, number in came.items() if number > 1])


def _stream(read: Read, log: Sequence[Logged]) -> Iterator[str]:
    plan = StreamPlan(name=read.name, way="", session=read.session, types=read.types)
    due = [event.sequence for event in log if plan.wants(event.session, event.type)]
    had, name = set(read.sequences), f"stream {read.name}"
    yield from _some(f"{name}: missed", [str(each) for each in due if each not in had])
    yield from _some(f"{name}: had what isn't its", [str(each) for each in sorted(had - set(due))])
    repeated = [str(each) for each, number in Counter(read.sequences).items() if number > 1]
    yield from _some(f"{name}: had twice", repeated)
    if sorted(read.sequences) != read.sequences:
        yield f"{name}: out of order"
    yield from _some(f"{name}: broke", read.broken)


def _posts(seen: Seen) -> Iterator[str]:
    """Each event that the webhook wants was posted, those of a session in order; it began with the streams."""
    posts = seen.posts
    due = {event.sequence for event in seen.log if event.type in POSTED}
    yield from _some("webhook: never posted", [str(each) for each in sorted(due - posts.taken)])
    yield from _some("webhook: posted, and not in the log", [str(each) for each in sorted(posts.taken - due)])
    unordered = [str(session) for session, order in posts.order.items() if sorted(order) != order]
    yield from _some("webhook: out of order in session", unordered)
    if posts.bad_signatures:
        yield f"webhook: {posts.bad_signatures} bad signatures"


def _memory(samples: Sequence[Sample], bounds: Bounds, verdict: Verdict) -> Iterator[str]:
    if not samples:
        yield "memory: nobody looked"
        return
    warm = [sample for sample in samples if sample.at >= samples[-1].at * bounds.warm]
    names = sorted({part for sample in warm for part in sample.parts})
    for name in (*names, TREE):
        values = [(each.at, each.total if name == TREE else each.parts.get(name, 0.0)) for each in warm]
        verdict.growth[name] = Growth(values[0][1], values[-1][1], slope(values))
    verdict.memory_is_judged = warm[-1].at - warm[0].at >= bounds.seconds
    if verdict.memory_is_judged:
        for name, most in ((GATEWAY, bounds.gateway), (TREE, bounds.tree)):
            if (grown := verdict.growth[name].slope) > most:
                yield f"memory: {name} grows by {grown:.1f} MiB a minute, more than {most:.0f}"


def _some(what: str, found: Sequence[str]) -> Iterator[str]:
    """One line for many alike."""
    if found:
        more = ", …" if len(found) > _SHOWN else ""
        yield f"{what}: {len(found)} ({', '.join(found[:_SHOWN])}{more})"
