"""A tree of processes stands still for as long as it is asked to, and goes on whatever happens."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from adapters.playwright.freeze import NotFrozenError, frozen

# A process that writes, with a child that writes, and a grandchild that has just been forked again and again.
PROGRAM = """
import os, sys, time
path = sys.argv[1]
def write(name):
    with open(os.path.join(path, name), "ab", buffering=0) as file:
        while True:
            file.write(b"x")
if os.fork() == 0:
    if os.fork() == 0:
        write("grandchild")
    write("child")
print("up", flush=True)
if os.fork() == 0:
    while True:
        pid = os.fork()
        if pid == 0:
            with open(os.path.join(path, "forked"), "ab", buffering=0) as file:
                for _ in range(20):
                    file.write(b"x")
            os._exit(0)
        os.waitpid(pid, 0)
write("parent")
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    with Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while len(sizes(tmp_path)) < 4:
            time.sleep(0.01)
        yield process.pid
        os.killpg(process.pid, signal.SIGKILL)


def sizes(path: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_size for entry in path.iterdir()}


def grows(path: Path, before: dict[str, int]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if all(size > before[name] for name, size in sizes(path).items()):
            return True
        time.sleep(0.01)
    return False


def test_nothing_is_written_meanwhile_and_all_go_on(root: int, tmp_path: Path) -> None:
    for _ in range(20):
        with frozen(root):
            before = sizes(tmp_path)
            time.sleep(0.03)
            assert sizes(tmp_path) == before
        assert grows(tmp_path, before)


def test_all_go_on_after_a_fault(root: int, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), frozen(root):  # noqa: PT012 - the fault is the reader's
        before = sizes(tmp_path)
        raise ZeroDivisionError
    assert grows(tmp_path, before)


def test_one_that_ends_meanwhile_is_told(root: int) -> None:
    with pytest.raises(NotFrozenError), frozen(root):  # noqa: PT012 - it is raised at the end
        os.kill(root, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{root}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_one_that_is_gone_is_told() -> None:
    with Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(NotFrozenError), frozen(process.pid):
        pass
