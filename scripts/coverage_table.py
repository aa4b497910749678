"""Writes docs/coverage.md from docs/coverage/*.toml, and checks each thing that those name.

A row is a feature of the surface. What it names must be there: REST routes in docs/openapi.json, RPCs in proto/, events
in the catalogue, wa-js functions in the bridge's own contract, modules in the sandbox's, tests in their files. And each
route, RPC and event must be named by a row. A column that has nothing to hold says why in `none`; a row that lacks a
column without that isn't done, says so, and doesn't pass the check.

What both transports offer is shown by a test of the running gateway: a row with REST and RPC names one of
tests/integration/gateway, or says in `no_gateway_test` why there is none.

    python scripts/coverage_table.py            writes the table
    python scripts/coverage_table.py --check    fails when it isn't what the rows give, a row lacks a column or names
                                                what isn't there, or what is there is in no row
"""

import argparse
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.event import PAYLOAD_TYPES

ROOT: Final = Path(__file__).resolve().parent.parent
ROWS: Final = ROOT / "docs" / "coverage"
TABLE: Final = ROOT / "docs" / "coverage.md"
COLUMNS: Final = {
    "rest": "REST",
    "rpc": "RPC",
    "events": "Events",
    "wajs": "wa-js",
    "sandbox": "Sandbox",
    "tests": "Tests",
}
SURFACE: Final = ("rest", "rpc", "events")
"""The columns of which all that exists must be in a row."""
NOT_YET: Final = "to come"
GATEWAY_TESTS: Final = "tests/integration/gateway/"
"""Where tests run the gateway as its users do: both transports, the browser, and the sandbox's phones."""


@dataclass(frozen=True)
class Row:
    """One feature.

    Attributes:
        named: by column, what carries it.
        none: by column, why there is nothing to name.
        no_gateway_test: why none of its tests runs the gateway.
    """

    feature: str
    named: dict[str, list[str]]
    none: dict[str, str]
    no_gateway_test: str = ""

    @property
    def lacks(self) -> list[str]:
        """The columns that are still to come."""
        return [column for column in COLUMNS if not self.named.get(column) and column not in self.none]

    @property
    def on_both(self) -> bool:
        """Whether both transports offer it."""
        return bool(self.named.get("rest") and self.named.get("rpc"))

    @property
    def runs_the_gateway(self) -> bool:
        """Whether one of its tests does."""
        return any(test.startswith(GATEWAY_TESTS) for test in self.named.get("tests", []))


@dataclass(frozen=True)
class Section:
    """The rows of one file, under its title."""

    title: str
    rows: list[Row]


def read_sections() -> list[Section]:
    """All rows, section by section in the order of the files' names.

    Raises:
        ValueError: a row has a field that isn't known.
    """
    sections = []
    for path in sorted(ROWS.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = []
        for item in data["row"]:
            unknown = set(item) - {"feature", "none", "no_gateway_test", *COLUMNS}
            if unknown:
                raise ValueError(f"{path.name}: {item['feature']}: unknown fields {sorted(unknown)}")
            named = {column: item[column] for column in COLUMNS if column in item}
            rows.append(Row(item["feature"], named, item.get("none", {}), item.get("no_gateway_test", "")))
        sections.append(Section(data["title"], rows))
    return sections


def _routes() -> set[str]:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def _rpcs() -> set[str]:
    names = set()
    for path in (ROOT / "proto" / "pombo" / "v1").glob("*_service.proto"):
        text = path.read_text(encoding="utf-8")
        service = re.findall(r"^service (\w+)", text, re.MULTILINE)[0]
        names |= {f"{service}.{method}" for method in re.findall(r"^  rpc (\w+)\(", text, re.MULTILINE)}
    return names


def _bridge_functions() -> set[str]:
    sources = ROOT / "web" / "bridge" / "src"
    needs = [sources / "contract.ts", *sorted(sources.glob("*-needs.ts"))]
    text = "".join(path.read_text(encoding="utf-8") for path in needs)
    return set(re.findall(r'\b(?:fn|obj|own)\(\s*"([^"]+)"', text))


def _sandbox_modules() -> set[str]:
    modules = json.loads((ROOT / "src" / "sandbox" / "page" / "contract.json").read_text(encoding="utf-8"))["modules"]
    return {
        name
        for name, exports in modules.items()
        if any("real" in (export.get("wa-js"), export.get("whatsapp-web.js")) for export in exports.values())
    }


def _has_test(name: str) -> bool:
    path, _, test = name.partition("::")
    file = ROOT / path
    defined = rf"^\s*(async )?def {re.escape(test)}\("
    return file.is_file() and re.search(defined, file.read_text(encoding="utf-8"), re.MULTILINE) is not None


def problems(sections: list[Section]) -> list[str]:
    """What rows name that isn't there, what they lack, and what is in none."""
    known = {
        "rest": _routes(),
        "rpc": _rpcs(),
        "events": set(PAYLOAD_TYPES),
        "wajs": _bridge_functions(),
        "sandbox": _sandbox_modules(),
    }
    found = []
    for section in sections:
        for row in section.rows:
            found += [
                f"{section.title}, {row.feature}: {COLUMNS[column]} names {name!r}, which isn't there"
                for column, names in row.named.items()
                for name in names
                if (not _has_test(name) if column == "tests" else name not in known[column])
            ]
            both = set(row.none) & {column for column, names in row.named.items() if names}
            found += [f"{section.title}, {row.feature}: {column} is named and told to be none" for column in both]
            found += [f"{section.title}, {row.feature}: {COLUMNS[column]} is to come" for column in row.lacks]
            if row.on_both and not row.runs_the_gateway and not row.no_gateway_test:
                found.append(f"{section.title}, {row.feature}: no test of {GATEWAY_TESTS} shows it on both transports")
            if row.runs_the_gateway and row.no_gateway_test:
                found.append(f"{section.title}, {row.feature}: a test of the gateway is named and told to be none")
    rows = [row for section in sections for row in section.rows]
    for column in SURFACE:
        named = {name for row in rows for name in row.named.get(column, [])}
        found += [f"no row names {COLUMNS[column]} {name!r}" for name in sorted(known[column] - named)]
    return found


def render(sections: list[Section]) -> str:
    """The table."""
    done = sum(not row.lacks for section in sections for row in section.rows)
    total = sum(len(section.rows) for section in sections)
    lines = [
        "# Coverage",
        "",
        "What carries each feature, from the transports to the test that asserts its effect. Written by",
        "`scripts/coverage_table.py` from `docs/coverage/`; CI checks that all that is named exists, and that what",
        "both transports offer is shown by a test of the running gateway.",
        "",
        f"{done} of {total} rows are complete.",
    ]
    for section in sections:
        lines += ["", f"## {section.title}", "", "| Feature | " + " | ".join(COLUMNS.values()) + " |"]
        lines.append("| --- |" + " --- |" * len(COLUMNS))
        lines += [f"| {row.feature} | {' | '.join(_cells(row))} |" for row in section.rows]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> list[str]:
    return [_cell(row, column) for column in COLUMNS]


def _cell(row: Row, column: str) -> str:
    names = row.named.get(column)
    if not names:
        return row.none.get(column, NOT_YET)
    if column == "tests":
        links = [f"[{_short(name)}]({_link(name)})" for name in names]
        return "<br>".join([*links, *([row.no_gateway_test] if row.no_gateway_test else [])])
    return "<br>".join(f"`{name}`" for name in names)


def _short(name: str) -> str:
    path, _, test = name.partition("::")
    return f"{Path(path).stem}::{test}"


def _link(name: str) -> str:
    return "../" + name.partition("::")[0]


def main() -> int:
    """Writes or checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    sections = read_sections()
    found = problems(sections)
    text = render(sections)
    if not check:
        TABLE.write_text(text, encoding="utf-8")
    elif not TABLE.is_file() or TABLE.read_text(encoding="utf-8") != text:
        found.append("docs/coverage.md isn't what docs/coverage/ gives; this script without --check writes it")
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
