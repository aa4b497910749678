"""The image, the compose file and the unit file say what the documents promise, and agree with each other."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.cli.console import ExitCode
from entrypoints.cli.serve import STOP_SECONDS
from entrypoints.settings import Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
LAST_STAGE = DOCKERFILE[DOCKERFILE.index("FROM system AS pombo") :]
KNOWN = {str(field.validation_alias) for field in Settings.model_fields.values()}
OF_OTHERS = {"PATH", "HOME", "PYTHONDONTWRITEBYTECODE"}


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


@pytest.fixture
def unit() -> configparser.ConfigParser:
    # A key may come several times in a unit; what is looked at here comes once.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys are told apart by case
    parser.read(DEPLOY / "systemd" / "pombo.service")
    return parser


def test_the_image_runs_as_the_user_of_the_chart() -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)$", LAST_STAGE, re.MULTILINE)
    (made,) = re.findall(r"useradd --uid (\d+)", DOCKERFILE)
    chart = (DEPLOY / "helm/pombo/templates/_helpers.tpl").read_text()
    assert {*user, made, *re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", chart)} == {"10001"}


def test_the_last_stage_fetches_nothing() -> None:
    assert not re.search(r"apt-get|pip install|npm |curl|wget", LAST_STAGE)
    assert DOCKERFILE.count("FROM ") == 4


def test_the_image_sets_what_there_is_to_set() -> None:
    stage = re.sub(r"^ *#.*\n", "", LAST_STAGE, flags=re.MULTILINE)
    (block,) = re.findall(r"^ENV (.*?[^\\])$", stage, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"^\s*([A-Z_]+)=", block, re.MULTILINE))
    assert names - KNOWN == OF_OTHERS
    assert "HEALTHCHECK" in LAST_STAGE
    assert "/health/ready" in LAST_STAGE


def test_a_container_of_the_compose_file_can_do_little(compose: dict[str, Any]) -> None:
    pombo = compose["services"]["pombo"]
    assert pombo["read_only"] is True
    assert pombo["cap_drop"] == ["ALL"]
    assert pombo["security_opt"] == ["no-new-privileges:true", "seccomp:./seccomp.json"]
    assert all(port.startswith("127.0.0.1:") for port in pombo["ports"])
    assert pombo["environment"].keys() <= KNOWN
    assert all(service["restart"] == "unless-stopped" for service in compose["services"].values())
    assert all("ports" not in compose["services"][name] for name in ("postgres", "valkey"))


def test_the_compose_file_has_no_default_secret(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert asked == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "API_KEY", "POMBO_SNAPSHOT_KEY"}
    assert not re.findall(r"\$\{[A-Z_]+(?::?-|\})", text)
    assert {"postgres", "valkey"} == compose["services"]["pombo"]["depends_on"].keys()


def test_the_filter_leaves_chromiums_sandbox_what_it_needs() -> None:
    rules = json.loads((DEPLOY / "seccomp.json").read_text())
    denied = {name for rule in rules["syscalls"] for name in rule["names"]}
    assert {rule["action"] for rule in rules["syscalls"]} == {"SCMP_ACT_ERRNO"}
    assert denied.isdisjoint({"clone", "clone3", "unshare", "chroot", "seccomp", "prctl", "capset"})
    assert {"mount", "setns", "ptrace", "bpf", "init_module", "keyctl", "io_uring_setup"} <= denied


def test_every_platform_gives_the_program_the_time_that_it_takes(
    compose: dict[str, Any], unit: configparser.ConfigParser
) -> None:
    chart = "".join(path.read_text() for path in (DEPLOY / "helm/pombo/templates").glob("*.yaml"))
    given = [int(seconds) for seconds in re.findall(r"terminationGracePeriodSeconds: (\d+)", chart)]
    given.append(int(compose["services"]["pombo"]["stop_grace_period"].removesuffix("s")))
    given.append(int(unit["Service"]["TimeoutStopSec"]))
    assert len(given) == 4
    assert min(given) >= 2 * STOP_SECONDS


def test_the_service_is_not_started_again_with_settings_that_are_wrong(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert int(service["RestartPreventExitStatus"]) == ExitCode.USAGE
    assert service["Restart"] == "on-failure"
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("pombo", "yes", "strict")
    # Chromium's sandbox needs namespaces, and JavaScript memory that is written and run.
    assert {"RestrictNamespaces", "MemoryDenyWriteExecute"}.isdisjoint(service)
