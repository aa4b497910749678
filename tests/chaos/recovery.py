"""How long it took until all was well again after each fault."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from tests.chaos.ledger import Json, Ledger, Struck

_NOTICED_WITHIN: Final = 15.0
"""Seconds after a fault's end in which a session's leaving WORKING is held for its consequence."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the faults of a kind.

    Attributes:
        struck: how many faults there were.
        working: until every session that had left WORKING was WORKING again; one for each fault that had such.
        accepting: until a message was accepted that had been asked for after the fault.
    """

    struck: int
    working: tuple[float, ...]
    accepting: tuple[float, ...]

    def row(self) -> Json:
        return {
            "faults": self.struck,
            "until WORKING": _summary(self.working),
            "until accepting": _summary(self.accepting),
        }


def recovery_times(ledger: Ledger) -> dict[str, Times]:
    """The times by kind of fault."""
    away = {session: _away(ledger.events, session) for session in ledger.sessions}
    by_kind: defaultdict[str, list[Struck]] = defaultdict(list)
    for fault in ledger.faults:
        if fault.target:
            by_kind[fault.kind].append(fault)
    return {
        kind: Times(
            len(faults),
            tuple(time for fault in faults if (time := _until_working(fault, away)) is not None),
            tuple(time for fault in faults if (time := _until_accepting(fault, ledger)) is not None),
        )
        for kind, faults in sorted(by_kind.items())
    }


def _away(events: Sequence[Json], session: str) -> list[tuple[float, float]]:
    """When a session wasn't WORKING, from its first WORKING on."""
    spans, since, has_worked = [], None, False
    for event in events:
        if event["session_id"] == session and event["type"] == "session.status":
            at = datetime.fromisoformat(event["time"]).timestamp()
            if event["payload"]["status"] == "WORKING":
                if since is not None:
                    spans.append((since, at))
                since, has_worked = None, True
            elif since is None and has_worked:
                since = at
    if since is not None:
        spans.append((since, float("inf")))
    return spans


def _until_working(fault: Struck, away: dict[str, list[tuple[float, float]]]) -> float | None:
    """A session that was away already has another fault to thank for it."""
    ends = [
        next((end for begin, end in spans if fault.at <= begin <= fault.until + _NOTICED_WITHIN), None)
        for spans in away.values()
    ]
    return max((end - fault.at for end in ends if end is not None), default=None)


def _until_accepting(fault: Struck, ledger: Ledger) -> float | None:
    answers = [send.answered for send in ledger.sends if send.began >= fault.at and send.message_id and send.answered]
    return min(answers) - fault.at if answers else None


def _summary(times: Sequence[float]) -> Json | None:
    if not times:
        return None
    return {"n": len(times), "p50": round(median(times), 2), "max": round(max(times), 2)}
