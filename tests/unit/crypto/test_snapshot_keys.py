"""Keys come from the settings, or from a file that nobody else can read."""

import base64
import os
import stat
from pathlib import Path

import pytest

from adapters.crypto.snapshot_keys import make_key_file, parse_keys, read_key_file
from domain.errors import InvalidArgumentError, UnavailableError

ONE, TWO = b"1" * 32, b"2" * 32


def text(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_keys_in_their_order() -> None:
    assert parse_keys(text(ONE)) == (ONE,)
    assert parse_keys(text(TWO, ONE).replace(",", " , ")) == (TWO, ONE)


@pytest.mark.parametrize("bad", ["", "x", text(b"short"), text(ONE) + ",", text(ONE, ONE), "é" * 44, text(b"1" * 33)])
def test_what_is_no_key(bad: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        parse_keys(bad)
    assert refused.value.reason == "INVALID_SNAPSHOT_KEY"
    assert not bad or bad not in refused.value.message


def test_a_key_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.key"
    assert read_key_file(path) is None
    old = os.umask(0)
    try:
        (key,) = make_key_file(path)
    finally:
        os.umask(old)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_key_file(path) == read_key_file(path) == (key,)
    assert [entry.name for entry in tmp_path.iterdir()] == ["snapshot.key"]


def test_a_key_file_can_hold_older_keys_too(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.key"
    path.write_text(text(TWO, ONE) + "\n")
    path.chmod(0o600)
    assert make_key_file(path) == (TWO, ONE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "snapshot.key"
    make_key_file(path)
    path.chmod(mode)
    with pytest.raises(InvalidArgumentError) as refused:
        make_key_file(path)
    assert "chmod 600" in refused.value.message


@pytest.mark.parametrize("content", [b"", b"junk", b"\xff" * 44, b"x" * 5_000])
def test_a_key_file_without_a_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snapshot.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidArgumentError):
        make_key_file(path)
    assert path.read_bytes() == content


def test_a_foreign_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "snapshot.key"
    make_key_file(path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InvalidArgumentError) as refused:
        make_key_file(path)
    assert "belongs to user id" in refused.value.message


def test_neither_a_link_nor_a_directory_is_followed(tmp_path: Path) -> None:
    make_key_file(tmp_path / "real.key")
    (tmp_path / "link.key").symlink_to(tmp_path / "real.key")
    with pytest.raises(UnavailableError):
        make_key_file(tmp_path / "link.key")
    (tmp_path / "directory.key").mkdir(mode=0o700)
    with pytest.raises(InvalidArgumentError):
        make_key_file(tmp_path / "directory.key")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        make_key_file(tmp_path / "gone" / "snapshot.key")
    assert refused.value.reason == "DATA_DIR_UNUSABLE"
