"""`pombo doctor`: every check says what it found and what to do."""

import io
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import aiohttp.web
import pytest
from rich.console import Console

from adapters.embedded import disk_space
from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.disk_space import MEBIBYTE
from adapters.playwright.bridge_records import BridgeRecord, BridgeRecords, GivenUp
from adapters.playwright.wajs import WajsBuild
from domain.bridge import BridgeSource
from domain.errors import UnavailableError
from domain.ids import SessionId
from entrypoints.cli.doctor import examine
from entrypoints.runtime import inspection
from entrypoints.settings import Settings
from tests.certificates import Authority


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@dataclass
class Site:
    """The site that sessions would load, and its clock."""

    url: str
    status: int = 200
    ahead: timedelta = timedelta(0)

    async def answer(self, _: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        date = formatdate((datetime.now(UTC) + self.ahead).timestamp(), usegmt=True)
        return aiohttp.web.Response(status=self.status, headers={"Date": date})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site("")
    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(site.answer))
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield site
    await runner.cleanup()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_dir: Path, site: Site) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    web = tmp_path / "web"
    for script in ("node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js", "dist/bridge.js"):
        (web / script).parent.mkdir(parents=True)
        (web / script).write_text("/*! wppconnect-team/wa-js v4.6.0 */self.WPP={};")
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Chromium 150.0.1.2' || echo '<html>pombo</html>'\n")
    browser.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMBO_DATA_DIR", str(data_dir))
    monkeypatch.setenv("POMBO_WEB_DIR", str(web))
    monkeypatch.setenv("BROWSER_PATH", str(browser))
    monkeypatch.setenv("WHATSAPP_WEB_URL", site.url)
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("GRPC_PORT", "0")


async def findings(*, fails: int = 0) -> dict[str, tuple[str, str]]:
    """Each check's outcome and text, by the first word of its name."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=400, highlight=False)
    if fails:
        with pytest.raises(UnavailableError, match=f"{fails} of the checks failed"):
            await examine(console)
    else:
        await examine(console)
    lines = [line.split(maxsplit=2) for line in buffer.getvalue().splitlines()]
    return {name: (outcome, text) for outcome, name, text in lines}


async def test_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (await findings())["tls"][0] == "ok"
    monkeypatch.setenv("POMBO_HOST", "0.0.0.0")  # noqa: S104 - nothing listens in this test
    outcome, text = (await findings())["tls"]
    assert (outcome, "proxy" in text) == ("warning", True)
    authority = Authority(tmp_path)
    made, soon = authority.make("good"), authority.make("soon", ends=timedelta(days=10))
    monkeypatch.setenv("POMBO_TLS_KEY", str(made.key))
    monkeypatch.setenv("POMBO_TLS_CERT", str(made.cert))
    assert (await findings())["tls"][0] == "ok"
    monkeypatch.setenv("POMBO_TLS_CERT", str(soon.cert))
    assert "isn't the key" in (await findings(fails=1))["tls"][1]
    monkeypatch.setenv("POMBO_TLS_KEY", str(soon.key))
    assert (await findings())["tls"][1].endswith("renew it")


async def test_a_sound_machine() -> None:
    found = await findings()
    assert {name for name, (outcome, _) in found.items() if outcome == "ok"} >= {
        *("python", "settings", "ports", "data", "page", "browser", "database", "redis"),
        *("key", "files", "API", "site", "clock"),
    }
    assert "150.0.1.2" in found["browser"][1]
    assert "will be made" in found["data"][1]
    # Looking makes nothing.
    assert "will be made" in (await findings())["data"][1]


async def test_what_is_missing_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("POMBO_WEB_DIR", str(tmp_path / "none"))
    found = await findings(fails=2)
    assert found["browser"][0] == "failed"
    assert "BROWSER_PATH" in found["browser"][1]
    assert "make setup" in found["page"][1]


async def test_a_site_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATSAPP_WEB_URL", "http://127.0.0.1:9/")
    found = await findings(fails=1)
    assert found["site"][0] == "failed"
    assert "PAGE_UNREACHABLE" in found["site"][1]
    assert "firewall" in found["site"][1]
    assert found["clock"][0] == "warning"


async def test_a_site_that_refuses(site: Site) -> None:
    site.status = 403
    outcome, text = (await findings())["site"]
    assert (outcome, "403" in text) == ("warning", True)


@pytest.mark.parametrize(("ahead", "outcome"), [(-600, "warning"), (600, "warning"), (2, "ok")])
async def test_a_clock_that_differs(site: Site, ahead: int, outcome: str) -> None:
    site.ahead = timedelta(seconds=ahead)
    found, text = (await findings())["clock"]
    assert found == outcome
    assert ("NTP" in text) == (outcome == "warning")


async def test_a_disk_with_little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 1024 * MEBIBYTE
    monkeypatch.setattr(disk_space, "free_bytes", lambda _: free)
    monkeypatch.setattr(inspection, "free_bytes", lambda _: free)
    assert (await findings())["disk"][0] == "warning"
    free = MEBIBYTE
    outcome, text = (await findings(fails=1))["disk"]
    assert outcome == "failed"
    assert "POMBO_DATA_DIR" in text


async def test_a_key_that_is_set_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "makes a key" in (await findings())["key"][1]
    monkeypatch.setenv("API_KEY", "a-key-that-nobody-sees")
    assert "nobody" not in str(await findings())


async def test_a_secret_that_others_can_read(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    assert "will be made" in (await findings())["API"][1]
    monkeypatch.setenv("POMBO_API_KEY_SECRET", "short")
    assert (await findings(fails=1))["API"][0] == "failed"
    monkeypatch.setenv("POMBO_API_KEY_SECRET", "A" * 43 + "=")
    outcome, text = (await findings())["API"]
    assert (outcome, text.split(maxsplit=1)) == ("ok", ["keys", "POMBO_API_KEY_SECRET has a secret"])
    monkeypatch.delenv("POMBO_API_KEY_SECRET")
    DataDirectory.open(data_dir).close()
    (data_dir / "api-keys.secret").touch(mode=0o644)
    outcome, text = (await findings(fails=1))["API"]
    assert outcome == "failed"
    assert "0600" in text


async def test_gateways_that_share_a_database_need_one_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMBO_ROLE", "worker")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@127.0.0.1:9/none")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9")
    outcome, text = (await findings(fails=2))["API"]
    assert outcome == "warning"
    assert "POMBO_API_KEY_SECRET" in text


async def test_a_bucket_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMBO_MEDIA_URL", "s3://files")
    monkeypatch.setenv("POMBO_MEDIA_S3_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("POMBO_MEDIA_S3_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("POMBO_MEDIA_S3_SECRET_ACCESS_KEY", "hidden")
    outcome, text = (await findings(fails=1))["files"]
    assert outcome == "failed"
    assert "MEDIA_STORE_UNAVAILABLE" in text
    assert "hidden" not in text


async def test_a_browser_that_shows_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Chromium 150.0.1.2' || echo 'no libnss3' >&2\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    assert "no libnss3" in (await findings(fails=1))["browser"][1]


async def test_a_directory_in_use_is_no_failure(data_dir: Path) -> None:
    with DataDirectory.open(data_dir):
        found = await findings()
    assert found["data"][0] == "warning"
    assert (await findings())["data"][0] == "ok"


@pytest.fixture
def foreign(data_dir: Path) -> Path:
    data_dir.mkdir()
    (data_dir / "thesis.tex").write_text("mine")
    return data_dir


@pytest.mark.usefixtures("foreign")
async def test_a_foreign_directory_is_a_failure() -> None:
    assert "DATA_DIR_FOREIGN" in (await findings(fails=1))["data"][1]


async def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("GRPC_PORT", str(taken.getsockname()[1]))
        assert "GRPC_PORT" in (await findings(fails=1))["ports"][1]


async def test_servers_that_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hidden@127.0.0.1:9/none?sslmode=nonsense")
    monkeypatch.setenv("REDIS_URL", "unix:///none/redis.sock")
    found = await findings(fails=2)
    assert "DATABASE_UNAVAILABLE" in found["database"][1]
    assert "CACHE_UNAVAILABLE" in found["redis"][1]
    assert "hidden" not in str(found)


async def test_who_runs_no_sessions_needs_no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "BROWSER_PATH": str(tmp_path / "none"),
        "POMBO_WEB_DIR": str(tmp_path / "none"),
        "WHATSAPP_WEB_URL": "http://127.0.0.1:9/",
        "DATABASE_URL": "postgresql://127.0.0.1:9/none?sslmode=nonsense",
        "REDIS_URL": "unix:///none/redis.sock",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POMBO_ROLE", "api")
    found = await findings(fails=2)
    assert {name for name, (outcome, _) in found.items() if outcome == "failed"} == {"database", "redis"}
    for name in ("page", "browser", "site"):
        assert "runs no sessions" in found[name][1]
    monkeypatch.setenv("POMBO_ROLE", "worker")
    assert (await findings(fails=5))["browser"][0] == "failed"


async def test_settings_that_change_nothing_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMBO_DATADIR", "x")
    found = await findings()
    assert found["settings"][0] == "warning"
    assert "POMBO_DATADIR" in found["settings"][1]


async def test_the_builds_of_wajs_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    canary = tmp_path / "canary.js"
    canary.write_text("/*! wppconnect-team/wa-js v4.9.1 */self.WPP={};")
    monkeypatch.setenv("POMBO_WAJS_CANARY_PATH", str(canary))
    monkeypatch.setenv("POMBO_WAJS_CANARY_SESSIONS", "sales")
    told = (await findings())["page"][1]
    assert "wa-js 4.6.0 (" in told
    assert "wa-js 4.9.1 (" in told
    assert "sales" in told
    canary.write_text("alert('another library')")
    outcome, told = (await findings(fails=1))["page"]
    assert outcome == "failed"
    assert "POMBO_WAJS_CANARY_PATH" in told
    assert "isn't wa-js" in told


async def test_a_build_that_sessions_gave_up_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_dir: Path
) -> None:
    script = b"/*! wppconnect-team/wa-js v4.9.1 */self.WPP={};"
    (tmp_path / "newer.js").write_bytes(script)
    monkeypatch.setenv("POMBO_WAJS_PATH", str(tmp_path / "newer.js"))
    DataDirectory.open(data_dir).close()
    build = WajsBuild.of(script, BridgeSource.CONFIGURED)
    verdict = GivenUp(version="4.9.1", found=0, bridge="0", detail="lacks LOGOUT")
    record = BridgeRecord(given_up={build.sha256: verdict})
    BridgeRecords(data_dir / "bridges").save(SessionId("sales"), record, build)
    assert "wa-js 4.9.1" in (told := (await findings())["page"][1])
    assert "given up in sales" in told
