"""The Prefer header (RFC 7240), as far as it is honoured."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from entrypoints.rest.config import MAX_WAIT

_WAIT: Final = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How long the caller wants to wait. ``applied`` is the Preference-Applied header; None when there is none."""

    wait: timedelta
    applied: str | None

    @classmethod
    def parse(cls, headers: Iterable[str], default: timedelta) -> "Preferences":
        """Reads the header's lines.

        ``wait=N`` is cut at a minute. ``respond-async`` alone doesn't wait at all. What isn't known, or can't be
        read, is ignored, as the RFC has it.
        """
        wait: timedelta | None = None
        asynchronous = False
        for preference in (part.strip().lower() for line in headers for part in line.split(",")):
            if preference == "respond-async":
                asynchronous = True
            elif wait is None and (found := _WAIT.fullmatch(preference)):
                wait = min(timedelta(seconds=int(found[1])), MAX_WAIT)
        applied = ["respond-async"] if asynchronous else []
        if wait is not None:
            applied.append(f"wait={wait.total_seconds():.0f}")
        if wait is None:
            wait = timedelta(0) if asynchronous else default
        return cls(wait=wait, applied=", ".join(applied) or None)
