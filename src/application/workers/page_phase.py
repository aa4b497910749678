"""What a page is at, as far as its session's status tells, and what is to be done about it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from application.ports.page_events import PageEvent
from application.ports.whatsapp_driver import PageHealth, Probe


class Phase(StrEnum):
    """What a page is at."""

    LOADING = "loading"
    """It is open, and has told neither that it is linked nor that it isn't."""
    QR = "qr"
    QR_ENDED = "qr-ended"
    PASSKEY = "passkey"
    SYNCING = "syncing"
    WORKING = "working"
    LOST = "lost"
    """It can't reach WhatsApp."""
    CONFLICT = "conflict"


UP: Final = frozenset({Phase.QR, Phase.QR_ENDED, Phase.PASSKEY, Phase.WORKING, Phase.LOST, Phase.CONFLICT})
"""Where a start has come to its end, good or bad."""

HELD: Final = frozenset({Phase.PASSKEY, Phase.CONFLICT})
"""What a new page wouldn't mend: it would ask for more QRs, or fight with the other browser."""

LIMITS: Final = {Phase.LOADING: timedelta(minutes=3), Phase.SYNCING: timedelta(minutes=15)}
"""How long a page may be at what should pass. A first synchronisation of a large account takes minutes."""

AGREES: Final = {
    Phase.LOADING: frozenset({PageHealth.UNLINKED}),
    Phase.QR: frozenset({PageHealth.UNLINKED}),
    Phase.QR_ENDED: frozenset({PageHealth.UNLINKED}),
    Phase.PASSKEY: frozenset({PageHealth.PASSKEY, PageHealth.UNLINKED, PageHealth.DISCONNECTED}),
    Phase.SYNCING: frozenset({PageHealth.SYNCING}),
    Phase.WORKING: frozenset({PageHealth.SOUND}),
    Phase.LOST: frozenset({PageHealth.DISCONNECTED}),
    Phase.CONFLICT: frozenset({PageHealth.CONFLICT}),
}
"""What a probe finds where the status is true."""

SIGNING_IN: Final = frozenset({Phase.LOADING, Phase.SYNCING})
"""Where a page goes through states that pass by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Probes have found, more than once, what isn't what the page had told."""

    probe: Probe
    document: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The page hasn't answered its probes."""

    document: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The page has been at the same for too long. ``entry`` counts the phases it has been in."""

    entry: int


InboxItem = PageEvent | Disagreement | Unanswered | Overdue
