"""What the program does before any of its commands."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from entrypoints.cli.program import leave_no_image

SOURCES = Path(__file__).parents[3] / "src"
_DIE = """
import os, signal, subprocess, sys
from entrypoints.cli.program import leave_no_image
if "--kept" not in sys.argv:
    leave_no_image()
dying = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
print(subprocess.run([sys.executable, "-c", dying]).returncode, flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""


def die(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A process that dies as one does that has a fault, after one that it has started."""

    def allow() -> None:
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    return subprocess.run(
        [sys.executable, "-c", _DIE, *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=directory,
        env={"PYTHONPATH": str(SOURCES)},
        preexec_fn=allow,
    )


def test_a_process_that_dies_leaves_no_image_of_itself(tmp_path: Path) -> None:
    died = die(tmp_path)
    assert (died.returncode, died.stdout.strip()) == (-signal.SIGSEGV, str(-signal.SIGSEGV)), died.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == []
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    if not pattern.startswith(("|", "/")) and _allowed():
        die(tmp_path, "--kept")
        assert [entry.name for entry in tmp_path.iterdir()] != []


def _allowed() -> bool:
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


def test_the_limit_is_never_raised() -> None:
    code = "import resource; from entrypoints.cli.program import leave_no_image; leave_no_image(); "
    code += "print(resource.getrlimit(resource.RLIMIT_CORE))"

    def forbid() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    told = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        preexec_fn=forbid,
    )
    assert told.stdout.strip() == "(0, 0)"
    assert callable(leave_no_image)
