"""What clients, streams, the receiver and the phones have seen: what a run is judged by."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(slots=True)
class Sent:
    """A message that a client asked for, under one key until it had an answer.

    Attributes:
        message_id: what the gateway calls it; None when it was never accepted.
    """

    client: str
    session: str
    recipient: str
    body: str
    message_id: str | None = None
    tries: int = 0


@dataclass(slots=True)
class Tally:
    """What the clients of one transport have seen.

    Attributes:
        seconds: how long they called.
        took: how long each answered call took, in milliseconds, by what was asked. Refusals for a rate aren't in it.
        refused: wrong requests that were refused as they must be, by reason.
        errors: whatever else came that isn't what was asked for, by what was asked and what was said.
        limited: refusals for a rate, by policy.
        disobeyed: refusals for a rate that said nothing of when to come back, or came again when that was obeyed.
        lag: how late this program itself was, in milliseconds: above that its figures are its own.
    """

    transport: str
    seconds: float = 0.0
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    disobeyed: Counter[str] = field(default_factory=Counter)
    sent: list[Sent] = field(default_factory=list)
    repeats: int = 0
    lag: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        # asdict makes another counter of a counter's pairs.
        content = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**content, "sent": [asdict(each) for each in self.sent]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        counters = {name: Counter(content[name]) for name in ("refused", "errors", "limited", "disobeyed")}
        took = defaultdict(list, content["took"])
        return cls(**{**content, **counters, "took": took, "sent": [Sent(**each) for each in content["sent"]]})


@dataclass(slots=True)
class Read:
    """What an event stream brought, in its order.

    Attributes:
        sequences: of the events.
        delays: from an event's time until it was here, in milliseconds, of some.
        lags: how often it was told that it is far behind.
        broken: how it ended before its time, and was opened again, each time.
    """

    name: str
    session: str
    types: tuple[str, ...]
    sequences: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    lags: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Posts:
    """What the webhook's receiver got.

    Attributes:
        order: the sequences of each session's events (None: of no session's) at their first post, as they came.
        repeats: posts of events that had been posted before.
        at_end: how many had been taken when the clients stopped.
        backlog: how many events waited for it, as the gateway said now and then; the last is that of the very end.
    """

    order: defaultdict[str | None, list[int]] = field(default_factory=lambda: defaultdict(list))
    taken: set[int] = field(default_factory=set)
    repeats: int = 0
    bad_signatures: int = 0
    at_end: int = 0
    backlog: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at a time, in MiB, as proportional set sizes: shared pages are divided among those who share them.

    Attributes:
        at: seconds since the clients began.
        parts: by part of the process tree.
    """

    at: float
    parts: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log, as far as it counts here; of a text that came it has what it says."""

    sequence: int
    session: str | None
    type: str
    body: str = ""


@dataclass(slots=True)
class Seen:
    """Everything.

    Attributes:
        begin: the log's end before the clients began.
        processor: the seconds of it that each part of the gateway's process tree had while clients called.
        log: all events since then.
        statuses: of the messages that were accepted, by their id, at the end.
        phones: bodies that each phone holds from others, in order, by its number.
        unfinished: what hadn't come right when the wait was over.
        log_lines: errors in the gateway's own log.
    """

    begin: int = 0
    tallies: list[Tally] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    posts: Posts = field(default_factory=Posts)
    memory: list[Sample] = field(default_factory=list)
    processor: dict[str, float] = field(default_factory=dict)
    log: list[Logged] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    phones: dict[str, list[str]] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    log_lines: list[str] = field(default_factory=list)
