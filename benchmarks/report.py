"""The table of a run."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number of one system."""

    value: float
    unit: str
    lower_is_better: bool = False


def environment(browser: str) -> dict[str, str]:
    """What the run stood on."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu_count": str(os.cpu_count()),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "browser": browser,
    }


def write(results: dict[str, dict[str, Measurement]], about: dict[str, str], folder: Path) -> str:
    """Writes the run as JSON and as a table, and returns the table."""
    ours, theirs = results["pombo"], results["whatsapp-web.js"]
    rows = ["| | pombo | whatsapp-web.js | ratio | |", "| --- | ---: | ---: | ---: | --- |"]
    for name, own in ours.items():
        other = theirs[name]
        ratio = own.value / other.value
        verdict = "better" if (ratio < 1) == own.lower_is_better else "worse"
        rows.append(f"| {name} ({own.unit}) | {own.value:.1f} | {other.value:.1f} | {ratio:.2f} | {verdict} |")
    head = ", ".join(f"{key} {value}" for key, value in about.items())
    table = "\n".join(rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(f"# Benchmark\n\n{head}\n\n{table}\n")
    plain = {system: {name: asdict(found) for name, found in rows.items()} for system, rows in results.items()}
    (folder / "latest.json").write_text(json.dumps({"about": about, "results": plain}, indent=2) + "\n")
    return f"\n{head}\n\n{table}"
