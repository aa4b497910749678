"""Hours of the day in which nothing is sent."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidArgumentError

_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``start`` to ``end`` by the clocks of a place; over midnight where the end isn't behind the start.

    Attributes:
        start: the first quiet minute.
        end: the first minute that isn't; the same as ``start``: there are no quiet hours.
        time_zone: the name of a zone of the IANA data base, like ``Europe/Lisbon``.
    """

    start: time
    end: time
    time_zone: str

    @classmethod
    def parse(cls, start: str, end: str, time_zone: str, *, field: str = "quiet_hours") -> Self:
        """Reads hours like ``21:00`` and the name of a zone.

        Raises:
            InvalidArgumentError: ``INVALID_PACING``.
        """
        begin, finish = _HOUR.fullmatch(start), _HOUR.fullmatch(end)
        if begin is None or finish is None:
            raise InvalidArgumentError("INVALID_PACING", "Hours are like 08:00 and 21:30.", field=field)
        if time_zone not in _zones():
            raise InvalidArgumentError(
                "INVALID_PACING", "There is no such time zone; they are like Europe/Lisbon or UTC.", field=field
            )
        return cls(
            start=time(int(begin[1]), int(begin[2])), end=time(int(finish[1]), int(finish[2])), time_zone=time_zone
        )

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours end that a time is in; None where it is in none."""
        if self.start == self.end:
            return None
        zone = ZoneInfo(self.time_zone)
        today = at.astimezone(zone).date()
        # Yesterday's may last until today.
        for day in (today - timedelta(days=1), today):
            last = day if self.start < self.end else day + timedelta(days=1)
            begins = datetime.combine(day, self.start, zone).astimezone(UTC)
            # In the night in which an hour comes twice it is quiet both times.
            ends = max(datetime.combine(last, self.end, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            if begins <= at < ends:
                return ends
        return None


@cache
def _zones() -> frozenset[str]:
    # "localtime" is the machine's own, which is another one on each.
    return frozenset(available_timezones() - {"localtime"})
