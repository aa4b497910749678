"""Builds of wa-js: read from a script or from an unpacked npm package, told apart by their content."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, cast
from weakref import WeakValueDictionary

from domain.bridge import BridgeSource
from domain.errors import InvalidArgumentError

SCRIPT: Final = Path("dist/wppconnect-wa.js")
"""Where the npm package has it."""

_LARGEST: Final = 32 * 1024 * 1024
"""Bytes; published builds have half a megabyte, unminified ones with their source maps a few."""
_MAKES: Final = re.compile(r"\bWPP\b")
_NAME: Final = re.compile(r"wppconnect|wa-js", re.IGNORECASE)
_BANNER: Final = re.compile(r"wa-js v(\d[\w.+-]{0,40})")
_EXPORTED: Final = re.compile(r"""\.(?:waVersion|version)\s*=\s*["'](\d+\.\d+[\w.+-]{0,40})["']""")
_VERSION: Final = re.compile(r"\d[\w.+-]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class WajsBuild:
    """A build's script. Equal builds that are in use at a time are one object: each holds half a megabyte.

    Attributes:
        text: the script itself.
        sha256: of its bytes, in hex.
        version: as the script or else its package tells it.
    """

    text: str = field(repr=False)
    sha256: str
    version: str | None
    source: BridgeSource

    @classmethod
    def of(cls, content: bytes, source: BridgeSource, version: str | None = None) -> Self:
        """A build from its script's bytes. ``version`` is for one whose script tells none.

        Raises:
            ValueError: it isn't wa-js; the message says why.
        """
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("it isn't text") from None
        if not (_MAKES.search(text) and _NAME.search(text)):
            raise ValueError("it isn't wa-js: it doesn't make WPP")
        sha256 = hashlib.sha256(content).hexdigest()
        known = _version_in(text) or version
        build = cls(text=text, sha256=sha256, version=known, source=source)
        return cast("Self", _IN_USE.setdefault((sha256, known, source), build))

    @property
    def label(self) -> str:
        """For people: version and the beginning of the hash."""
        return f"wa-js {self.version or 'of unknown version'} ({self.sha256[:12]})"


def read_build(path: Path, source: BridgeSource) -> WajsBuild:
    """Reads a build: ``path`` is its script, or the directory of its unpacked npm package.

    Raises:
        InvalidArgumentError: ``WAJS_UNUSABLE``: missing, unreadable, or not wa-js.
    """
    try:
        if path.is_dir():
            return WajsBuild.of(_content(path / SCRIPT), source, _package_version(path))
        in_package = path.parts[-2:] == SCRIPT.parts
        return WajsBuild.of(_content(path), source, _package_version(path.parents[1]) if in_package else None)
    except OSError as error:
        raise _unusable(path, f"{error.filename} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise _unusable(path, str(error)) from error


def _content(script: Path) -> bytes:
    if script.exists() and not script.is_file():
        raise ValueError("it is neither a script nor a package's directory")
    with script.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1024 // 1024} MiB")
    return content


def _package_version(directory: Path) -> str | None:
    """What ``package.json`` says, where it is wa-js's own."""
    try:
        package = json.loads((directory / "package.json").read_bytes())
        name, version = package["name"], package["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    ours = isinstance(name, str) and name.endswith("wa-js") and isinstance(version, str)
    return version if ours and _VERSION.fullmatch(version) else None


def _version_in(text: str) -> str | None:
    found = _BANNER.search(text[:2_000]) or _EXPORTED.search(text)
    return found[1] if found else None


def _unusable(path: Path, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "WAJS_UNUSABLE",
        f"{path} can't be used: {why}. Give the script of a wa-js build, or the directory of its unpacked npm package.",
    )


_IN_USE: Final[WeakValueDictionary[tuple[str, str | None, BridgeSource], WajsBuild]] = WeakValueDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class WajsSettings:
    """Which build each session is to run. Files are read anew at each opening of a page: they may be replaced.

    Attributes:
        pinned: the npm package's script.
        configured: what runs instead of the pinned one, where given.
        canary: what runs in ``canary_sessions`` instead of either.
    """

    pinned: Path
    configured: Path | None = None
    canary: Path | None = None
    canary_sessions: frozenset[str] = frozenset()

    def read(self, session_id: str) -> WajsBuild:
        """The build for a session.

        Raises:
            InvalidArgumentError: ``WAJS_UNUSABLE``.
        """
        if self.canary is not None and session_id in self.canary_sessions:
            return read_build(self.canary, BridgeSource.CANARY)
        if self.configured is not None:
            return read_build(self.configured, BridgeSource.CONFIGURED)
        return self.read_pinned()

    def read_pinned(self) -> WajsBuild:
        """The pinned build.

        Raises:
            InvalidArgumentError: ``WAJS_UNUSABLE``.
        """
        return read_build(self.pinned, BridgeSource.PINNED)
