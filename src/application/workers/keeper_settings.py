"""What those who keep sessions running are told."""

from dataclasses import dataclass, field
from datetime import timedelta

from domain.pacing import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """How sessions are watched and started.

    Attributes:
        probe_every: between two looks through a page and its bridge to the state of its socket.
        starts_at_once: how many sessions may be starting at a time; the others wait their turn.
        drain_within: how long a page that is to be closed may take to send what it has been handed.
        recycle_every: the shortest time between two times that a browser is opened again for its size.
        pace: of sessions that have none of their own.
    """

    probe_every: timedelta = timedelta(seconds=15)
    starts_at_once: int = 2
    drain_within: timedelta = timedelta(seconds=3)
    recycle_every: timedelta = timedelta(minutes=30)
    pace: Pace = field(default_factory=Pace)
