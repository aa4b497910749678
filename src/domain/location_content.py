"""Places."""

import math
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.text_checks import check_optional_text

MAX_PLACE_NAME: Final = 1_000
MAX_ADDRESS: Final = 1_000
"""Meta's Cloud API gives no limit for either ("Location messages"); this keeps a place from being a letter."""

_POLE: Final = 90
_DATE_LINE: Final = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place. ``live``: its sender shared where they are for a time; only inbound ones are.

    Attributes:
        latitude: degrees, north is positive.
        longitude: degrees, east is positive.
    """

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    live: bool = False

    @classmethod
    def compose(
        cls, latitude: float, longitude: float, *, name: str | None = None, address: str | None = None
    ) -> "Location":
        """Checks a place that is to be sent.

        Raises:
            InvalidArgumentError: ``INVALID_COORDINATES``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
        """
        for field, value, limit in (("latitude", latitude, _POLE), ("longitude", longitude, _DATE_LINE)):
            if not math.isfinite(value) or abs(value) > limit:
                raise InvalidArgumentError(
                    "INVALID_COORDINATES",
                    f"The {field} is between -{limit} and {limit} degrees.",
                    field=f"location.{field}",
                )
        return cls(
            latitude=latitude,
            longitude=longitude,
            name=check_optional_text(name, MAX_PLACE_NAME, field="location.name"),
            address=check_optional_text(address, MAX_ADDRESS, field="location.address"),
        )
