"""Seeds that have found a planted fault. They are tried first, which saves time; they prove nothing.

What a seed does changes with the code: where one doesn't find its fault any more, all are looked through as before, and
`python -m tests.simulation --plant all` says which one does.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FOUND: Final[Mapping[str, int]] = MappingProxyType(
    {
        "blind-recovery": 6,
        "changes-missed": 22,
        "commands-assumed": 26,
        "effects-assumed": 26,
        "events-apart": 56,
        "forwarded-as-it-is": 46,
        "founded-again": 6,
        "left-unread": 30,
        "new-id-on-retry": 6,
        "newest-first": 6,
        "no-reconciliation": 56,
        "no-recovery": 6,
        "notices-missed": 209,
        "operations-apart": 10,
        "receipts-go-back": 23,
        "stale-commits": 133,
        "told-apart": 11,
        "webhook-passed-over": 13,
    }
)
