"""A run's figures, as lines."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.load.judge import Verdict
from tests.load.tally import Seen, Tally


def lines(seen: Seen, verdict: Verdict) -> Iterator[str]:
    """All of them, and at the end what is broken."""
    for tally in seen.tallies:
        yield from _calls(tally)
    yield from _messages(seen, verdict)
    yield from _streams(seen)
    posts = seen.posts
    yield ""
    taken = f"{posts.at_end} posts taken while clients called, {len(posts.taken)} at the end"
    yield f"webhook: {taken}, {posts.repeats} repeats"
    yield f"  backlog, every 10 s and at the end: {', '.join(map(str, posts.backlog)) or '-'}"
    yield ""
    judged = "" if verdict.memory_is_judged else " (too short a run to judge it by)"
    yield f"memory in MiB, when warm and at the end, and its slope in MiB a minute{judged}"
    for part, growth in verdict.growth.items():
        yield f"  {part:12} {growth.start:8.1f} {growth.end:8.1f} {growth.slope:+8.1f}"
    yield ""
    lasted = max((tally.seconds for tally in seen.tallies), default=0.0)
    parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in sorted(seen.processor.items()))
    yield f"processor, in {lasted:.0f} s: {parts}"
    yield ""
    yield from (f"BROKEN  {each}" for each in verdict.broken)


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    ranks = statistics.quantiles(values, n=100, method="inclusive")
    return ranks[49], ranks[94], ranks[98]


def _calls(tally: Tally) -> Iterator[str]:
    every = [each for took in tally.took.values() for each in took]
    yield ""
    yield f"{tally.transport}: {len(every) / max(tally.seconds, 0.001):.1f} calls a second, for {tally.seconds:.0f} s"
    yield f"  {'':16} {'calls':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}"
    for what, took in sorted((*tally.took.items(), ("all", every))):
        if took:
            yield f"  {what:16} {len(took):7}" + "".join(f" {each:8.1f}" for each in percentiles(took))
    if tally.lag:
        yield f"  the clients' own lag: p50 {percentiles(tally.lag)[0]:.1f} ms, p99 {percentiles(tally.lag)[2]:.1f} ms"
    yield f"  errors: {_counts(tally.errors)}"
    yield f"  limited: {_counts(tally.limited)}; against what was said: {_counts(tally.disobeyed)}"
    yield f"  wrong requests refused: {_counts(tally.refused)}"


def _messages(seen: Seen, verdict: Verdict) -> Iterator[str]:
    asked = sum(len(tally.sent) for tally in seen.tallies)
    repeats = sum(tally.repeats for tally in seen.tallies)
    statuses = Counter(seen.statuses.values())
    yield ""
    arrived = f"{verdict.arrived} on phones"
    yield f"messages: {asked} asked for, {verdict.accepted} accepted, {arrived}; {repeats} repeated with their key"
    yield f"  as the gateway says: {_counts(statuses)}"


def _streams(seen: Seen) -> Iterator[str]:
    yield ""
    yield f"event streams: {len(seen.log)} events in the log"
    yield f"  {'':16} {'events':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}  told of lag"
    for read in seen.reads:
        delays = percentiles(read.delays) if read.delays else (0.0, 0.0, 0.0)
        figures = "".join(f" {each:8.1f}" for each in delays)
        yield f"  {read.name:16} {len(read.sequences):7}{figures}  {read.lags}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {number}" for what, number in counter.most_common()) or "none"
