"""Which build of the bridge's library, wa-js, a session's page runs, and why that one."""

from dataclasses import dataclass
from enum import StrEnum


class BridgeSource(StrEnum):
    """Where a build came from."""

    PINNED = "PINNED"
    """The one that this version of the gateway was made with."""
    CONFIGURED = "CONFIGURED"
    """``POMBO_WAJS_PATH``."""
    CANARY = "CANARY"
    """``POMBO_WAJS_CANARY_PATH``, for a session that ``POMBO_WAJS_CANARY_SESSIONS`` names."""
    ROLLED_BACK = "ROLLED_BACK"
    """The last good one, since the one that the settings ask for resolves less in this session's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedBridge:
    """The build that the settings ask for and that doesn't run.

    Attributes:
        version: as the build tells it; None where it tells none.
        sha256: of its script, in hex; None where the file can't be read.
        detail: why it doesn't run, for people.
    """

    version: str | None
    sha256: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The build that runs.

    Attributes:
        version: as the build tells it; None where it tells none.
        sha256: of its script, in hex: what tells two builds of one version apart.
        rolled_back_from: with ``ROLLED_BACK``, what it stands in for.
    """

    version: str | None
    sha256: str
    source: BridgeSource
    rolled_back_from: ReplacedBridge | None = None
