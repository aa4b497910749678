"""`pombo doctor`: checks this machine and the settings."""

import os
import platform
import pwd
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.console import Console

from domain.errors import PomboError, UnavailableError
from entrypoints.cli.client import GatewayClient, Target, own_address
from entrypoints.ports import check_port
from entrypoints.runtime import inspection, key_inspection
from entrypoints.settings import Settings, load_settings, unknown_variables

_OLDEST_PYTHON: Final = (3, 12)


class Finding(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_STYLE: Final = {
    Finding.OK: "[green]ok     [/green]",
    Finding.WARNING: "[yellow]warning[/yellow]",
    Finding.FAILED: "[bold red]failed [/bold red]",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One check's outcome, with what to do where something is to be done."""

    name: str
    finding: Finding
    text: str


async def examine(console: Console) -> None:
    """Runs every check and prints its outcome.

    Raises:
        SettingsError: the settings can't be read; then nothing else can be checked.
        UnavailableError: ``CHECKS_FAILED``: at least one failed.
    """
    settings = load_settings()
    failed = 0
    for check in (_python, _user, _settings, _ports):
        failed += _print(console, await check(settings))
    for name, inspect in _INSPECTIONS.items():
        failed += _print(console, await _inspect(name, inspect, settings))
    if failed:
        raise UnavailableError("CHECKS_FAILED", f"{failed} of the checks failed; each says what to do.")


def _print(console: Console, result: Result) -> bool:
    console.print(f"{_STYLE[result.finding]} {result.name:<14} ", end="")
    console.print(result.text, markup=False)
    return result.finding is Finding.FAILED


_INSPECTIONS: Final[dict[str, Callable[[Settings], Awaitable[str]]]] = {
    "key": inspection.inspect_key,
    "tls": inspection.inspect_tls,
    "data directory": inspection.inspect_data_dir,
    "disk": inspection.inspect_disk,
    "page bridge": inspection.inspect_assets,
    "browser": inspection.inspect_browser,
    "database": inspection.inspect_database,
    "redis": inspection.inspect_redis,
    "files": inspection.inspect_media,
    "snapshot key": inspection.inspect_snapshot_key,
    "API keys": key_inspection.inspect_key_secret,
    "site": inspection.inspect_site,
    "clock": inspection.inspect_clock,
}


_OF_SESSIONS: Final = frozenset({"page bridge", "browser", "site"})
"""What a gateway that runs no sessions doesn't need, and often doesn't have."""


async def _inspect(name: str, inspect: Callable[[Settings], Awaitable[str]], settings: Settings) -> Result:
    if settings.role == "api" and name in _OF_SESSIONS:
        return Result(name, Finding.OK, "not looked at: POMBO_ROLE=api runs no sessions")
    try:
        text = await inspect(settings)
        return Result(name, Finding.WARNING if isinstance(text, inspection.Doubt) else Finding.OK, text)
    except PomboError as error:
        # A gateway that runs has its directory, as it should.
        finding = Finding.WARNING if error.reason == "DATA_DIR_IN_USE" else Finding.FAILED
        return Result(name, finding, f"{error.message} ({error.reason})")


async def _python(_: Settings) -> Result:
    version = f"Python {platform.python_version()} at {sys.executable}"
    if sys.version_info < _OLDEST_PYTHON:
        return Result("python", Finding.FAILED, f"{version}: 3.12 or newer is needed.")
    return Result("python", Finding.OK, version)


async def _user(settings: Settings) -> Result:
    user = os.geteuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        needed = settings.database_url is None
        what = (
            "the embedded PostgreSQL can't run; set DATABASE_URL, or add an entry" if needed else "DATABASE_URL is set"
        )
        return Result("user", Finding.FAILED if needed else Finding.OK, f"user id {user} has no passwd entry: {what}")
    if user == 0:
        text = "root: it works, but Chromium's process sandbox is off; better run as an ordinary user"
        return Result("user", Finding.WARNING, text)
    return Result("user", Finding.OK, f"{name} (id {user})")


async def _settings(_: Settings) -> Result:
    notes = [f"{name} is no setting of this version" for name in unknown_variables()]
    text = "; ".join(notes) or "all are understood"
    return Result("settings", Finding.WARNING if notes else Finding.OK, text)


async def _ports(settings: Settings) -> Result:
    try:
        check_port(settings.host, settings.port, "PORT")
        check_port(settings.host, settings.grpc_port, "GRPC_PORT")
        if settings.health_port is not None:
            check_port(settings.host, settings.health_port, "POMBO_HEALTH_PORT")
    except PomboError as error:
        if error.reason == "PORT_IN_USE" and await _gateway_answers(settings):
            return Result("ports", Finding.WARNING, f"a gateway runs already on port {settings.port}")
        return Result("ports", Finding.FAILED, f"{error.message} ({error.reason})")
    return Result("ports", Finding.OK, f"{settings.port} and {settings.grpc_port} are free on {settings.host}")


async def _gateway_answers(settings: Settings) -> bool:
    try:
        target = Target.here(settings, own_address(settings, settings.host), None)
        async with GatewayClient.open(target) as client:
            return await client.is_gateway()
    except PomboError:
        return False
