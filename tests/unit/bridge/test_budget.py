"""How much the bridge lets a page work with at once."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[3] / "web"

# Each piece of work logs its beginning and its end, and ends when it is told to.
SCRIPT = """
const { Budget } = await import(%s);
const budget = new Budget(10);
const log = [], ends = {};
const turn = () => new Promise((done) => setTimeout(done, 0));
const begin = (name, amount) => budget.spend(amount, () => {
  log.push(`+${name}`);
  return new Promise((resolve, reject) => { ends[name] = { resolve, reject }; });
}).then((value) => log.push(`-${name} ${value}`), (error) => log.push(`-${name} ${error}`));
%s
await turn();
console.log(JSON.stringify(log));
"""


def played(tmp_path: Path, play: str) -> list[str]:
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is not installed")
    built = tmp_path / "budget.mjs"
    esbuild = WEB / "node_modules/.bin/esbuild"
    subprocess.run(
        [esbuild, WEB / "bridge/src/budget.ts", "--format=esm", f"--outfile={built}", "--log-level=error"], check=True
    )
    script = SCRIPT % (json.dumps(built.as_uri()), play)
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=30
    )
    log: Any = json.loads(ran.stdout)
    return list(log)


def test_what_fits_runs_at_once_and_the_rest_waits_its_turn(tmp_path: Path) -> None:
    log = played(
        tmp_path,
        """
        begin("a", 6); begin("b", 4); begin("c", 7); begin("d", 1);
        await turn(); log.push("|");
        ends.b.resolve("done"); await turn(); log.push("|");
        ends.a.reject("broken"); await turn();
        """,
    )
    # d would have fitted before c: who came first isn't overtaken, so that a large one gets its turn.
    assert log == ["+a", "+b", "|", "-b done", "|", "+c", "+d", "-a broken"]


def test_what_is_larger_than_all_has_it_to_itself(tmp_path: Path) -> None:
    log = played(
        tmp_path,
        """
        begin("a", 1); begin("huge", 1000); begin("b", 0);
        await turn(); log.push("|");
        ends.a.resolve(1); await turn(); log.push("|");
        ends.huge.resolve(2); await turn();
        """,
    )
    assert log == ["+a", "|", "+huge", "+b", "-a 1", "|", "-huge 2"]
