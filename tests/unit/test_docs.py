"""What the documents name exists: paths, links, make targets, settings, reasons of errors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.session import StatusReason
from entrypoints.cli.client_tls import ClientTlsSettings
from entrypoints.cli.demo_settings import SandboxSettings
from entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")])
MADE_LATER = ("web/dist/", "benchmarks/results/", "src/entrypoints/grpc/gen/")
"""Made by setup, by a benchmark, or from the proto files."""

_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:src|web|tests|proto|scripts|docs|deploy|benchmarks|\.ci)/[\w./*-]*")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_REASON = re.compile(r"[A-Z][A-Z0-9_]+")
_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|", re.MULTILINE)


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_path_that_a_document_names_exists(document: Path) -> None:
    named = {code for code in _CODE.findall(document.read_text()) if _PATH.fullmatch(code)}
    assert sorted(path for path in named if not path.startswith(MADE_LATER) and not any(ROOT.glob(path))) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_relative_link_of_a_document_leads_somewhere(document: Path) -> None:
    links = {link for link in _LINK.findall(document.read_text()) if "://" not in link}
    assert sorted(link for link in links if not (document.parent / link).exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_make_target_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)[ `]", document.read_text()))
    assert sorted(named - targets) == []


def test_the_settings_table_lists_the_settings_and_no_others() -> None:
    documented = _ROW.findall((ROOT / "docs" / "configuration.md").read_text())
    classes = (Settings, SandboxSettings, ClientTlsSettings)
    fields = [field for each in classes for field in each.model_fields.values()]
    known = {str(field.validation_alias) for field in fields} | {"POMBO_URL"}
    assert sorted(documented) == sorted(known)


def _section(document: str, heading: str) -> str:
    """A section's text, up to the next heading."""
    text = (ROOT / document).read_text()
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"{document} has no section {heading!r}"
    return rest.split("\n## ")[0]


def _names_an_error(call: ast.Call) -> bool:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    # CapabilityUnavailableError takes a capability; its reason is its own.
    return str(name).endswith(("Error", "__init__", "Failure", "Problem")) and name != "CapabilityUnavailableError"


def _reasons(tree: ast.AST) -> Iterator[str]:
    """Reasons given to errors: in calls, and in the ``Raises:`` parts of docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _names_an_error(node):
            arguments = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
            for argument in arguments:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            _, _, raises = (ast.get_docstring(node) or "").partition("Raises:")
            yield from re.findall(r"``([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)``", raises)


def test_the_table_of_reasons_is_complete_and_has_no_leftovers() -> None:
    documented = _ROW.findall(_section("docs/errors.md", "Reasons"))
    assert len(documented) == len(set(documented))
    raised: set[str] = set()
    sources = ""
    for package in ("domain", "application", "adapters", "entrypoints"):
        for module in sorted((SRC / package).rglob("*.py")):
            text = module.read_text()
            sources += text
            raised |= {reason for reason in _reasons(ast.parse(text)) if _REASON.fullmatch(reason)}
    assert sorted(raised - set(documented)) == []
    # A reason may also come from a table of the page's codes, so any mention in the code keeps a row.
    assert sorted(reason for reason in documented if f'"{reason}"' not in sources) == []


def test_the_table_of_status_reasons_is_complete_and_has_no_leftovers() -> None:
    documented = _ROW.findall(_section("docs/errors.md", "Why a session has its status"))
    assert sorted(documented) == sorted(StatusReason)
