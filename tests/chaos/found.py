"""What a verdict says."""

from dataclasses import asdict, dataclass, field
from typing import Final

_FIGURES: Final = frozenset(
    {
        "sent",
        "accepted",
        "operations",
        "unknown",
        "unheard",
        "received",
        "events",
        "beyond_reach",
        "events_backfilled",
        "webhook_posts",
        "webhook_repeats",
    }
)


@dataclass(slots=True)
class Verdict:
    """What was found. Each list has one line for each thing that is wrong."""

    sent: int = 0
    accepted: int = 0
    operations: int = 0
    unknown: int = 0
    """Operations of which the gateway says that nobody can know whether they were done."""

    unheard: int = 0
    """Voice notes that were marked as played, and whose writer wasn't told: the page died before."""

    received: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    files_changed: list[str] = field(default_factory=list)
    events_missing: list[str] = field(default_factory=list)
    beyond_reach: list[str] = field(default_factory=list)
    """Changes without an event whose message the session's page may have lacked, as far as the gateways' logs tell:
    docs/delivery.md has why it can't tell them then."""

    events_repeated: list[str] = field(default_factory=list)
    events_out_of_order: list[str] = field(default_factory=list)
    cursor: list[str] = field(default_factory=list)
    webhooks_missing: list[str] = field(default_factory=list)
    webhooks_changed: list[str] = field(default_factory=list)
    webhooks_out_of_order: list[str] = field(default_factory=list)
    bad_signatures: int = 0
    unfinished: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    events: int = 0
    events_backfilled: int = 0
    webhook_posts: int = 0
    webhook_repeats: int = 0

    @property
    def is_good(self) -> bool:
        """Nothing of what must not be."""
        return not any(found for name, found in asdict(self).items() if name not in _FIGURES)
