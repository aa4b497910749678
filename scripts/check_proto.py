"""Checks proto/: buf lint, buf format, no breaking change since the baseline, and fresh generated code.

The baseline is proto/pombo.v1.binpb, the surface as it was last released: a shallow clone has no older commit to
compare with. --rebaseline writes it anew; do that when a version is released, and never to make this check pass.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BASELINE: Final = "proto/pombo.v1.binpb"
BUF: Final = str(Path(sys.executable).parent / "buf")
CHECKS: Final = (
    [BUF, "lint"],
    [BUF, "format", "--diff", "--exit-code"],
    [BUF, "breaking", "--against", BASELINE],
    [sys.executable, "scripts/generate_proto.py", "--check"],
)


def _run(command: list[str]) -> int:
    return subprocess.run(command, check=False, cwd=ROOT).returncode  # noqa: S603 - our own arguments


def main() -> int:
    """Runs every check, also after one has failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rebaseline", action="store_true", help="take the present surface as the released one")
    if parser.parse_args().rebaseline:
        return _run([BUF, "build", "--exclude-source-info", "--output", BASELINE])
    failed = [command for command in CHECKS if _run(command) != 0]
    for command in failed:
        print(f"failed: {Path(command[0]).name} {' '.join(command[1:])}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
