"""The data directory is ours, private, and one gateway's at a time."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.embedded.data_directory import DataDirectory
from domain.errors import ConflictError, PomboError, UnavailableError


def refusal(path: Path) -> PomboError:
    with pytest.raises(PomboError) as refused:
        DataDirectory.open(path)
    assert str(path) in refused.value.message
    return refused.value


def test_it_is_made_private_and_found_again(data_dir: Path) -> None:
    path = data_dir / "a" / "b"
    with DataDirectory.open(path) as directory:
        assert directory.path == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        (path / "postgres").mkdir()
    path.chmod(0o755)
    with DataDirectory.open(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_an_empty_directory_will_do(data_dir: Path) -> None:
    (data_dir / "lost+found").mkdir()
    with DataDirectory.open(data_dir):
        pass


def test_foreign_files_are_left_alone(data_dir: Path) -> None:
    (data_dir / "thesis.odt").write_text("x")
    error = refusal(data_dir)
    assert (type(error), error.reason) == (ConflictError, "DATA_DIR_FOREIGN")
    assert [entry.name for entry in data_dir.iterdir()] == ["thesis.odt"]


def test_one_gateway_at_a_time(data_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from adapters.embedded.data_directory import DataDirectory\n"
        "DataDirectory.open(Path(sys.argv[1])); print('taken', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": "src"}
    command = [sys.executable, "-c", script, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout
        assert other.stdout.readline() == b"taken\n"
        error = refusal(data_dir)
        assert (type(error), error.reason) == (ConflictError, "DATA_DIR_IN_USE")
        other.kill()
    # Killed, it doesn't hold it any more.
    with DataDirectory.open(data_dir) as directory:
        directory.close()


def test_another_users_directory(data_dir: Path) -> None:
    path = Path("/")
    if os.geteuid() == 0:
        path = data_dir / "theirs"
        path.mkdir()
        os.chown(path, 1, 1)
    error = refusal(path)
    assert (type(error), error.reason) == (ConflictError, "DATA_DIR_OWNER")


def test_a_newer_format(data_dir: Path) -> None:
    with DataDirectory.open(data_dir):
        pass
    (data_dir / "pombo-data").write_text("2\n")
    error = refusal(data_dir)
    assert (type(error), error.reason) == (ConflictError, "DATA_DIR_NEWER")


def test_a_file_in_its_place(data_dir: Path) -> None:
    (data_dir / "file").write_text("x")
    error = refusal(data_dir / "file")
    assert (type(error), error.reason) == (UnavailableError, "DATA_DIR_UNUSABLE")
    error = refusal(data_dir / "file" / "below")
    assert error.reason == "DATA_DIR_UNUSABLE"


def test_a_copy_is_another_node(tmp_path: Path) -> None:
    """Two that took each other's leases for their own would run every session twice."""
    with DataDirectory.open(tmp_path / "data") as directory:
        node = directory.node
        assert directory.node == node
    with DataDirectory.open(tmp_path / "data") as directory:
        assert directory.node == node
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with DataDirectory.open(tmp_path / "copy") as copied:
        other = copied.node
        assert other != node
        assert copied.node == other
    (tmp_path / "data").rename(tmp_path / "moved")
    with DataDirectory.open(tmp_path / "moved") as moved:
        assert moved.node == node
    for spoilt in ("", "x" * 400, "a b c", "../.. 7"):
        (tmp_path / "moved" / "node").write_text(spoilt)
        with DataDirectory.open(tmp_path / "moved") as mended:
            assert mended.node not in {node, other, spoilt}


def test_a_full_disk_is_told_before_anything_is_begun(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # More than any disk has: what is looked at is the real one.
    monkeypatch.setattr("adapters.embedded.data_directory.LEAST_FREE", 2**62)
    error = refusal(data_dir / "data")
    assert (type(error), error.reason) == (UnavailableError, "DISK_FULL")
    assert "POMBO_DATA_DIR" in error.message
    assert not (data_dir / "data" / "pombo-data").exists()
    monkeypatch.undo()
    with DataDirectory.open(data_dir / "data"):
        pass
