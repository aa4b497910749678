"""Seeds that have found a planted fault. They are tried first, which saves time; they prove nothing.

What a seed does changes with the code: where one doesn't find its fault any more, all are looked through as before, and
`python -m tests.simulation --plant all` says which one does.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FOUND: Final[Mapping[str, int]] = MappingProxyType(
    {
        "answer-before-commit": 2,
        "blind-recovery": 6,
        "changes-missed": 2,
        "changes-told-again": 0,
        "commands-assumed": 2,
        "commands-unkeyed": 0,
        "done-again-later": 3,
        "early-takeover": 2,
        "effects-assumed": 23,
        "events-apart": 46,
        "forwarded-as-it-is": 80,
        "founded-again": 11,
        "half-a-file": 0,
        "key-apart": 0,
        "keys-unlocked": 0,
        "lanes-unclaimed": 0,
        "left-unread": 2,
        "new-id-on-retry": 6,
        "newest-first": 3,
        "no-backfill": 17,
        "no-reconciliation": 52,
        "no-recovery": 6,
        "notices-missed": 116,
        "notices-told-again": 2,
        "operations-apart": 15,
        "outcome-forgotten": 3,
        "pace-forgotten": 7,
        "read-at-opening": 2,
        "receipts-go-back": 14,
        "stale-commits": 112,
        "straight-past-the-pace": 8,
        "told-apart": 344,
        "trust-too-long": 2,
        "webhook-marked-before": 2,
        "webhook-passed-over": 14,
    }
)
