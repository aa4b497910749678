"""`pombo audit export`: the file that it writes."""

import stat
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from rich.console import Console

from domain.audit import GENESIS, AuditEntry, chained
from domain.errors import UnavailableError
from entrypoints.cli import audit
from entrypoints.settings import Settings
from tests.contracts.audit_log import record

KEPT = "what was exported before\n"


def exports(monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    async def entries(_: Settings, *, after: int) -> AsyncGenerator[AuditEntry]:
        assert after == 0
        for entry in chained(GENESIS, [record(), record()]):
            yield entry
            if fails:
                raise UnavailableError("DATABASE_UNAVAILABLE", "away")

    monkeypatch.setattr(audit, "export_log", entries)


def held(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def export(file: Path, *, overwrite: bool) -> None:
    await audit.run_export(Settings(), Console(quiet=True), file=file, after=0, overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [True, False])
async def test_it_is_its_owner_s_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool) -> None:
    exports(monkeypatch, fails=False)
    file = tmp_path / "audit.jsonl"
    if overwrite:
        file.write_text(KEPT)
        file.chmod(0o644)
    await export(file, overwrite=overwrite)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().count("\n") == 2
    assert held(tmp_path) == [file]


@pytest.mark.parametrize("overwrite", [True, False])
async def test_one_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    exports(monkeypatch, fails=True)
    file = tmp_path / "audit.jsonl"
    if overwrite:
        file.write_text(KEPT)
    with pytest.raises(UnavailableError):
        await export(file, overwrite=overwrite)
    assert [each.read_text() for each in held(tmp_path)] == ([KEPT] if overwrite else [])


async def test_what_exists_is_not_replaced_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports(monkeypatch, fails=False)
    file = tmp_path / "audit.jsonl"
    file.write_text(KEPT)
    with pytest.raises(UnavailableError, match="exists") as refused:
        await export(file, overwrite=False)
    assert refused.value.reason == "EXPORT_FILE_UNUSABLE"
    assert file.read_text() == KEPT
