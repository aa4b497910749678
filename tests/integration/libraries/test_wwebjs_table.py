"""Nothing that whatsapp-web.js or the gateway can do is forgotten: wwebjs.toml says which test has both sides."""

import ast
import inspect
import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from application.ports.whatsapp_driver import WhatsAppPage
from application.representation.content import CONTENT_FORMS

from .sandbox import ROOT

HERE = Path(__file__).parent
TABLE: dict[str, Any] = tomllib.loads((HERE / "wwebjs.toml").read_text())
CONFORMANCE = ROOT / "web/conformance"
OWN = {
    "bridge",
    "capabilities",
    "close",
    "effect",
    "events",
    "find",
    "image",
    "logout",
    "probe",
    "recent",
    "refresh_qr",
}
OWN |= {"reload", "request_pairing_code", "take_over"}
"""Of a page itself, and of its link: not of what its account does with others."""

type Answer = list[str] | str


@cache
def surface() -> dict[str, Any]:
    told = subprocess.run(["node", CONFORMANCE / "wwebjs-surface.mjs"], check=True, capture_output=True)  # noqa: S607
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def ports() -> dict[str, set[str]]:
    """The methods of a page's ports, by port; the page's own under its own name."""
    found: dict[str, set[str]] = {WhatsAppPage.__name__: set()}
    for name in WhatsAppPage.__abstractmethods__ - OWN:
        member = inspect.getattr_static(WhatsAppPage, name)
        if isinstance(member, property):
            port = get_type_hints(member.fget)["return"]
            found[port.__name__] = set(port.__abstractmethods__)
        else:
            found[WhatsAppPage.__name__].add(name)
    return found


def answers() -> list[tuple[str, Answer]]:
    sections = [*TABLE["classes"].items(), *TABLE["ports"].items()]
    sections += [(name, TABLE[name]) for name in ("whole_classes", "events", "types", "options", "contents")]
    return [(f"{section}.{name}", answer) for section, rows in sections for name, answer in rows.items()]


@cache
def scenes_of(module: str) -> dict[str, set[str]]:
    """The tests of a module, with the fixtures of each."""
    tree = ast.parse((HERE / "peer" / f"test_{module}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    return {node.name: {each.arg for each in node.args.args} for node in functions}


def test_the_table_is_of_the_library_that_is_installed() -> None:
    assert TABLE["version"] == surface()["version"]


def test_every_method_of_every_class_is_in_the_table() -> None:
    classes = surface()["classes"]
    whole = TABLE["whole_classes"]
    assert {name: sorted(rows) for name, rows in TABLE["classes"].items()} == {
        name: methods for name, methods in classes.items() if name not in whole
    }
    assert set(whole) <= set(classes)


def test_every_event_type_and_option_is_in_the_table() -> None:
    for name in ("events", "types", "options"):
        assert sorted(TABLE[name]) == surface()[name]


def test_every_content_and_every_operation_of_ours_is_in_the_table() -> None:
    assert sorted(TABLE["contents"]) == sorted(form.name for form in CONTENT_FORMS)
    assert {name: set(rows) for name, rows in TABLE["ports"].items()} == ports()


def test_each_names_tests_that_have_both_sides_or_a_reason() -> None:
    wrong = []
    for name, answer in answers():
        if isinstance(answer, str):
            wrong += [name] if answer not in TABLE["reasons"] else []
            continue
        found = [scenes_of(module).get(test, set()) for module, _, test in (each.partition(":") for each in answer)]
        wrong += [name] if not found or not all("peers" in fixtures for fixtures in found) else []
    assert wrong == []


def test_every_reason_is_somebodys() -> None:
    assert {answer for _, answer in answers() if isinstance(answer, str)} == set(TABLE["reasons"])


def test_what_is_named_as_tested_is_called() -> None:
    """By a command of the client's, or by a method of the library's that such a command calls."""
    package = ROOT / "web/node_modules/whatsapp-web.js/src/structures"
    commands = "\n".join(path.read_text() for path in CONFORMANCE.glob("wwebjs-*.mjs"))
    library = "\n".join(path.read_text() for path in package.glob("*.js"))
    named = {
        method for rows in TABLE["classes"].values() for method, answer in rows.items() if not isinstance(answer, str)
    }
    # The whole of the message is what `data` of every message is.
    uncalled = {
        method
        for method in named - {"rawData"}
        if not re.search(rf"\b{method}\b", commands) and not re.search(rf"client\s*\.{method}\(", library)
    }
    assert uncalled == set()
    events = {event for event, answer in TABLE["events"].items() if not isinstance(answer, str)}
    assert {event for event in events if f'"{event}"' not in commands} == set()
