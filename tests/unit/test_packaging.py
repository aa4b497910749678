"""The packages have generic names: these tests see to it that ours, and nobody else's, are imported."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints", "sandbox")
LOCKS = ("requirements.txt", "requirements-dev.txt")
_PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==(\S+)")


def _pins(lock: str) -> dict[str, str]:
    matches = (_PIN.match(line) for line in (ROOT / lock).read_text().splitlines())
    return {match[1]: match[2] for match in matches if match}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_ours_in_a_fresh_interpreter(package: str, tmp_path: Path) -> None:
    # -I: neither the working directory nor PYTHONPATH helps; only what is installed counts.
    code = f"import {package}; print({package}.__file__)"
    output = subprocess.check_output([sys.executable, "-I", "-c", code], cwd=tmp_path, text=True)
    assert Path(output.strip()) == ROOT / "src" / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_distribution_of_that_name_is_installed_or_pinned(package: str) -> None:
    assert not list(metadata.distributions(name=package))
    assert all(package not in _pins(lock) for lock in LOCKS)


def test_only_the_project_itself_provides_the_packages() -> None:
    provided = metadata.packages_distributions()
    # An editable install lists no modules, so a name that shows up here at all belongs to somebody else.
    assert {name: provided[name] for name in PACKAGES if provided.get(name, ["pombo"]) != ["pombo"]} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert [block for block in requirements if not _PIN.match(block) or "--hash=sha256:" not in block] == []


def test_the_running_pins_are_those_of_the_development_environment() -> None:
    running, development = (_pins(lock) for lock in LOCKS)
    assert running.items() <= development.items()


def test_the_npm_lock_pins_by_hash_and_names_no_address() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert [path for path, entry in packages.items() if "integrity" not in entry] == []
    assert [path for path, entry in packages.items() if "resolved" in entry] == []


def test_the_project_cannot_be_uploaded_by_mistake() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "Private :: Do Not Upload" in project["classifiers"]


def test_the_command_is_installed_and_says_what_it_can_do(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / "pombo"
    output = subprocess.check_output([command, "--help"], cwd=tmp_path, text=True)
    assert all(name in output for name in ("serve", "sandbox", "link", "send", "events", "doctor"))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_what_the_code_imports_is_asked_for_by_name() -> None:
    # What comes along with another package may stop coming along; and the image has the running pins alone.
    asked = {line for line in (ROOT / "requirements.in").read_text().split() if line}
    trees = (ast.parse(module.read_text()) for module in sorted((ROOT / "src").rglob("*.py")))
    imported = {name for tree in trees for name in _imports(tree)} - set(PACKAGES) - sys.stdlib_module_names
    provided = metadata.packages_distributions()
    missing = {
        name: sorted(set(provided.get(name, [])))
        for name in sorted(imported)
        if asked.isdisjoint(distribution.lower().replace("_", "-") for distribution in provided.get(name, []))
    }
    assert missing == {}
