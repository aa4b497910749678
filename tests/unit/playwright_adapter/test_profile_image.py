"""An image is made of the login's files alone, and is trusted in nothing when it is unpacked."""

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.playwright.profile_image import KIND, pack, read, unpack
from domain.errors import PomboError, TooLargeError
from domain.snapshot import ProfileImage

LIMIT = 10_000_000
GOOD = "Default/IndexedDB/db/000003.log"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    root = tmp_path / "chromium"
    for name, content in {
        GOOD: b"\0keys\xff",
        "Default/IndexedDB/db/CURRENT": b"MANIFEST-000001\n",
        "Default/IndexedDB/db/LOCK": b"",
        "Default/IndexedDB/db/LOG": b"diary",
        "Default/Local Storage/leveldb/000003.log": b"wam",
        "Default/Cookies": b"SQLite",
        "Default/Cache/data_0": b"a picture",
        "Default/Service Worker/Database/CURRENT": b"x",
        "Default/Preferences": b"{}",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def archive(*entries: tarfile.TarInfo, content: bytes = b"x", kind: str = KIND) -> ProfileImage:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            entry.size = len(content) if entry.isreg() else 0
            tar.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return ProfileImage(kind=kind, data=buffer.getvalue())


def entry(name: str, type_: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type_, target
    return info


def refusal(image: ProfileImage, into: Path, limit: int = LIMIT) -> str:
    with pytest.raises(PomboError) as refused:
        unpack(image, into, limit)
    return refused.value.reason


def test_the_login_s_files_and_no_others(profile: Path, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        unpack(pack(read(profile, LIMIT)), tmp_path / "copy", LIMIT)
    finally:
        os.umask(old)
    assert tree(tmp_path / "copy") == {
        "Default/Cookies": b"SQLite",
        GOOD: b"\0keys\xff",
        "Default/IndexedDB/db/CURRENT": b"MANIFEST-000001\n",
        "Default/Local Storage/leveldb/000003.log": b"wam",
    }
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "copy").rglob("*")}
    assert modes == {0o600, 0o700}


def test_the_same_files_give_the_same_bytes(profile: Path) -> None:
    first = pack(read(profile, LIMIT))
    for path in profile.rglob("*"):
        os.utime(path, (1, 1))
    (profile / "Default/IndexedDB/db/LOG").write_bytes(b"more diary")
    assert pack(list(reversed(read(profile, LIMIT)))) == first


def test_links_and_pipes_are_not_read(profile: Path, tmp_path: Path) -> None:
    before = read(profile, LIMIT)
    (tmp_path / "secret").write_bytes(b"secret")
    (profile / "Default/IndexedDB/link").symlink_to(tmp_path / "secret")
    (profile / "Default/IndexedDB/elsewhere").symlink_to(tmp_path)
    os.mkfifo(profile / "Default/IndexedDB/pipe")
    assert read(profile, LIMIT) == before


def test_the_limit_holds_both_ways(profile: Path, tmp_path: Path) -> None:
    size = sum(len(content) for _, content in read(profile, LIMIT))
    with pytest.raises(TooLargeError) as refused:
        read(profile, size - 1)
    assert refused.value.reason == "SNAPSHOT_TOO_LARGE"
    image = pack(read(profile, size))
    assert refusal(image, tmp_path / "copy", size - 1) == "SNAPSHOT_TOO_LARGE"


@pytest.mark.parametrize(
    "name",
    [
        "/Default/IndexedDB/x",
        "../x",
        "Default/IndexedDB/../../x",
        "Default/IndexedDB/./x",
        "Default/IndexedDB//x",
        "Default/IndexedDB/",
        "Default/IndexedDB",
        "Default/Preferences",
        "SingletonLock",
        "linked",
        "Default/IndexedDB/" + "d/" * 20 + "x",
        "Default/IndexedDB/" + "x" * 600,
        "",
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    assert refusal(archive(entry(name)), tmp_path / "copy") == "SNAPSHOT_CORRUPT"
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.CONTTYPE]
)
def test_what_is_no_file(tmp_path: Path, kind: bytes) -> None:
    assert refusal(archive(entry(GOOD, kind, "/etc/passwd")), tmp_path / "copy") == "SNAPSHOT_CORRUPT"


def test_a_file_twice_or_in_the_place_of_a_directory(tmp_path: Path) -> None:
    assert refusal(archive(entry(GOOD), entry(GOOD)), tmp_path / "a") == "SNAPSHOT_CORRUPT"
    assert refusal(archive(entry(GOOD), entry(f"{GOOD}/x")), tmp_path / "b") == "SNAPSHOT_CORRUPT"
    assert refusal(archive(entry(f"{GOOD}/x"), entry(GOOD)), tmp_path / "c") == "SNAPSHOT_CORRUPT"


def _damaged() -> Iterator[bytes]:
    data = archive(entry(GOOD), content=b"x" * 2_000).data
    yield b""
    yield b"junk"
    yield from (data[:length] for length in (100, 511, 512, 1_000, 2_000))
    yield data[:148] + b"9" * 8 + data[156:]


@pytest.mark.parametrize("data", list(_damaged()))
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    assert refusal(ProfileImage(kind=KIND, data=data), tmp_path / "copy") == "SNAPSHOT_CORRUPT"


def test_another_kind(tmp_path: Path) -> None:
    assert refusal(archive(entry(GOOD), kind="chromium/2"), tmp_path / "copy") == "SNAPSHOT_UNSUPPORTED"
    assert not (tmp_path / "copy").exists()
