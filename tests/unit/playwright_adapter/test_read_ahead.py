"""What is read before a browser is stopped is used only where reading it again would give the same."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.playwright.profile_image import ReadAhead, read, read_ahead

LIMIT = 1_000_000
STORE = Path("Default/IndexedDB/site.indexeddb.leveldb")
BLOBS = Path("Default/IndexedDB/site.indexeddb.blob/1/00")
TABLES = (STORE / "000005.ldb", STORE / "000007.ldb", BLOBS / "1", BLOBS / "2")
OTHERS = (STORE / "000008.log", STORE / "MANIFEST-000001", STORE / "CURRENT", Path("Default/Cookies"))


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def profile(root: Path) -> Path:
    for path in (*TABLES, *OTHERS):
        put(root / path, path.name.encode() * 50)
    return root


def tick(root: Path) -> int:
    """A time by the file system's own clock, later than that of every change so far."""
    newest = max(path.lstat().st_ctime_ns for path in root.rglob("*"))
    probe = root / "probe"
    probe.touch()
    while (now := probe.stat().st_ctime_ns) <= newest:
        probe.touch()
    probe.unlink()
    return now


def ahead_of(root: Path, limit: int = LIMIT) -> ReadAhead:
    return read_ahead(root, limit, tick(root))


def test_what_is_written_once_is_not_read_again(tmp_path: Path) -> None:
    root = profile(tmp_path)
    ahead = ahead_of(root)
    assert set(ahead) == {str(path) for path in TABLES}
    files = dict(read(root, LIMIT, ahead))
    assert files == dict(read(root, LIMIT))
    assert all(files[name] is known.content for name, known in ahead.items())


def test_what_has_just_changed_is_not_read_ahead(tmp_path: Path) -> None:
    root = profile(tmp_path)
    settled_before = tick(root)
    (root / TABLES[0]).write_bytes(b"new")
    put(root / STORE / "000009.ldb", b"x")
    assert set(read_ahead(root, LIMIT, settled_before)) == {str(path) for path in TABLES[1:]}


def test_links_are_not_read_ahead(tmp_path: Path) -> None:
    root = profile(tmp_path)
    (tmp_path / "secret").write_bytes(b"secret")
    (root / STORE / "000010.ldb").symlink_to(tmp_path / "secret")
    (root / STORE / "000011.ldb").mkdir()
    assert set(ahead_of(root)) == {str(path) for path in TABLES}


def test_the_limit_holds_for_both_together(tmp_path: Path) -> None:
    root = profile(tmp_path)
    size = sum(len(content) for _, content in read(root, LIMIT))
    tables = sum((root / path).stat().st_size for path in TABLES)
    assert sum(len(known.content) for known in ahead_of(root, tables - 1).values()) < tables
    assert len(read(root, size, ahead_of(root, size))) == len(TABLES) + len(OTHERS)


def _same_size(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"X" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _replace(path: Path) -> None:
    times = path.stat()
    other = path.with_name("other.tmp")
    other.write_bytes(b"R" * times.st_size)
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(3)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _exchange(path: Path) -> None:
    """Two files of one size, each under the other's name."""
    other = path.with_name("000007.ldb" if path.name == "000005.ldb" else "2")
    if other.exists() and other != path:
        path.rename(path.with_name("aside"))
        other.rename(path)
        path.with_name("aside").rename(other)


CHANGES: tuple[Callable[[Path], None], ...] = (Path.unlink, _same_size, _replace, _truncate, _append, _exchange)


@given(
    changes=st.lists(st.tuples(st.sampled_from(TABLES), st.sampled_from(CHANGES)), max_size=5),
    added=st.sets(st.sampled_from((STORE / "000005.ldb", STORE / "000012.ldb", BLOBS / "1", BLOBS.parent / "01/100"))),
)
@settings(max_examples=60)
def test_whatever_changes_meanwhile_is_as_if_all_had_been_read_then(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Path, Callable[[Path], None]]], added: set[Path]
) -> None:
    root = profile(tmp_path_factory.mktemp("profile"))
    ahead = ahead_of(root)
    assert len(ahead) == len(TABLES)
    for path, change in changes:
        if (root / path).exists():
            change(root / path)
    for path in added:
        put(root / path, b"added" * 20)
    assert read(root, LIMIT, ahead) == read(root, LIMIT)
