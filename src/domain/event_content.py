"""Invitations to events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import InvalidArgumentError
from domain.location_content import Location
from domain.text_checks import check_optional_text, check_text

MAX_EVENT_NAME: Final = 100
MAX_EVENT_DESCRIPTION: Final = 2_048
"""What WhatsApp's apps let a user type, in UTF-16 code units."""


class CallType(StrEnum):
    """How an event's call is held."""

    VOICE = "voice"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventInvitation:
    """An event that people are asked to. ``call``: WhatsApp makes a link to a call for it."""

    name: str
    starts_at: datetime
    ends_at: datetime | None = None
    description: str | None = None
    location: Location | None = None
    call: CallType | None = None
    canceled: bool = False

    @classmethod
    def compose(
        cls,
        name: str,
        starts_at: datetime,
        *,
        ends_at: datetime | None = None,
        description: str | None = None,
        location: Location | None = None,
        call: CallType | None = None,
    ) -> "EventInvitation":
        """Checks an event that is to be sent. WhatsApp's times are whole seconds.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``INVALID_EVENT_TIME``.
        """
        starts_at = starts_at.replace(microsecond=0)
        ends_at = None if ends_at is None else ends_at.replace(microsecond=0)
        if ends_at is not None and ends_at < starts_at:
            raise InvalidArgumentError(
                "INVALID_EVENT_TIME", "An event doesn't end before it starts.", field="event.end_time"
            )
        return cls(
            name=check_text(name, MAX_EVENT_NAME, field="event.name"),
            starts_at=starts_at,
            ends_at=ends_at,
            description=check_optional_text(description, MAX_EVENT_DESCRIPTION, field="event.description"),
            location=location,
            call=call,
        )
