from pathlib import Path

import pytest

from adapters.playwright.browser import Browser, BrowserKind, find_browser
from domain.errors import UnavailableError


def fake(path: Path, answer: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


async def find(tmp_path: Path, explicit: Path | None = None) -> Browser:
    return await find_browser(explicit, tmp_path / "cache", tmp_path / "web")


async def test_the_named_one_alone(tmp_path: Path) -> None:
    named = fake(tmp_path / "mine", "echo Chromium 150.1.2.3 built on Debian")
    browser = await find(tmp_path, named)
    assert (browser.path, browser.version, browser.major, browser.kind) == (
        named,
        "150.1.2.3",
        "150",
        BrowserKind.EXPLICIT,
    )


async def test_the_headless_shell_goes_before_the_full_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path / "bin" / "chromium", "echo Chromium 150.0.0.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert (await find(tmp_path)).path.name == "chromium"
    shell = fake(tmp_path / "bin" / "chromium-headless-shell", "echo Chromium 150.0.0.0")
    assert (await find(tmp_path)).path == shell
    fake(shell, "echo not here >&2; exit 1")
    assert (await find(tmp_path)).path.name == "chromium"


@pytest.mark.parametrize(
    "answer", ["echo no library >&2; exit 127", "echo Chromium", "echo Chromium 100.0.0.0"], ids=["dead", "mute", "old"]
)
async def test_a_named_one_that_is_no_good(tmp_path: Path, answer: str) -> None:
    with pytest.raises(UnavailableError, match="BROWSER_PATH") as caught:
        await find(tmp_path, fake(tmp_path / "mine", answer))
    assert caught.value.reason == "BROWSER_MISSING"


async def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for explicit in (None, tmp_path / "nothing", tmp_path):
        with pytest.raises(UnavailableError) as caught:
            await find(tmp_path, explicit)
        assert caught.value.reason == "BROWSER_MISSING"


def test_the_environment_keeps_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/ours")
    monkeypatch.setenv("LANG", "pt_PT.UTF-8")
    browser = Browser(path=Path("b"), version="150.0.0.0", kind=BrowserKind.PACKAGE, env={"LD_LIBRARY_PATH": "/theirs"})
    environment = browser.environment()
    assert environment["LD_LIBRARY_PATH"] == "/theirs:/ours"
    assert environment["LANG"] == "pt_PT.UTF-8"


def test_no_secret_is_in_the_environment_of_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("API_KEY", "DATABASE_URL", "POMBO_SNAPSHOT_KEY", "AWS_SECRET_ACCESS_KEY", "OTEL_EXPORTER_OTLP_HEADERS")
    for name in (*names, "HTTPS_PROXY", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "secret")
    environment = Browser(path=Path("b"), version="150.0.0.0", kind=BrowserKind.SYSTEM).environment()
    assert "secret" not in environment.values()
    assert environment["PATH"]
