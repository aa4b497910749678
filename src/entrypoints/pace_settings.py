"""The settings of the pace of sessions that have none of their own."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode

from domain.errors import InvalidArgumentError
from domain.pacing import MAX_BURST, MAX_NEW_CHATS, MAX_PER_MINUTE, MAX_RESTRICTION_MINUTES, Pace
from domain.quiet_hours import QuietHours

_QUIET: Final = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2}) +(\S+)")
_DEFAULT: Final = Pace()


def _quiet_hours(value: object) -> object:
    """Hours like ``21:00-08:00 Europe/Lisbon``."""
    if not isinstance(value, str):
        return value
    found = _QUIET.fullmatch(value.strip())
    try:
        if found is not None:
            return QuietHours.parse(found[1], found[2], found[3])
    except InvalidArgumentError as error:
        raise ValueError(error.message) from None
    raise ValueError("must be hours and a time zone, like 21:00-08:00 Europe/Lisbon")


class PaceSettings(BaseSettings):
    """What the environment says of the pace; a part of ``Settings``. As ``Pace`` has it."""

    pace_messages_per_minute: int = Field(
        _DEFAULT.messages_per_minute, validation_alias="POMBO_PACE_MESSAGES_PER_MINUTE", ge=0, le=MAX_PER_MINUTE
    )
    pace_burst: int = Field(_DEFAULT.burst, validation_alias="POMBO_PACE_BURST", ge=1, le=MAX_BURST)
    pace_jitter: float = Field(_DEFAULT.jitter, validation_alias="POMBO_PACE_JITTER", ge=0, le=1)
    pace_new_chats_per_day: int = Field(
        _DEFAULT.new_chats_per_day, validation_alias="POMBO_PACE_NEW_CHATS_PER_DAY", ge=0, le=MAX_NEW_CHATS
    )
    pace_quiet_hours: Annotated[QuietHours | None, NoDecode, BeforeValidator(_quiet_hours)] = Field(
        _DEFAULT.quiet_hours, validation_alias="POMBO_PACE_QUIET_HOURS"
    )
    pace_restriction_minutes: float = Field(
        _DEFAULT.restriction_minutes,
        validation_alias="POMBO_PACE_RESTRICTION_MINUTES",
        ge=0,
        le=MAX_RESTRICTION_MINUTES,
    )

    @property
    def pace(self) -> Pace:
        """All of it together."""
        return Pace(
            messages_per_minute=self.pace_messages_per_minute,
            burst=self.pace_burst,
            jitter=self.pace_jitter,
            new_chats_per_day=self.pace_new_chats_per_day,
            quiet_hours=self.pace_quiet_hours,
            restriction_minutes=self.pace_restriction_minutes,
        )
