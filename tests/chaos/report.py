"""What a run came to, for people and for programs."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.chaos.found import Verdict
from tests.chaos.ledger import Ledger
from tests.chaos.recovery import Times, recovery_times

_SHOWN: Final = 8
_WRONG: Final = {
    "lost": "lost",
    "duplicated": "duplicated",
    "out_of_order": "out of order",
    "untrue": "status untrue",
    "unanswered": "without an answer",
    "files_changed": "files changed",
    "events_missing": "events missing",
    "beyond_reach": "changes beyond reach",
    "events_repeated": "events repeated",
    "events_out_of_order": "events out of order",
    "cursor": "cursor broken",
    "webhooks_missing": "webhook events missing",
    "webhooks_changed": "webhook bodies changed",
    "webhooks_out_of_order": "webhooks out of order",
    "unfinished": "unfinished",
    "left_running": "left running",
}


def lines(ledger: Ledger, verdict: Verdict) -> list[str]:
    """The report, line by line."""
    found = [
        "",
        f"{'sent':<24}{verdict.sent:>6}   accepted {verdict.accepted}",
        f"{'operations accepted':<24}{verdict.operations:>6}   outcome unknown {verdict.unknown}",
        f"{'playing untold':<24}{verdict.unheard:>6}",
        f"{'received':<24}{verdict.received:>6}",
        f"{'events':<24}{verdict.events:>6}   backfilled {verdict.events_backfilled}",
        f"{'webhooks posted':<24}{verdict.webhook_posts:>6}   repeats {verdict.webhook_repeats}",
        *(f"{words:<24}{len(getattr(verdict, name)):>6}" for name, words in _WRONG.items()),
        f"{'bad signatures':<24}{verdict.bad_signatures:>6}",
    ]
    for name, words in _WRONG.items():
        wrong = getattr(verdict, name)
        found += [f"  {words}: {line}" for line in wrong[:_SHOWN]]
        found += [f"  {words}: … and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    found += ["", f"{'fault':<20}{'times':>5}   seconds until WORKING     seconds until accepting"]
    found += [_row(kind, times) for kind, times in recovery_times(ledger).items()]
    missed = [fault.kind for fault in ledger.faults if not fault.target]
    found += [f"not injected, since nothing was there to strike: {dict(Counter(missed))}"] if missed else []
    found += [f"gateways that ended by themselves, and were started again: {len(ledger.exits)}"] if ledger.exits else []
    found += [f"answers: {', '.join(f'{n} x {said}' for said, n in ledger.answers.most_common())}"]
    return found


def _row(kind: str, times: Times) -> str:
    return (
        f"{kind:<20}{times.struck:>5}   {_cell(times.row()['until WORKING'])}   {_cell(times.row()['until accepting'])}"
    )


def _cell(summary: dict[str, Any] | None) -> str:
    if summary is None:
        return f"{'stayed so':<23}"
    return f"p50 {summary['p50']:>5}, max {summary['max']:>6}"


def write(path: Path, ledger: Ledger, verdict: Verdict, run: dict[str, Any]) -> None:
    """The same as JSON, with every fault."""
    content = {
        **run,
        "good": verdict.is_good,
        "verdict": asdict(verdict),
        "recovery": {kind: times.row() for kind, times in recovery_times(ledger).items()},
        "faults": [asdict(fault) for fault in ledger.faults],
        "answers": dict(ledger.answers),
        "exits": ledger.exits,
    }
    path.write_text(json.dumps(content, indent=2, default=sorted) + "\n")


def keep(logs: Path, ledger: Ledger) -> None:
    """What one wants to look into when something is wrong: the log, the sends, and what phones hold."""
    for name, rows in (
        ("events", ledger.events),
        ("sends", [asdict(send) for send in ledger.sends]),
        ("operations", [asdict(operation) for operation in ledger.operations]),
        ("group-changes", [asdict(change) for change in ledger.group_changes]),
        (
            "phones",
            [{"phone": phone, **asdict(held)} for phone, all_held in ledger.phones.items() for held in all_held],
        ),
    ):
        (logs / f"{name}.jsonl").write_text("".join(f"{json.dumps(row, default=sorted)}\n" for row in rows))
