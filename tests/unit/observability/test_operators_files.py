"""The dashboard and the alert rules name what is measured, and the documents tell of both."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.prometheus.metrics import PrometheusMetrics
from application.observability.catalogue import MEASURES
from application.ports.metrics import Kind, Measure
from domain.message import MessageStatus
from domain.session import SessionStatus

ROOT = Path(__file__).parents[3]
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
DOCUMENT = (ROOT / "docs/observability.md").read_text()

_OURS = {
    f"{measure.name}{suffix}": measure
    for measure in MEASURES
    for suffix in (("_bucket", "_count", "_sum") if measure.kind is Kind.HISTOGRAM else ("",))
}
_OF_THE_PROCESS = {
    line.split(" ")[2] for line in PrometheusMetrics(()).text().splitlines() if line.startswith("# TYPE ")
} | {"up"}
_BY_PROMETHEUS = {"instance", "job", "le"}
_WORDS = {
    *("sum", "min", "max", "by", "and", "offset", "rate", "increase", "scalar", "topk", "histogram_quantile"),
    *("humanize1024", "humanizeDuration"),
}
_SELECTOR = re.compile(r"([a-z_]+)\{([^}]*)\}")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!=|=)\s*"([^"]*)"')
_GROUPS = re.compile(r"\bby \(([^)]*)\)")
_STRIPPED = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)|\b[0-9][0-9.e]*[smhd]?\b')
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every one, by the name of its rule or panel."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def names(expression: str) -> set[str]:
    """The names of measurements in PromQL as it is written here."""
    return set(_NAME.findall(_STRIPPED.sub(" ", expression))) - _WORDS


EXPRESSIONS = [pytest.param(text, id=name) for name, text in expressions()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_an_expression_names_is_measured(expression: str) -> None:
    assert names(expression) != set()
    assert names(expression) - _OURS.keys() - _OF_THE_PROCESS == set()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_labels_of_an_expression_exist(expression: str) -> None:
    measures = [_OURS[name] for name in names(expression) if name in _OURS]
    known = _BY_PROMETHEUS | {label for measure in measures for label in measure.labels}
    grouped = {label.strip() for labels in _GROUPS.findall(expression) for label in labels.split(",")}
    assert grouped - known == set()
    for name, body in _SELECTOR.findall(expression):
        measure = _OURS.get(name)
        for label, value in _MATCHER.findall(body):
            assert label in (_BY_PROMETHEUS | set(measure.labels if measure else ())), name
            if label == "status" and measure is not None:
                assert set(value.split("|")) <= {*SessionStatus, *MessageStatus}, name


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_well_formed(expression: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    for name in names(expression):
        # Only a counter's growth says anything, and a gauge's says nothing.
        rising = name in _OURS and _OURS[name].kind is not Kind.GAUGE
        used = re.search(rf"\b(?:rate|increase)\({name}(?:\{{[^}}]*\}})?\[", expression)
        assert (used is not None) == (rising or name == "process_cpu_seconds_total"), name


def test_names_that_are_not_measured_would_be_found() -> None:
    assert names('sum by (le) (rate(pombo_x_bucket{a="pombo_y"}[5m])) > 2e9 and up offset 1h') == {
        "pombo_x_bucket",
        "up",
    }


def test_every_alert_says_what_to_do() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    headings = {line.removeprefix("#### ") for line in DOCUMENT.splitlines() if line.startswith("#### ")}
    assert headings == {rule["alert"] for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook"] == f"docs/observability.md#{rule['alert'].lower()}"


def test_every_panel_has_its_place_and_its_data() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["targets"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
    assert DASHBOARD["templating"]["list"][0]["name"] == "datasource"


def test_every_measurement_is_in_the_documents_table_and_on_the_dashboard() -> None:
    rows = re.findall(r"^\| `(pombo_[a-z_]+)` \| ([a-z]+) \| ([a-z1]+) \| ([^|]*) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert [tuple(cell.strip() for cell in row) for row in rows] == [
        (measure.name, measure.kind, measure.unit, _labels(measure), measure.text) for measure in MEASURES
    ]
    shown = {
        _OURS[name]
        for panel in panels()
        for target in panel["targets"]
        for name in names(target["expr"]) & _OURS.keys()
    }
    assert [measure.name for measure in MEASURES if measure not in shown] == []


def _labels(measure: Measure) -> str:
    return ", ".join(f"`{label}`" for label in measure.labels) or "none"
