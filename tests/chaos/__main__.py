"""`python -m tests.chaos`: see docs/chaos.md."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # read when grpc is imported; programs are started while calls go on

from tests.chaos import children, report
from tests.chaos.plan import plan
from tests.chaos.run import NUMBERS, Run, Settings
from tests.chaos.verdict import judge
from tests.chaos.world import until_gone

_INTERRUPTED: Final = 130


def main() -> int:
    arguments = _arguments()
    logs = arguments.out / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{arguments.seed}"
    logs.mkdir(parents=True)
    home = Path(tempfile.mkdtemp(prefix="pombo-chaos-"))
    (home / "logs").symlink_to(logs.resolve())
    settings = Settings(
        seed=arguments.seed,
        seconds=arguments.seconds,
        sessions=arguments.sessions,
        gateways=arguments.gateways,
        patience=arguments.patience,
        home=home,
        strikes=plan(arguments.seed, arguments.seconds, gateways=arguments.gateways),
    )
    try:
        return asyncio.run(_run(settings, logs))
    finally:
        if not arguments.keep:
            shutil.rmtree(home, ignore_errors=True)


async def _run(settings: Settings, logs: Path) -> int:
    began = time.monotonic()
    run = Run(settings, _say)
    working = asyncio.create_task(run.execute())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    _say(f"chaos: seed {settings.seed}, {settings.seconds:.0f} s, {len(settings.strikes)} faults")
    try:
        await working
    except asyncio.CancelledError:
        _say("interrupted")
        return _INTERRUPTED
    finally:
        run.ledger.left_running = await until_gone(settings.home)
        _say(f"logs: {logs}")
    verdict = judge(run.ledger)
    seconds = time.monotonic() - began
    details = {
        "seed": settings.seed,
        "seconds": settings.seconds,
        "sessions": settings.sessions,
        "gateways": settings.gateways,
        "took": round(seconds, 1),
    }
    report.write(logs / "report.json", run.ledger, verdict, details)
    report.keep(logs, run.ledger)
    print("\n".join(report.lines(run.ledger, verdict)))
    said = "nothing lost, nothing doubled" if verdict.is_good else "NOT GOOD"
    print(f"\nchaos: seed {settings.seed}: {said}, in {seconds:.0f} s; {logs}", flush=True)
    return 0 if verdict.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long traffic and faults go on")
    parser.add_argument("--sessions", type=int, default=4, choices=range(2, len(NUMBERS) + 1))
    parser.add_argument("--gateways", type=int, default=2, choices=range(1, 5))
    parser.add_argument("--patience", type=float, default=900.0, help="most seconds that the aftermath may take")
    parser.add_argument("--out", type=Path, default=children.ROOT / ".cache" / "chaos", help="where logs go")
    parser.add_argument("--keep", action="store_true", help="keep the run's data, too")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
