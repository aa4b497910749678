"""What of the page's contract can be checked without a browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"
CONTRACT: dict[str, Any] = json.loads((ROOT / "src/sandbox/page/contract.json").read_text())
WWEBJS = WEB / "node_modules/whatsapp-web.js/src"


def _required_modules() -> set[str]:
    source = "\n".join(path.read_text() for path in sorted(WWEBJS.rglob("*.js")))
    return set(re.findall(r"""\.require\(\s*['"]([A-Za-z0-9]+)['"]""", source))


def test_every_module_that_whatsapp_web_js_requires_is_listed() -> None:
    required = _required_modules()
    assert len(required) > 100
    assert required - set(CONTRACT["modules"]) == set()


def test_every_binding_of_wa_js_names_a_listed_export() -> None:
    missing = []
    for name, references in CONTRACT["bindings"].items():
        for reference in references if isinstance(references, list) else [references]:
            module, _, path = reference.partition("#")
            export = path.removesuffix(".constructor")
            listed = CONTRACT["modules"].get(module, {})
            # What a whole module or object is taken for is listed by its members.
            if not any(not export or entry == export or entry.startswith(f"{export}.") for entry in listed):
                missing.append(f"{name}: {reference}")
    assert missing == []


def test_every_export_says_who_uses_it_and_whether_it_is_real() -> None:
    for module, exports in CONTRACT["modules"].items():
        for name, entry in exports.items():
            states = {consumer: entry[consumer] for consumer in ("wa-js", "whatsapp-web.js") if consumer in entry}
            assert states, f"{module}.{name} has no consumer"
            assert set(states.values()) <= {"real", "stub"}, f"{module}.{name}"


def test_what_is_absent_has_a_reason() -> None:
    assert all(CONTRACT["absent"].values())
    assert set(CONTRACT["absent"]) & set(CONTRACT["bindings"]) == set()


def test_the_page_is_type_checked() -> None:
    compiler = WEB / "node_modules/.bin/tsc"
    if not compiler.exists() or shutil.which("node") is None:
        pytest.fail("the npm packages are not installed: run npm ci in web/")
    checked = subprocess.run([compiler, "-p", "sandbox-page"], cwd=WEB, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def _bridge_needs() -> set[str]:
    """What the bridge asks of wa-js and of the page itself, by its own names, and what it uses besides."""
    source = "\n".join(path.read_text() for path in sorted((WEB / "bridge/src").glob("*.ts")))
    named = set(re.findall(r'\b(?:fn|obj|fun|need|own)\(\s*"([\w.]+)"', source))
    used = {f"whatsapp.{name}" for name in re.findall(r"\bWPP\.whatsapp\.((?:functions\.)?\w+)", source)}
    own = {f"{module}.{path}" for module, path in re.findall(r'"(WAWeb\w+)",\s*"([\w.]+)"', source)}
    return named | used | own


def test_wa_js_s_search_is_tested_for_all_that_the_bridge_needs() -> None:
    """Each name of wa-js's own is among the bindings whose intended module the browser's test looks at."""
    needs = _bridge_needs()
    searched = {need.removeprefix("whatsapp.").removeprefix("functions.") for need in needs if "whatsapp." in need}
    # `functions` and `enums` hold names; wa-js makes some itself: those are among the absent ones.
    names = {name.split(".")[0] for name in searched} - {"functions", "enums"}
    assert len(names) > 50
    assert names - set(CONTRACT["bindings"]) - set(CONTRACT["absent"]) == set()
    own = [need.partition(".") for need in needs if need.startswith("WAWeb")]
    assert len(own) > 1
    assert [(module, path) for module, _, path in own if path not in CONTRACT["modules"].get(module, {})] == []
