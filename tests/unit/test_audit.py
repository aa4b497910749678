"""The dependency audit: what is known fails it, and what couldn't be asked is never called clean."""

import json
import sys
from datetime import date, timedelta
from importlib import util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOUND = util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
assert FOUND is not None
assert FOUND.loader is not None
audit: Any = util.module_from_spec(FOUND)
sys.modules["audit"] = audit
FOUND.loader.exec_module(audit)

TODAY = date(2026, 11, 28)
SOUND = {"name": "yarl", "version": "1.0", "vulns": []}
VULNERABLE = {
    "name": "pillow",
    "version": "9.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1", "GHSA-a"], "fix_versions": ["9.1"], "description": "x"}],
}
SKIPPED = {"name": "starlette", "skip_reason": "Dependency not found on PyPI and could not be audited"}
NPM: dict[str, Any] = {
    "vulnerabilities": {
        "lib": {"range": "<2", "via": [{"source": 1, "url": "https://x/advisories/GHSA-b", "title": "Bad"}]},
        "above": {"range": "<3", "via": ["lib"]},
    },
    "metadata": {"dependencies": {"prod": 7}},
}


def python(*packages: dict[str, Any]) -> Any:
    return audit.of_pip_audit(json.dumps({"dependencies": packages, "fixes": []}), "Python")


def npm(report: Any) -> Any:
    return audit.of_npm_audit(json.dumps(report), "npm")


CLEAN_NPM = npm({**NPM, "vulnerabilities": {}})


def judged(*asked: Any, ignored: str = "") -> tuple[int, str]:
    entries, problems = audit.read_ignored(ignored, TODAY)
    status, lines = audit.judge(asked, entries, problems, TODAY)
    return status, "\n".join(lines)


def entry(name: str = "CVE-2026-1", package: str = "Pillow", until: date = TODAY) -> str:
    return f'[[ignore]]\nid = "{name}"\npackage = "{package}"\nreason = "not reached"\nuntil = {until}\n'


def test_nothing_is_known_of_what_was_asked() -> None:
    status, text = judged(python(SOUND), CLEAN_NPM)
    assert (status, "NOT AUDITED" in text) == (0, False)


def test_what_is_known_fails() -> None:
    status, text = judged(python(SOUND, VULNERABLE), CLEAN_NPM)
    assert status == 1
    assert "VULNERABLE: pillow 9.0: PYSEC-1, mended in 9.1" in text
    status, text = judged(python(SOUND), npm(NPM))
    assert (status, text.count("VULNERABLE")) == (1, 1)
    assert "GHSA-b" in text


@pytest.mark.parametrize(
    "asked",
    [
        python(SOUND, SKIPPED),
        python(SKIPPED),
        audit.of_pip_audit("", "Python"),
        audit.of_pip_audit("Traceback", "Python"),
        audit.of_pip_audit("[]", "Python"),
        npm({"message": "405 Method Not Allowed - POST https://registry.test/x", "error": {"summary": ""}}),
        npm({"error": {"summary": "no network"}}),
        npm([]),
        audit.of_npm_audit("", "npm"),
    ],
)
def test_what_could_not_be_asked_is_not_clean(asked: Any) -> None:
    status, text = judged(asked, CLEAN_NPM)
    assert status == audit.NOT_ASKED
    assert "NOT AUDITED" in text
    # No address of a registry is told on.
    assert "://" not in text
    # What is known of the rest fails all the same.
    assert judged(asked, python(VULNERABLE))[0] == 1


def test_what_is_let_pass() -> None:
    status, text = judged(python(VULNERABLE), CLEAN_NPM, ignored=entry())
    assert status == 0
    assert f"let pass until {TODAY}: pillow 9.0" in text
    assert "not reached" in text
    assert judged(python(VULNERABLE), CLEAN_NPM, ignored=entry(package="other"))[0] == 1


@pytest.mark.parametrize(
    ("ignored", "told"),
    [
        (entry(until=TODAY - timedelta(days=1)), "look at it again"),
        (entry(until=TODAY + timedelta(days=91)), "90 days ahead"),
        (entry(name="CVE-2026-2"), "isn't found any more"),
        ('[[ignore]]\nid = "CVE-2026-1"\npackage = "pillow"\nuntil = 2026-12-01\n', "has to have"),
        (entry() + 'owner = "x"\n', "has to have"),
        (entry().replace("not reached", ""), "has to have"),
    ],
)
def test_an_entry_has_a_reason_and_an_end_and_is_needed(ignored: str, told: str) -> None:
    status, text = judged(python(VULNERABLE), CLEAN_NPM, ignored=ignored)
    assert status == 1
    assert told in text


def test_an_entry_is_not_called_needless_by_who_was_not_asked() -> None:
    assert judged(python(SKIPPED), CLEAN_NPM, ignored=entry(until=TODAY))[0] == audit.NOT_ASKED


def test_the_entries_as_they_stand_are_in_order() -> None:
    entries, problems = audit.read_ignored((ROOT / "audit.toml").read_text(), TODAY)
    assert [problem for problem in problems if "look at it again" not in problem] == []
    assert all(len(each.reason) > 20 for each in entries)
