"""Many seeds, on all processors."""

import gc
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from tests.simulation.found import FOUND
from tests.simulation.simulation import Outcome, simulate

HASH_SEED: Final = "0"
"""Sets of strings have an order of their own in each process unless this is pinned."""
_CHUNK: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Some seeds in a row."""

    seeds: range
    plant: str
    lines: int


def is_pinned() -> bool:
    return os.environ.get("PYTHONHASHSEED") == HASH_SEED


def pin(module: str, arguments: Sequence[str]) -> None:
    """Starts this program again with its hashes pinned, unless they are."""
    if not is_pinned():
        environment = {**os.environ, "PYTHONHASHSEED": HASH_SEED}
        os.execve(sys.executable, [sys.executable, "-m", module, *arguments], environment)  # noqa: S606 - itself


def run_seeds(
    seeds: range, *, plant: str = "none", jobs: int = 1, lines: int = 60, on_done: Callable[[Outcome], None]
) -> Outcome | None:
    """Runs seeds until one fails, and gives that one."""
    tasks = [Job(seeds=seeds[at : at + _CHUNK], plant=plant, lines=lines) for at in range(0, len(seeds), _CHUNK)]
    with _results(tasks, jobs) as results:
        for outcomes in results:
            for outcome in outcomes:
                on_done(outcome)
                if outcome.violation is not None:
                    return outcome
    return None


def find_planted(plants: Sequence[str], seeds: range, jobs: int) -> Iterator[tuple[str, Outcome | None]]:
    """Plants one fault after another, and gives the first seed that finds each."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from zip(plants, pool.imap(partial(_find, seeds=seeds), plants), strict=True)


def _find(plant: str, seeds: range) -> Outcome | None:
    first = FOUND.get(plant)
    if first is not None and first in seeds:
        found = run_seeds(range(first, first + 1), plant=plant, on_done=lambda _: None)
        if found is not None:
            return found
    return run_seeds(seeds, plant=plant, on_done=lambda _: None)


@contextmanager
def _results(tasks: list[Job], jobs: int) -> Iterator[Iterator[list[Outcome]]]:
    if jobs == 1:
        yield map(work, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield pool.imap(work, tasks)


def work(job: Job) -> list[Outcome]:
    """A job's outcomes, up to the first failure.

    They come from a copy of this process, and what its runs leave goes with it. To look for that garbage would take a
    tenth of the time of the runs.
    """
    _make_ready()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            sender.send(_outcomes(job))
        except BaseException:  # noqa: BLE001 - nobody else would tell of it
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    sender.close()
    try:
        return receiver.recv()  # type: ignore[no-any-return]
    finally:
        receiver.close()
        os.waitpid(child, 0)


@cache
def _make_ready() -> None:
    """Does once what each copy would have to do, and lets the garbage collector rest in them."""
    simulate(0)
    gc.disable()
    gc.freeze()


def _outcomes(job: Job) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for seed in job.seeds:
        outcomes.append(simulate(seed, job.plant, lines=job.lines, tidy=False))
        if outcomes[-1].violation is not None:
            break
    return outcomes


class Progress:
    """Says how far it is, now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._started = self._said = time.monotonic()
        self.done = self.steps = 0

    def __call__(self, outcome: Outcome) -> None:
        self.done += 1
        self.steps += outcome.steps
        if time.monotonic() - self._said > 10:
            self._said = time.monotonic()
            print(f"simulate: {self.done} of {self._total} seeds in {self.seconds:.0f} s", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started
