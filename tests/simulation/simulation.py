"""One seed, one run."""

import asyncio
import gc
import random
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.idempotency import once
from tests.simulation.cast import cast
from tests.simulation.plan import draw_plan
from tests.simulation.plants import PLANTS
from tests.simulation.process import forget_processes
from tests.simulation.world import World

STEP_LIMIT: Final = 120_000
_BUSY: Final = timedelta(seconds=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a run; ``violation`` None when all was well."""

    seed: int
    violation: str | None
    digest: str
    steps: int
    seconds: float
    lines: tuple[str, ...]


def simulate(seed: int, plant: str = "none", *, lines: int | None = 0, tidy: bool = True) -> Outcome:
    """Runs a seed. ``lines`` is how many of the trace's last lines to keep; None keeps all.

    The garbage collector rests meanwhile: when it runs depends on what ran before. ``tidy`` lets it work at the end.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        world = _make(seed, plant)
        try:
            violation = _run(world)
        except BaseException:
            world.loop.dispose()
            raise
        outcome = Outcome(
            seed=seed,
            violation=violation,
            digest=world.trace.digest(),
            steps=world.loop.steps,
            seconds=world.loop.time(),
            lines=tuple(world.trace.lines(lines)) if lines != 0 else (),
        )
        with _silence():
            world.loop.dispose()
            forget_processes()
            del world
        if tidy:
            collect()
    finally:
        if collects:
            gc.enable()
    return outcome


def collect() -> None:
    """Lets go what earlier runs have left behind."""
    with _silence():
        gc.collect()


def _make(seed: int, plant: str) -> World:
    chance = random.Random(seed)  # noqa: S311 - it must be repeatable
    random.seed(seed)  # the jitter of the application's own pauses
    world = World(chance, draw_plan(chance), PLANTS[plant](), STEP_LIMIT)
    world.trace.add("world", str(world.plan))
    return world


def _run(world: World) -> str | None:
    # A plant for which there is no place any more isn't found: what it replaces must be there.
    with _hurried(), world.plant.applied():
        asyncio.set_event_loop(world.loop)
        try:
            world.loop.run_until_complete(world.run(cast(world)))
        except AssertionError as violation:
            return str(violation) or "".join(traceback.format_exception(violation))
        except Exception as error:  # noqa: BLE001 - whatever ends a run is what it has found
            return "".join(traceback.format_exception(error))
        finally:
            asyncio.set_event_loop(None)
    return None


@contextmanager
def _hurried() -> Iterator[None]:
    """A request that nobody is at any more is held for busy for less than minutes: nothing else goes on meanwhile."""
    busy, once.BUSY = once.BUSY, _BUSY  # type: ignore[misc] # for the time of a run
    try:
        yield
    finally:
        once.BUSY = busy  # type: ignore[misc]


@contextmanager
def _silence() -> Iterator[None]:
    """What dead processes have left waiting goes without a word."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook
