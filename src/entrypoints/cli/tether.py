"""Becomes a program that is asked to stop when its parent dies, however the parent dies.

Usage: ``tether.py PARENT_PID PROGRAM [ARGUMENT…]``. A script of its own that needs only the standard library
(``python -I -S``): code between fork and exec of a program with threads isn't safe.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties its life to the parent's, and becomes the program."""
    parent, *program = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != int(parent):
        raise SystemExit("the parent is gone")
    os.execv(program[0], program)  # noqa: S606 - becoming the program is what this is for


if __name__ == "__main__":
    main()
