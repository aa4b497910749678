"""What those who keep sessions running are told."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """How sessions are watched and started.

    Attributes:
        probe_every: between two looks through a page and its bridge to the state of its socket.
        starts_at_once: how many sessions may be starting at a time; the others wait their turn.
    """

    probe_every: timedelta = timedelta(seconds=15)
    starts_at_once: int = 2
