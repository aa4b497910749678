"""What is remembered of builds of wa-js: the last good one of each session, a copy of it, and those given up."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, override

import structlog

from adapters.playwright.wajs import WajsBuild
from domain.bridge import BridgeSource
from domain.ids import SessionId

_LOG: Final = structlog.get_logger(__name__)
_PRIVATE: Final = 0o700
_MOST_GIVEN_UP: Final = 20
"""Builds that a session remembers to have given up, the newest: no file of ours grows without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodBuild:
    """A build that served a session well.

    Attributes:
        resolved: for each stage of the page, the capabilities that its self-test found there.
    """

    sha256: str
    version: str | None
    resolved: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A build that resolved less than the last good one did on the same page.

    Attributes:
        found: how many capabilities it had.
        bridge: hash of our own bridge that tested it: another one may need other functions.
        detail: for people.
    """

    version: str | None
    found: int
    bridge: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRecord:
    """One session's memory. ``given_up`` is by hash, oldest first."""

    good: GoodBuild | None = None
    given_up: Mapping[str, GivenUp] = field(default_factory=dict)


class BridgeRecords:
    """Records and copies as files that only their owner can read, each replaced in one step.

    A record that can't be read counts as none, and a copy that isn't what its name says isn't used.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._records = home / "sessions"
        self._builds = home / "builds"

    def unchanging(self) -> "BridgeRecords":
        """The same, and what is to be kept isn't: for a page that says nothing of its build."""
        return _Unchanging(self._home)

    def load(self, session_id: SessionId) -> BridgeRecord:
        """A session's record; an empty one where there is none."""
        try:
            return _record_of(json.loads(self._record(session_id).read_bytes()))
        except FileNotFoundError:
            return BridgeRecord()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _LOG.warning("bridge_record_unreadable", session_id=session_id, error=type(error).__name__)
            return BridgeRecord()

    def save(self, session_id: SessionId, record: BridgeRecord, good: WajsBuild) -> None:
        """Keeps a record, and before it the script of its good build.

        Raises:
            OSError: the disk is full, say; what was kept before is still there.
        """
        copy = self._build(good.sha256)
        if record.good is not None and record.good.sha256 == good.sha256 and self.copy(good.sha256) is None:
            _replace(copy, good.text.encode())
        _replace(self._record(session_id), json.dumps(_json_of(record), indent=1).encode())

    def copy(self, sha256: str) -> WajsBuild | None:
        """The kept script with this hash."""
        try:
            build = WajsBuild.of(self._build(sha256).read_bytes(), BridgeSource.ROLLED_BACK)
        except (OSError, ValueError):
            return None
        return build if build.sha256 == sha256 else None

    def forget(self, session_id: SessionId) -> None:
        """Removes a session's record."""
        self._record(session_id).unlink(missing_ok=True)

    def rolled_back(self) -> Mapping[str, tuple[SessionId, ...]]:
        """Given-up builds by hash, each with the sessions that gave it up."""
        found: dict[str, tuple[SessionId, ...]] = {}
        for session_id in self._sessions():
            for sha256 in self.load(session_id).given_up:
                found[sha256] = (*found.get(sha256, ()), session_id)
        return found

    def prune(self) -> None:
        """Removes copies that no record names. Only while nobody saves."""
        goods = (self.load(session_id).good for session_id in self._sessions())
        needed = {self._build(good.sha256) for good in goods if good is not None}
        try:
            for path in self._builds.iterdir():
                if path not in needed:
                    path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            _LOG.warning("bridge_copies_not_pruned", error=error.strerror)

    def _sessions(self) -> tuple[SessionId, ...]:
        return tuple(sorted(SessionId(path.stem) for path in self._records.glob("*.json")))

    def _record(self, session_id: SessionId) -> Path:
        return self._records / f"{session_id}.json"

    def _build(self, sha256: str) -> Path:
        return self._builds / f"{sha256}.js"


class _Unchanging(BridgeRecords):
    @override
    def save(self, session_id: SessionId, record: BridgeRecord, good: WajsBuild) -> None:
        pass


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _record_of(data: Mapping[str, Any]) -> BridgeRecord:
    good = data["good"]
    return BridgeRecord(
        good=None
        if good is None
        else GoodBuild(
            sha256=str(good["sha256"]),
            version=good["version"],
            resolved={str(stage): frozenset(map(str, names)) for stage, names in good["resolved"].items()},
        ),
        given_up={
            str(sha256): GivenUp(
                version=each["version"],
                found=int(each["found"]),
                bridge=str(each["bridge"]),
                detail=str(each["detail"]),
            )
            for sha256, each in data["given_up"].items()
        },
    )


def _json_of(record: BridgeRecord) -> dict[str, Any]:
    good = record.good
    skipped = max(0, len(record.given_up) - _MOST_GIVEN_UP)
    return {
        "good": None
        if good is None
        else {
            "sha256": good.sha256,
            "version": good.version,
            "resolved": {stage: sorted(names) for stage, names in good.resolved.items()},
        },
        "given_up": {
            sha256: {"version": each.version, "found": each.found, "bridge": each.bridge, "detail": each.detail}
            for sha256, each in islice(record.given_up.items(), skipped, None)
        },
    }
