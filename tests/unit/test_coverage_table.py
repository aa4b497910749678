"""The rules of the coverage table's rows: what each of them finds."""

import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "coverage_table.py"
FOUND = util.spec_from_file_location("coverage_table", SCRIPT)
assert FOUND is not None
assert FOUND.loader is not None
table: Any = util.module_from_spec(FOUND)
sys.modules["coverage_table"] = table
FOUND.loader.exec_module(table)

REFUSED = "tests/integration/gateway/test_conversation.py::test_what_is_refused_has_one_reason_everywhere"
ELSEWHERE = "tests/integration/grpc/test_media.py::test_the_same_request_stores_once"


def row(**changed: Any) -> dict[str, Any]:
    """A row that keeps every rule, or one with something else in it; None takes a field away."""
    whole = {
        "feature": "who am I",
        "rest": ["GET /api/v1/sessions/{session_id}/me"],
        "rpc": ["SessionService.GetMe"],
        "events": ["session.status"],
        "wajs": ["conn.getMyUserId"],
        "sandbox": ["WAWebUserPrefsMeUser"],
        "tests": [REFUSED],
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Reads one row as it would stand in a file."""
    monkeypatch.setattr(table, "ROWS", tmp_path)

    def of(**changed: Any) -> list[Any]:
        fields = (f"{name} = {_toml(value)}" for name, value in row(**changed).items())
        (tmp_path / "0.toml").write_text('title = "Sessions"\n\n[[row]]\n' + "\n".join(fields) + "\n")
        sections: list[Any] = table.read_sections()
        return sections

    return of


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"'


def problems(sections: list[Any]) -> list[str]:
    """What is wrong with the row; that other things are in none is no matter here."""
    return [problem for problem in table.problems(sections) if not problem.startswith("no row names")]


def test_a_row_that_keeps_every_rule(read: Callable[..., list[Any]]) -> None:
    assert problems(read()) == []


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"rest": ["GET /api/v1/nothing"]}, "REST names 'GET /api/v1/nothing', which isn't there"),
        ({"rpc": ["SessionService.Nothing"]}, "RPC names 'SessionService.Nothing', which isn't there"),
        ({"events": ["session.nothing"]}, "Events names 'session.nothing', which isn't there"),
        ({"wajs": ["conn.nothing"]}, "wa-js names 'conn.nothing', which isn't there"),
        ({"sandbox": ["WAWebNothing"]}, "Sandbox names 'WAWebNothing', which isn't there"),
        ({"tests": [REFUSED, f"{REFUSED}_else"]}, f"Tests names '{REFUSED}_else', which isn't there"),
        ({"tests": [REFUSED, "tests/none.py::test_it"]}, "Tests names 'tests/none.py::test_it', which isn't there"),
        ({"events": None}, "Events is to come"),
        ({"none": {"events": "nothing happens"}}, "events is named and told to be none"),
        ({"tests": [ELSEWHERE]}, "no test of tests/integration/gateway/ shows it on both transports"),
        ({"tests": [ELSEWHERE], "no_gateway_test": ""}, "no test of tests/integration/gateway/ shows it"),
        ({"no_gateway_test": "it takes a day"}, "a test of the gateway is named and told to be none"),
    ],
)
def test_a_row_that_breaks_one(read: Callable[..., list[Any]], changed: dict[str, Any], wrong: str) -> None:
    (problem,) = problems(read(**changed))
    assert problem.startswith(f"Sessions, who am I: {wrong}")


@pytest.mark.parametrize(
    "changed",
    [
        {"events": None, "none": {"events": "reading changes nothing"}},
        {"tests": [ELSEWHERE], "no_gateway_test": "it takes a day"},
        # What one transport alone has needn't be shown on both.
        {"tests": [ELSEWHERE], "rpc": None, "none": {"rpc": "gRPC has its own"}},
        {"tests": [ELSEWHERE], "rest": None, "none": {"rest": "a stream of gRPC's"}},
    ],
)
def test_a_row_that_says_why(read: Callable[..., list[Any]], changed: dict[str, Any]) -> None:
    sections = read(**changed)
    assert problems(sections) == []
    reasons = [*changed.get("none", {}).values(), changed.get("no_gateway_test", "")]
    assert all(reason in table.render(sections) for reason in reasons)


def test_what_is_in_no_row_is_told(read: Callable[..., list[Any]]) -> None:
    found = table.problems(read())
    assert "no row names REST 'POST /api/v1/sessions'" in found
    assert "no row names RPC 'SessionService.CreateSession'" in found
    assert "no row names Events 'message.sent'" in found
    assert "no row names RPC 'SessionService.GetMe'" not in found


def test_a_field_that_isn_t_known(read: Callable[..., list[Any]]) -> None:
    with pytest.raises(ValueError, match=r"who am I: unknown fields \['test'\]"):
        read(test=[REFUSED])
