"""What the browser is started with, and what goes into the page."""

from pathlib import Path

import pytest

from adapters.playwright import flags
from adapters.playwright.assets import BridgeAssets, find_assets, init_script
from adapters.playwright.browser import Browser, BrowserKind
from adapters.playwright.settings import LIVE_URL, DriverSettings
from domain.errors import InvalidArgumentError, UnavailableError

BROWSER = Browser(path=Path("/opt/chromium"), version="156.0.8078.79", kind=BrowserKind.SYSTEM)


def settings(url: str) -> DriverSettings:
    assets = BridgeAssets(wajs=Path("w"), bridge=Path("b"))
    return DriverSettings(browser=BROWSER, profiles=Path("p"), assets=assets, web_url=url)


@pytest.mark.parametrize(
    ("url", "origin", "hosts"),
    [
        (LIVE_URL, "https://web.whatsapp.com", ("web.whatsapp.com", "*.whatsapp.com", "*.whatsapp.net", "*.fbcdn.net")),
        ("http://127.0.0.1:8800/?x=1", "http://127.0.0.1:8800", ("127.0.0.1",)),
        ("https://LocalHost:443/", "https://localhost", ("localhost",)),
        ("http://[::1]:80", "http://[::1]", ("::1",)),
    ],
)
def test_the_site(url: str, origin: str, hosts: tuple[str, ...]) -> None:
    assert settings(url).origin == origin
    assert settings(url).hosts == hosts


@pytest.mark.parametrize("url", ["", "web.whatsapp.com", "ftp://host/", "https://"])
def test_a_site_that_is_none(url: str) -> None:
    with pytest.raises(InvalidArgumentError):
        settings(url)


def test_the_user_agent_is_the_plain_browsers() -> None:
    agent = flags.user_agent(BROWSER)
    assert agent.endswith("(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
    override = flags.user_agent_override(BROWSER)
    assert override["userAgent"] == agent
    assert "Headless" not in str(override)
    assert {"brand": "Chromium", "version": "156"} in override["userAgentMetadata"]["brands"]


def test_the_command_line() -> None:
    arguments = flags.launch_arguments(BROWSER, ("web.whatsapp.com", "*.whatsapp.net"))
    (disabled,) = [argument for argument in arguments if argument.startswith("--disable-features=")]
    # The last of these wins on the command line, so it must hold what Playwright turns off as well.
    assert {"HttpsUpgrades", "MediaRouter", "OptimizationHints", "SpareRendererForSitePerProcess"} <= set(
        disabled.partition("=")[2].split(",")
    )
    assert "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE web.whatsapp.com , EXCLUDE *.whatsapp.net" in arguments
    assert f"--user-agent={flags.user_agent(BROWSER)}" in arguments
    assert all(argument.startswith("--") for argument in arguments)


def test_the_chromium_sandbox_is_on_unless_we_are_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert flags.wants_chromium_sandbox(None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert not flags.wants_chromium_sandbox(None)
    assert flags.wants_chromium_sandbox(True)


def test_the_init_script(tmp_path: Path) -> None:
    (tmp_path / "bridge.js").write_text("/* bridge */")
    assets = BridgeAssets(wajs=tmp_path / "wa.js", bridge=tmp_path / "bridge.js")
    script = init_script(assets, "/* wa-js */", origin="https://site", grace_ms=1, first_connection_ms=2)
    assert script.startswith('if (window.top === window && location.origin === "https://site"')
    assert script.index('"disableGoogleAnalytics": true') < script.index("wa-js */") < script.index("bridge */")


def test_missing_scripts_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="make setup") as caught:
        find_assets(tmp_path)
    assert caught.value.reason == "BRIDGE_MISSING"
