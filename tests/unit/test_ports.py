"""Every port has a contract suite, and every kind of adapter that implements the port passes it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = {
    "BlocklistPage": "PeoplePages",
    "CallPage": "PeoplePages",
    "ChatPage": "PeoplePages",
    "ContactPage": "PeoplePages",
    "EventAppender": "EventLog",
    "LinkingPage": "WhatsAppPage",
    "MessagingPage": "WhatsAppPage",
    "MessagePage": "MessageOperations",
    "BackupReader": "BackupFile",
    "BackupWriter": "BackupFile",
    "DatabaseReader": "DatabaseBackup",
    "DatabaseWriter": "DatabaseBackup",
    "PeoplePage": "PeoplePages",
    "PresencePage": "PeoplePages",
    "Span": "Tracer",
    "UnitOfWorkFactory": "UnitOfWork",
}
"""Ports that are a part of another, and whose promises its suite tests."""


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements, however deep. Expressions hold none, and are most of what there would be to walk through."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, name, []))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from statements(part.body)


@cache
def classes(directory: str) -> list[tuple[Path, ast.ClassDef]]:
    sources = ((module, module.read_text()) for module in sorted((ROOT / directory).rglob("*.py")))
    return [
        (module, node)
        for module, source in sources
        if "class " in source
        for node in statements(ast.parse(source).body)
        if isinstance(node, ast.ClassDef)
    ]


def bases(node: ast.ClassDef) -> set[str]:
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


PORTS = sorted(node.name for _, node in classes("src/application/ports") if "Protocol" in bases(node))
SUITES = {node.name for _, node in classes("tests/contracts") if node.name.endswith("Contract")}


# Not when the module is imported, which each process does that runs some of the tests: there are hundreds of modules.
@cache
def collected() -> list[tuple[Path, ast.ClassDef]]:
    return [(module, node) for module, node in classes("tests") if node.name.startswith("Test")]


def implementing_packages(port: str) -> set[str]:
    """The packages of adapters with a class that names the port as its base."""
    home = ROOT / "src" / "adapters"
    return {module.relative_to(home).parts[0] for module, node in classes("src/adapters") if port in bases(node)}


def packages_that_pass(suite: str) -> set[str]:
    """The packages of adapters that the test modules import which subclass the suite."""
    found: set[str] = set()
    for module, node in collected():
        if suite in bases(node):
            imports = (each for each in ast.walk(ast.parse(module.read_text())) if isinstance(each, ast.ImportFrom))
            names = (each.module or "" for each in imports)
            found |= {name.split(".")[1] for name in names if name.startswith("adapters.")}
    return found


def test_they_are_found() -> None:
    assert {"WhatsAppDriver", "EventLog", "Clock"} <= set(PORTS)
    assert PARTS.keys() <= set(PORTS)
    assert implementing_packages("EventLog") == {"memory", "postgres"}


@pytest.mark.parametrize("port", PORTS)
def test_a_port_has_a_suite_that_its_adapters_pass(port: str) -> None:
    suite = f"{PARTS.get(port, port)}Contract"
    assert suite in SUITES, f"tests/contracts has no {suite} for the port {port}"
    missing = implementing_packages(port) - packages_that_pass(suite)
    assert not missing, f"no test subclasses {suite} for the adapters in {sorted(missing)}"


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_a_suite_is_used(suite: str) -> None:
    assert any(suite in bases(node) for _, node in collected())
