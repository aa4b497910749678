"""Looks for known vulnerabilities in what is shipped: the pinned Python packages, and the npm packages of the page.

    make audit

pip-audit asks PyPI about each pin of requirements.txt, and npm asks its registry about web/package-lock.json, without
what only builds and tests need. Both need their advisories from the network; a mirror of packages alone has none. What
couldn't be asked is told as NOT AUDITED, with why, and never as clean. What is let pass is in audit.toml, with a
reason and an end.

Exit status: 0 all was asked and nothing is known; 1 something is known, or an entry of audit.toml has ended or isn't
needed any more; 75 something couldn't be asked, and nothing is known of the rest.
"""

import asyncio
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = ROOT / "requirements.txt"
IGNORED: Final = ROOT / "audit.toml"
NOT_ASKED: Final = 75
"""EX_TEMPFAIL: what scripts/check.sh takes for something that can't be had here."""
LONGEST: Final = timedelta(days=90)
_SECONDS: Final = 240.0
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_FIELDS: Final = {"id": str, "package": str, "reason": str, "until": date}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A vulnerability that is known of a package."""

    ids: frozenset[str]
    package: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a source said: findings, and what of the packages it couldn't tell about; ``missing`` empty is all."""

    source: str
    packages: int
    findings: tuple[Finding, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that is let pass for a while."""

    id: str
    package: str
    reason: str
    until: date


def read_ignored(text: str, today: date) -> tuple[tuple[Ignored, ...], tuple[str, ...]]:
    """The entries of audit.toml, and what is wrong with them."""
    entries: list[Ignored] = []
    problems: list[str] = []
    for place, entry in enumerate(tomllib.loads(text).get("ignore", []), 1):
        wrong = [name for name, kind in _FIELDS.items() if not isinstance(entry.get(name), kind) or not entry[name]]
        if wrong or set(entry) != set(_FIELDS):
            problems.append(f"entry {place} has to have id, package, reason and until, and nothing else")
            continue
        ignored = Ignored(**entry)
        if ignored.until < today:
            problems.append(f"{ignored.id} of {ignored.package} was let pass until {ignored.until}: look at it again")
        elif ignored.until > today + LONGEST:
            problems.append(f"{ignored.id} of {ignored.package}: until is at most {LONGEST.days} days ahead")
        entries.append(ignored)
    return tuple(entries), tuple(problems)


def of_pip_audit(output: str, source: str) -> Asked:
    """What pip-audit's JSON says. It calls packages that nobody could tell about skipped, and ends well."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Asked(source=source, packages=0, missing="pip-audit gave no report")
    skipped = [each for each in packages if "skip_reason" in each]
    findings = tuple(
        Finding(
            ids=frozenset({found["id"], *found.get("aliases", [])}),
            package=each["name"],
            text=f"{each['name']} {each['version']}: {found['id']}, mended in {_versions(found['fix_versions'])}",
        )
        for each in packages
        for found in each.get("vulns", [])
    )
    missing = (
        f"{len(skipped)} of {len(packages)}, as {skipped[0]['name']}: {skipped[0]['skip_reason']}" if skipped else ""
    )
    return Asked(source=source, packages=len(packages) - len(skipped), findings=findings, missing=missing)


def of_npm_audit(output: str, source: str) -> Asked:
    """What npm's JSON says."""
    try:
        report = json.loads(output)
        if "vulnerabilities" not in report:
            told = report.get("message") or report.get("error", {}).get("summary") or "npm gave no report"
            return Asked(source=source, packages=0, missing=str(told).splitlines()[0].partition(" - ")[0])
        packages = int(report["metadata"]["dependencies"]["prod"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Asked(source=source, packages=0, missing="npm gave no report")
    findings = tuple(_npm_findings(report["vulnerabilities"]))
    return Asked(source=source, packages=packages, findings=findings)


def _npm_findings(vulnerable: Mapping[str, Any]) -> Iterator[Finding]:
    for name, each in vulnerable.items():
        for via in each["via"]:
            # A word instead names a package of the list that is vulnerable itself.
            if isinstance(via, dict):
                advisory = str(via.get("url", "")).rpartition("/")[2] or str(via.get("source"))
                text = f"{name} {each['range']}: {advisory}, {via.get('title', 'without a title')}"
                yield Finding(ids=frozenset({advisory}), package=name, text=text)


def _versions(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "no version yet"


def judge(
    asked: Sequence[Asked], ignored: Sequence[Ignored], problems: Sequence[str], today: date
) -> tuple[int, list[str]]:
    """The exit status, and what is to be told."""
    lines, failed, used = [], bool(problems), set()
    for source in asked:
        for finding in source.findings:
            excuse = next((i for i in ignored if i.id in finding.ids and _same(i.package, finding.package)), None)
            if excuse is not None:
                used.add(excuse)
            if excuse is not None and excuse.until >= today:
                lines.append(f"let pass until {excuse.until}: {finding.text} ({excuse.reason})")
            else:
                failed = True
                lines.append(f"VULNERABLE: {finding.text}")
    everything = all(not source.missing for source in asked)
    if everything:
        unused = [
            f"{i.id} of {i.package} isn't found any more: take it out of audit.toml" for i in ignored if i not in used
        ]
        failed = failed or bool(unused)
        lines += unused
    lines += problems
    lines += [
        f"audit: {source.source}: {source.packages} packages asked about, {len(source.findings)} findings"
        + (f"; NOT AUDITED: {source.missing}" if source.missing else "")
        for source in asked
    ]
    return 1 if failed else 0 if everything else NOT_ASKED, lines


def _same(one: str, other: str) -> bool:
    return re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()


async def _output(*command: str, directory: Path = ROOT) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return output.decode(errors="replace")


async def ask_python() -> Asked:
    """About every pin; about one first, so that who knows nothing isn't asked a hundred times."""
    pins, source = _PIN.findall(PINS.read_text(encoding="utf-8")), "Python"
    first = await _pip_audit(pins[:1], source)
    return await _pip_audit(pins, source) if first.packages else first


async def _pip_audit(pins: Sequence[tuple[str, str]], source: str) -> Asked:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "pins.txt"
        path.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        options = ("--disable-pip", "--no-deps", "--format=json", "--progress-spinner=off", "--timeout=15")
        output = await _output(sys.executable, "-m", "pip_audit", *options, "--requirement", str(path))
    return of_pip_audit(output, source)


async def ask_npm() -> Asked:
    """About what the bridge and the packaged browser bring."""
    return of_npm_audit(await _output("npm", "audit", "--omit=dev", "--json", directory=ROOT / "web"), "npm")


async def main() -> int:
    """Asks, and tells."""
    today = datetime.now(UTC).date()
    ignored, problems = read_ignored(IGNORED.read_text(encoding="utf-8"), today)
    asked = await asyncio.gather(ask_python(), ask_npm())
    status, lines = judge(asked, ignored, problems, today)
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
