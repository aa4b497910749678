"""The simulation itself: that it repeats itself, and that it finds what is wrong."""

import subprocess
import sys
from collections.abc import Iterator
from typing import override

import pytest

from tests.simulation.planting import Plant
from tests.simulation.plants import PLANTS
from tests.simulation.simulation import simulate

pytestmark = pytest.mark.timeout(300)

_PLANTED = sorted(set(PLANTS) - {"none"})


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments], capture_output=True, text=True, check=False, timeout=280
    )


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    first, second = run("--seed", "6"), run("--seed", "6")
    assert first.returncode == 0, first.stdout[-2_000:]
    assert first.stdout == second.stdout
    assert "gateway-1  starts" in first.stdout


def test_a_run_does_not_depend_on_those_before_it() -> None:
    alone = simulate(11)
    simulate(3)
    assert simulate(11) == alone


def test_seeds_differ() -> None:
    assert simulate(1).digest != simulate(2).digest


def test_a_failing_seed_says_how_to_replay_it() -> None:
    found = run("--plant", "new-id-on-retry", "--jobs", "2")
    assert found.returncode == 1, found.stdout
    replay = found.stdout.split("ARGS='")[1].split("'")[0]
    again = run(*replay.split())
    assert again.returncode == 1
    violation = found.stdout.split("VIOLATED ")[-1].splitlines()[0]
    assert f"VIOLATED {violation}" in again.stdout
    digest = found.stdout.split("trace ")[-1].split(",")[0]
    assert f"trace {digest}" in again.stdout


def test_a_plant_that_has_no_place_any_more_is_not_taken_for_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nowhere(Plant):
        @override
        def patches(self) -> Iterator[tuple[object, str, object]]:
            yield Plant, "renamed_since", None

    monkeypatch.setitem(PLANTS, "nowhere", Nowhere)  # type: ignore[arg-type] # it is a dictionary behind its type
    with pytest.raises(AttributeError, match="renamed_since"):
        simulate(1, "nowhere")


@pytest.fixture(scope="module")
def findings() -> dict[str, str]:
    lines = [line for line in run("--plant", "all").stdout.splitlines() if line.startswith("planted ")]
    return dict(line.removeprefix("planted ").split(": ", 1) for line in lines)


@pytest.mark.parametrize("plant", _PLANTED)
def test_a_planted_fault_is_found(findings: dict[str, str], plant: str) -> None:
    assert findings.get(plant, "not found").startswith("seed "), findings
