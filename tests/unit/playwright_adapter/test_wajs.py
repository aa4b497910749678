"""Builds of wa-js: what is taken for one, and what is refused with what reason."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from adapters.playwright.wajs import WajsSettings, read_build
from domain.bridge import BridgeSource
from domain.errors import InvalidArgumentError

SCRIPT = "/*! wppconnect-team/wa-js v4.6.0 */(()=>{self.WPP={}})();"


def write(path: Path, text: str = SCRIPT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def package(home: Path, text: str = SCRIPT, **fields: str) -> Path:
    write(home / "package.json", json.dumps({"name": "@wppconnect/wa-js", "version": "4.7.1", **fields}))
    write(home / "dist" / "wppconnect-wa.js", text)
    return home


def test_a_script_is_told_by_its_banner_and_its_hash(tmp_path: Path) -> None:
    build = read_build(write(tmp_path / "wa.js"), BridgeSource.CONFIGURED)
    assert (build.version, build.source) == ("4.6.0", BridgeSource.CONFIGURED)
    assert build.sha256 == hashlib.sha256(SCRIPT.encode()).hexdigest()
    assert SCRIPT not in repr(build)


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("self.WPP={};/* wppconnect */", None),
        ('e.waVersion="4.8.0-nightly.1";self.WPP={};/* wppconnect */', "4.8.0-nightly.1"),
        (SCRIPT, "4.6.0"),
    ],
)
def test_a_packages_version_is_its_scripts_where_that_tells_one(
    tmp_path: Path, script: str, version: str | None
) -> None:
    assert read_build(package(tmp_path, script), BridgeSource.CANARY).version == (version or "4.7.1")
    assert read_build(tmp_path / "dist" / "wppconnect-wa.js", BridgeSource.CANARY).version == (version or "4.7.1")
    assert read_build(write(tmp_path / "alone" / "wa.js", script), BridgeSource.CANARY).version == version


@pytest.mark.parametrize("fields", [{"name": "left-pad"}, {"version": "<script>"}, {"version": ""}])
def test_a_package_of_something_else_tells_no_version(tmp_path: Path, fields: dict[str, str]) -> None:
    assert read_build(package(tmp_path, "self.WPP={};/* wppconnect */", **fields), BridgeSource.PINNED).version is None


def test_what_is_no_build_is_refused_with_the_path_and_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "other.js", "self.jQuery={}")
    (tmp_path / "binary.js").write_bytes(b"\xff\xfe\x00WPP wppconnect")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty.js", "")
    write(tmp_path / "huge.js", SCRIPT + " " * (32 * 1024 * 1024))
    os.mkfifo(tmp_path / "pipe.js")
    for name, why in (
        ("missing.js", "No such file"),
        ("other.js", "isn't wa-js"),
        ("binary.js", "isn't text"),
        ("empty", "No such file"),
        ("empty.js", "isn't wa-js"),
        ("huge.js", "larger than"),
        ("pipe.js", "neither a script nor"),
    ):
        with pytest.raises(InvalidArgumentError, match=why) as caught:
            read_build(tmp_path / name, BridgeSource.CONFIGURED)
        assert caught.value.reason == "WAJS_UNUSABLE"
        assert str(tmp_path / name) in caught.value.message


def test_which_session_runs_what(tmp_path: Path) -> None:
    pinned, configured, canary = (write(tmp_path / f"{name}.js", SCRIPT + name) for name in ("p", "c", "k"))
    alone = WajsSettings(pinned=pinned)
    assert alone.read("a").source is BridgeSource.PINNED
    both = WajsSettings(pinned=pinned, configured=configured, canary=canary, canary_sessions=frozenset({"a"}))
    assert (both.read("a").source, both.read("b").source) == (BridgeSource.CANARY, BridgeSource.CONFIGURED)
    before = both.read("b").sha256
    write(configured, SCRIPT + "newer")
    assert both.read("b").sha256 != before
