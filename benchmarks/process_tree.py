"""Memory of a process and all its descendants."""

from pathlib import Path

_PROC = Path("/proc")


def descendants(root: int) -> list[int]:
    """The process and everything it started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # ended meanwhile
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, ())
    return found


def pss_mib(root: int) -> float:
    """Proportional set size of the tree in MiB: shared pages count once, divided among those who share them."""
    return sum(map(pss_of, descendants(root))) / 1024


def pss_of(pid: int) -> int:
    """That of one process in KiB; 0 when it has ended."""
    try:
        rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
