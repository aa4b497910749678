"""Whether a chain of entries is what was written."""

from dataclasses import dataclass
from typing import Final

from domain.audit import REMOVED, AuditEntry, Mark

_REPLACED: Final = "its hash isn't the expected one: entries up to it were replaced"
PRUNE: Final = "pruneAuditLog"
"""The operation by which retention says what it removed."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that isn't what was written, and how that shows."""

    sequence: int
    problem: str


class ChainCheck:
    """Takes the entries from the oldest on, one by one, and says which is the first that doesn't fit.

    Args:
        removed: what comes before the first entry.
        expected: places that are known from elsewhere; what stands there must have these hashes.
    """

    def __init__(self, removed: Mark, *expected: Mark) -> None:
        self._removed = removed
        self._expected = expected
        self._pruned: str | None = None
        self.at = removed
        """The last place that was found good."""

    def take(self, entry: AuditEntry) -> Broken | None:
        """Looks at the next entry."""
        wanted = self.at.sequence + 1
        if entry.sequence > wanted:
            return Broken(wanted, f"it is missing; the next one that is there is {entry.sequence}")
        if entry.sequence < wanted:
            return Broken(entry.sequence, "it stands where another one belongs")
        if entry.previous != self.at.hash:
            return Broken(wanted, "it doesn't follow the entry before it")
        if not entry.is_intact:
            return Broken(wanted, "it was changed: its hash isn't that of what it says")
        if any(mark.sequence == wanted and mark.hash != entry.hash for mark in self._expected):
            return Broken(wanted, _REPLACED)
        if entry.record.operation == PRUNE:
            self._pruned = next((name for name in entry.record.targets if name.startswith(f"{REMOVED}:")), None)
        self.at = entry.mark
        return None

    def end(self) -> Broken | None:
        """Looks at what was expected, when all entries were taken."""
        for mark in self._expected:
            if mark.sequence > self.at.sequence:
                return Broken(self.at.sequence + 1, f"it is missing: the log went on to {mark.sequence} at least")
            if mark.sequence == self._removed.sequence and mark.hash != self._removed.hash:
                return Broken(mark.sequence, _REPLACED)
        return None

    def end_of_all(self) -> Broken | None:
        """The same, where the entries were all that a log has: what was removed of it, it must say itself."""
        # First the end: without it what retention has said may be missing, too.
        if (broken := self.end()) is not None:
            return broken
        if self._removed.sequence and self._pruned != f"{REMOVED}:{self._removed}":
            return Broken(self._removed.sequence, "entries up to it are gone, and retention hasn't removed them")
        return None
