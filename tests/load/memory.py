"""How much memory and processor a gateway and what it started take, and whether the memory grows."""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from benchmarks.process_tree import descendants, pss_of
from tests.chaos.children import command
from tests.load.tally import Sample

_PARTS = {"postgres": "PostgreSQL", "valkey": "Valkey", "chrom": "Chromium", "headless": "Chromium"}
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_OTHERS = "helpers"
GATEWAY = "gateway"


async def watch(root: int, every: float, into: list[Sample]) -> None:
    """Looks now and then, until it is canceled."""
    begin = time.monotonic()
    while True:
        into.append(Sample(round(time.monotonic() - begin, 1), await asyncio.to_thread(parts, root)))
        await asyncio.sleep(every)


def parts(root: int) -> dict[str, float]:
    """The memory of a process and its descendants, in MiB by part."""
    found: Counter[str] = Counter()
    for pid in descendants(root):
        found[GATEWAY if pid == root else _part(pid)] += pss_of(pid)
    return {part: round(kib / 1024, 2) for part, kib in found.items()}


def processor(root: int) -> dict[str, float]:
    """The seconds of processor that a process and its descendants have had, by part; what has ended is left out."""
    found: Counter[str] = Counter()
    for pid in descendants(root):
        with suppress(OSError):
            stat = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            found[GATEWAY if pid == root else _part(pid)] += int(stat[11]) + int(stat[12])
    return {part: ticks / _TICKS for part, ticks in found.items()}


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """What a value grows by in a minute: the median of all pairs' slopes, which a few outliers don't move."""
    slopes = [(later[1] - first[1]) / (later[0] - first[0]) for first, later in combinations(samples, 2)]
    return statistics.median(slopes) * 60 if slopes else 0.0


def _part(pid: int) -> str:
    program = command(pid)[:1]
    name = program[0].decode(errors="replace") if program else ""
    return next((part for mark, part in _PARTS.items() if mark in name), _OTHERS)
