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
        "changes-missed": 17,
        "commands-assumed": 46,
        "early-takeover": 30,
        "effects-assumed": 3,
        "events-apart": 41,
        "forwarded-as-it-is": 140,
        "founded-again": 11,
        "left-unread": 112,
        "new-id-on-retry": 6,
        "newest-first": 6,
        "no-reconciliation": 174,
        "no-recovery": 6,
        "notices-missed": 45,
        "operations-apart": 5,
        "read-at-opening": 112,
        "receipts-go-back": 6,
        "stale-commits": 30,
        "told-apart": 344,
        "trust-too-long": 10,
        "webhook-passed-over": 2,
    }
)
