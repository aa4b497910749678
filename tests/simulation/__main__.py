"""`python -m tests.simulation`: see docs/simulation.md."""

import argparse
import os
import sys
from typing import Final

from tests.simulation.plants import PLANTS
from tests.simulation.runner import Progress, find_planted, pin, run_seeds
from tests.simulation.simulation import Outcome, simulate

_SEEDS: Final = 2_000


def main() -> int:
    arguments = _arguments()
    pin("tests.simulation", sys.argv[1:])
    if arguments.plant == "all":
        return _find_all(arguments)
    if arguments.seed is not None:
        return _replay(arguments.seed, arguments.plant)
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    progress = Progress(len(seeds))
    failed = run_seeds(seeds, plant=arguments.plant, jobs=arguments.jobs, on_done=progress)
    if failed is not None:
        _report(failed, arguments.plant)
        return 1
    print(
        f"simulate: {progress.done} seeds from {seeds.start} on, {progress.steps} steps, no invariant violated, "
        f"in {progress.seconds:.0f} s"
    )
    return 0


def _replay(seed: int, plant: str) -> int:
    outcome = simulate(seed, plant, lines=None)
    print("\n".join(outcome.lines))
    print(f"simulate: seed {seed}, {outcome.steps} steps, {outcome.seconds:.1f} s, trace {outcome.digest}")
    if outcome.violation is not None:
        print(f"VIOLATED {outcome.violation}")
    return 0 if outcome.violation is None else 1


def _find_all(arguments: argparse.Namespace) -> int:
    """Plants one fault after another. Each must be found."""
    missed = 0
    plants = sorted(set(PLANTS) - {"none"})
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    for plant, failed in find_planted(plants, seeds, arguments.jobs):
        missed += failed is None
        print(
            f"planted {plant}: " + ("not found" if failed is None else f"seed {failed.seed}: {failed.violation}"),
            flush=True,
        )
    return 1 if missed else 0


def _report(failed: Outcome, plant: str) -> None:
    print("\n".join(failed.lines))
    planted = "" if plant == "none" else f" --plant {plant}"
    print(f"\nsimulate: seed {failed.seed} VIOLATED {failed.violation}")
    print(f"    trace {failed.digest}, {failed.steps} steps, {failed.seconds:.1f} s of virtual time")
    print(f"    replay: make simulate ARGS='--seed {failed.seed}{planted}'")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description="Deterministic simulation; ARGS='…'")
    parser.add_argument("--seeds", type=int, default=_SEEDS, help=f"how many seeds (default {_SEEDS})")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, help="replay this one, with its whole trace")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per processor)")
    parser.add_argument("--plant", choices=["all", *sorted(PLANTS)], default="none", help="spoil the code")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
