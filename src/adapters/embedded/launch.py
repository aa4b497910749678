"""Becomes a server: run as a script between the gateway and the server's program, and then replaced by it.

Usage: ``launch.py PARENT_PID DEATH_SIGNAL MODE UID GID PROGRAM [ARGUMENT…]``. The standard library is all it needs
(``python -I -S``). A script of its own, since code between fork and exec of a program with threads isn't safe.

It asks the kernel for a signal when the gateway dies, however it dies, and takes the identity that the server needs:

- ``same``: the gateway's own.
- ``namespace``: UID and GID in a new user namespace, where they stand for the gateway's own. For programs that refuse
  to run as root: outside, files are still root's, so that nothing has to be opened to anybody.
- ``drop``: really UID and GID, with nothing left of root but passing through directories (CAP_DAC_OVERRIDE).
"""

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _prctl(option: int, second: int, third: int = 0) -> None:
    _call("prctl", option, *(ctypes.c_ulong(value) for value in (second, third, 0, 0)))


def _enter_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"{uid} {outer_uid} 1")
    (own / "gid_map").write_text(f"{gid} {outer_gid} 1")


def _drop_to(uid: int, gid: int) -> None:
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    low = 1 << _CAP_DAC_OVERRIDE
    sets = (ctypes.c_uint32 * 6)(low, low, low, 0, 0, 0)
    _call("capset", header, sets)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def main() -> None:
    """Takes the identity, ties its life to the parent's, and becomes the program."""
    parent, death_signal, mode, uid, gid, *program = sys.argv[1:]
    match mode:
        case "namespace":
            _enter_namespace(int(uid), int(gid))
        case "drop":
            _drop_to(int(uid), int(gid))
        case _:
            pass
    # Last, since the kernel forgets it when the identity changes.
    _prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):
        raise SystemExit("the gateway is gone")
    os.umask(0o077)
    os.execv(program[0], program)  # noqa: S606 - becoming the program is what this is for


if __name__ == "__main__":
    main()
