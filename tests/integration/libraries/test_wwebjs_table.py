"""Nothing that whatsapp-web.js or the gateway can do is forgotten: wwebjs.toml says which test has both sides."""

import ast
import inspect
import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

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


def scenes_of(answer: Answer) -> list[str]:
    """What an answer names as tests. What has no colon is a reason, also beside a test that shows a part."""
    return [] if isinstance(answer, str) else [each for each in answer if ":" in each]


def reasons_of(answer: Answer) -> list[str]:
    return [answer] if isinstance(answer, str) else [each for each in answer if ":" not in each]


@cache
def defined_in(name: str) -> dict[str, ast.stmt]:
    """What a module of these tests defines, by name."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse((HERE / f"{name}.py").read_text()).body:
        match node:
            case ast.AsyncFunctionDef(name=of) | ast.FunctionDef(name=of) | ast.ClassDef(name=of):
                found[of] = node
            case ast.Assign(targets=[ast.Name(id=of)]) | ast.AnnAssign(target=ast.Name(id=of)):
                found[of] = node
    return found


class Said(NamedTuple):
    """What a test says: texts; keys of dictionaries and keywords; names, attributes among them."""

    texts: set[str]
    keys: set[str]
    names: set[str]


def methods_of(node: ast.stmt) -> dict[str, ast.AST]:
    assert isinstance(node, ast.ClassDef)
    return {each.name: each for each in node.body if isinstance(each, ast.AsyncFunctionDef | ast.FunctionDef)}


def keys_of(node: ast.AST) -> list[ast.expr | None]:
    """Of a dictionary, and of what looks into one."""
    match node:
        case ast.Dict(keys=keys):
            return keys
        case ast.Subscript(slice=key):
            return [key]
        case _:
            return []


@cache
def said_in(named: str) -> Said:
    """What a test says, and what the helpers, values and methods of the peers' say that it uses."""
    module, _, test = named.partition(":")
    own = defined_in(f"peer/test_{module}")
    helpers = {name: node for name, node in defined_in("peer/peers").items() if name != "Peers"}
    known: dict[str, ast.stmt] = helpers | own
    methods = methods_of(defined_in("peer/peers")["Peers"])
    clients = methods_of(defined_in("wwebjs")["WwebjsClient"])
    said = Said(set(), set(), set())
    looked_at: set[ast.AST] = set()
    todo: list[ast.AST] = [own[test]]
    while todo:
        node = todo.pop()
        if node in looked_at:
            continue
        looked_at.add(node)
        inside = list(ast.walk(node))
        keys = {key for each in inside for key in keys_of(each)}
        for each in inside:
            match each:
                case ast.Constant(value=str(text)):
                    (said.keys if each in keys else said.texts).add(text)
                case ast.keyword(arg=str(name)):
                    said.keys.add(name)
                case ast.Name(id=name):
                    said.names.add(name)
                    todo += [known[name]] if name in known else []
                case ast.Attribute(value=ast.Name(id="peers" | "self"), attr=name) if name in methods:
                    todo.append(methods[name])
                case ast.Attribute(value=ast.Attribute(attr="client" | "twin"), attr=name) if name in clients:
                    todo.append(clients[name])
                case ast.Attribute(attr=name):
                    said.names.add(name)
    return said


def has_both_sides(scene: str) -> bool:
    module, _, test = scene.partition(":")
    node = defined_in(f"peer/test_{module}").get(test)
    return isinstance(node, ast.AsyncFunctionDef) and "peers" in {each.arg for each in node.args.args}


@cache
def commands() -> dict[str, str]:
    """The body of each command of the client's, by its name."""
    start = r"^(?P<indent> {2}| {4})(?P<name>\w+): (?P<body>(?:async )?(?:\([^()]*\)|\w+) =>"
    pattern = re.compile(rf"{start}.*?)(?=^(?P=indent)\w+:|^ *\}};$)", re.MULTILINE | re.DOTALL)
    texts = [path.read_text() for path in CONFORMANCE.glob("wwebjs-*.mjs")]
    return {found["name"]: found["body"] for text in texts for found in pattern.finditer(text)}


@cache
def wrappers() -> dict[str, set[str]]:
    """By method of the client's, the methods of the library's other classes that call it."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "web/node_modules/whatsapp-web.js/src/structures").glob("*.js"):
        _, *members = re.split(r"^ {4}(?:async )?(?=\w+\()", path.read_text(), flags=re.MULTILINE)
        for member in members:
            for method in re.findall(r"this\.client\s*\.(\w+)\(", member):
                found.setdefault(method, set()).add(member.partition("(")[0])
    return found


def commands_with(method: str) -> set[str]:
    """The commands that use a method, or one of the library's that calls it."""
    either = "|".join({method} | wrappers().get(method, set()))
    return {name for name, body in commands().items() if re.search(rf"\b({either})\b", body)}


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
        scenes, reasons = scenes_of(answer), reasons_of(answer)
        good = all(map(has_both_sides, scenes)) and set(reasons) <= set(TABLE["reasons"])
        wrong += [] if good and (scenes or reasons) else [name]
    assert wrong == []


def test_every_reason_is_somebodys() -> None:
    assert {reason for _, answer in answers() for reason in reasons_of(answer)} == set(TABLE["reasons"])


def test_the_tests_that_are_named_for_a_method_call_it() -> None:
    """By a command of the client's that uses it."""
    wrong = []
    for section, rows in TABLE["classes"].items():
        for method, answer in rows.items():
            for scene in scenes_of(answer):
                said = said_in(scene)
                # The whole of the message is what `data` of every message is.
                done = "data" in said.keys if method == "rawData" else commands_with(method) & said.texts
                wrong += [] if done else [f"{section}.{method}: {scene}"]
    assert wrong == []


def test_the_tests_that_are_named_for_an_event_wait_for_it_and_for_an_option_give_it() -> None:
    events = [(name, scene) for name, answer in TABLE["events"].items() for scene in scenes_of(answer)]
    options = [(name, scene) for name, answer in TABLE["options"].items() for scene in scenes_of(answer)]
    assert [(name, scene) for name, scene in events if name not in said_in(scene).texts] == []
    assert [(name, scene) for name, scene in options if name not in said_in(scene).keys] == []


def test_the_tests_that_are_named_for_what_we_hold_have_it() -> None:
    kinds = {form.name: form.kind.__name__ for form in CONTENT_FORMS}
    wrong = []
    for name, answer in TABLE["contents"].items():
        for scene in scenes_of(answer):
            said = said_in(scene)
            wrong += [] if kinds[name] in said.names or name in said.keys else [(name, scene)]
    assert wrong == []


def test_the_tests_that_are_named_for_what_we_do_do_it() -> None:
    rows = [row for port in TABLE["ports"].values() for row in port.items()]
    wrong = [(name, scene) for name, answer in rows for scene in scenes_of(answer) if name not in said_in(scene).names]
    assert wrong == []
