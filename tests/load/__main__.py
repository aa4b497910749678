"""`python -m tests.load`: see docs/load.md."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # read when grpc is imported; programs are started while streams go on

from tests.chaos import children
from tests.chaos.world import until_gone
from tests.load import report
from tests.load.judge import judge
from tests.load.plan import Settings
from tests.load.run import Run

_INTERRUPTED: Final = 130


def main() -> int:
    arguments = _arguments()
    logs = arguments.out / time.strftime("%Y%m%d-%H%M%S")
    logs.mkdir(parents=True)
    home = Path(tempfile.mkdtemp(prefix="pombo-load-"))
    (home / "logs").symlink_to(logs.resolve())
    settings = Settings(
        seconds=arguments.seconds,
        clients=arguments.clients,
        streams=arguments.streams,
        pause=arguments.pause,
        patience=arguments.patience,
        seed=arguments.seed,
        home=home,
    )
    try:
        return asyncio.run(_run(settings, logs))
    finally:
        if not arguments.keep:
            shutil.rmtree(home, ignore_errors=True)


async def _run(settings: Settings, logs: Path) -> int:
    began, run = time.monotonic(), Run(settings, _say)
    working = asyncio.create_task(run.execute())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        _say("interrupted")
        return _INTERRUPTED
    finally:
        run.seen.unfinished += [f"left running: {each}" for each in await until_gone(settings.home)]
        _say(f"logs: {logs}")
    verdict = judge(run.seen)
    about = {name: value for name, value in asdict(settings).items() if name != "home"}
    memory = [asdict(sample) for sample in run.seen.memory]
    growth = {part: asdict(each) for part, each in verdict.growth.items()}
    content = {"settings": about, "broken": verdict.broken, "memory": memory, "growth": growth}
    (logs / "report.json").write_text(json.dumps(content, indent=1) + "\n")
    print("\n".join(report.lines(run.seen, verdict)))
    said = "every bound holds, and every message is accounted for" if verdict.is_good else "NOT GOOD"
    print(f"\nload: {said}, in {time.monotonic() - began:.0f} s; {logs}", flush=True)
    return 0 if verdict.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long clients call")
    parser.add_argument("--clients", type=int, default=50, help="how many of each transport; two or more")
    parser.add_argument("--streams", type=int, default=20, help="event streams, of three kinds by turns")
    parser.add_argument("--pause", type=float, default=1.0, help="what a client thinks between calls, in the mean")
    parser.add_argument("--patience", type=float, default=600.0, help="most seconds that the rest may take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=children.ROOT / ".cache" / "load", help="where logs go")
    parser.add_argument("--keep", action="store_true", help="keep the run's data, too")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
