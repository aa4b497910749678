"""An image is made of the login's files alone, and is trusted in nothing when it is unpacked."""

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
        "Default/IndexedDB/" + "x" * 256,
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
    yield data + b"junk"
    yield data[: 512 * 7] + data


@pytest.mark.parametrize("data", list(_damaged()))
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    assert refusal(ProfileImage(kind=KIND, data=data), tmp_path / "copy") == "SNAPSHOT_CORRUPT"


def test_an_image_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = archive(entry(GOOD), entry(f"{GOOD}.2"), content=b"x" * 500).data
    end = len(data.rstrip(b"\0"))
    end += -end % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE
    for number, length in enumerate(range(0, end, 64)):
        cut = ProfileImage(kind=KIND, data=data[:length])
        assert refusal(cut, tmp_path / str(number)) == "SNAPSHOT_CORRUPT", length
    unpack(ProfileImage(kind=KIND, data=data[:end]), tmp_path / "whole", LIMIT)
    assert len(tree(tmp_path / "whole")) == 2


def test_a_header_that_is_damaged_does_not_end_the_image(tmp_path: Path) -> None:
    data = bytearray(archive(entry(GOOD), entry(f"{GOOD}.2"), entry(f"{GOOD}.3"), content=b"x" * 500).data)
    for position in (1_024 + 10, 1_024 + 150, 2_048 + 130):
        damaged = data.copy()
        damaged[position] ^= 0x15
        image = ProfileImage(kind=KIND, data=bytes(damaged))
        assert refusal(image, tmp_path / str(position)) == "SNAPSHOT_CORRUPT"


def _header(kind: bytes, size: int, name: str = GOOD) -> bytes:
    info = entry(name, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def _extended(key: str, value: str) -> bytes:
    """An extended header with one record."""
    rest = f" {key}={value}\n"
    length = len(rest) + 1
    while len(record := f"{length}{rest}") != length:
        length = len(record)
    return _header(tarfile.XHDTYPE, length) + record.encode().ljust(-(-length // 512) * 512, b"\0")


_FILE: Final = _header(tarfile.REGTYPE, 1) + b"x".ljust(512, b"\0")
_END: Final = b"\0" * tarfile.RECORDSIZE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(_header(tarfile.REGTYPE, 1 << 70), "SNAPSHOT_TOO_LARGE", id="a file's size"),
        pytest.param(_extended("size", str(1 << 70)) + _FILE, "SNAPSHOT_TOO_LARGE", id="a size in an extended header"),
        pytest.param(_header(tarfile.REGTYPE, -512) + _FILE, "SNAPSHOT_CORRUPT", id="a negative size"),
        pytest.param(_extended("size", "-512") + _FILE, "SNAPSHOT_CORRUPT", id="a negative extended size"),
        pytest.param(_header(tarfile.XHDTYPE, 1 << 70) + _FILE, "SNAPSHOT_CORRUPT", id="an extended header's size"),
        pytest.param(_header(tarfile.GNUTYPE_LONGNAME, 1 << 70), "SNAPSHOT_CORRUPT", id="a long name's size"),
        pytest.param(_header(b"Z", 1 << 70), "SNAPSHOT_CORRUPT", id="the size of what isn't known"),
        pytest.param(_extended("comment", "x") * 5_000 + _FILE, "SNAPSHOT_CORRUPT", id="header upon header"),
        pytest.param(_extended("path", "../../x") + _FILE, "SNAPSHOT_CORRUPT", id="another name"),
        pytest.param(_extended("path", "Default/IndexedDB/a\0b") + _FILE, "SNAPSHOT_CORRUPT", id="a NUL in a name"),
        pytest.param(
            _extended("GNU.sparse.map", f"{1 << 60},1") + _FILE, "SNAPSHOT_CORRUPT", id="a sparse file by its map"
        ),
        pytest.param(
            _extended("GNU.sparse.size", str(1 << 60)) + _FILE, "SNAPSHOT_CORRUPT", id="a sparse file by its size"
        ),
        pytest.param(_header(tarfile.GNUTYPE_SPARSE, 1) + b"x" * 512, "SNAPSHOT_CORRUPT", id="an old sparse file"),
    ],
)
def test_headers_that_mean_harm(tmp_path: Path, data: bytes, reason: str) -> None:
    assert refusal(ProfileImage(kind=KIND, data=data + _END), tmp_path / "copy") == reason
    assert not any(path.stat().st_size > 1 for path in (tmp_path / "copy").rglob("*") if path.is_file())


def test_another_kind(tmp_path: Path) -> None:
    assert refusal(archive(entry(GOOD), kind="chromium/2"), tmp_path / "copy") == "SNAPSHOT_UNSUPPORTED"
    assert not (tmp_path / "copy").exists()
