"""The engine that CI starts for the tests in containers: that it says truthfully when there is none."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "engine.py"


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing that could start an engine is to be found, and none answers.
    environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock", "PATH": str(tmp_path)}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_an_engine_the_command_isnt_run_and_the_reason_is_told(tmp_path: Path) -> None:
    reason, trace = tmp_path / "reason", tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w')"
    ended = run(tmp_path, f"--reason-file={reason}", sys.executable, "-c", code)
    assert ended.returncode == 75, ended.stderr
    assert not trace.exists()
    assert "no engine answers" in reason.read_text()
    assert reason.read_text().strip() in ended.stderr


def test_nothing_to_run_is_a_mistake(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 2
    assert run(tmp_path, f"--reason-file={tmp_path / 'reason'}").returncode == 2
    assert not (tmp_path / "reason").exists()
