"""A pace as a caller gives it."""

from application.representation.pacing import quiet_hours_from_dict
from domain.pacing import Pacing
from entrypoints.rest.models.pacing import GivenPacing


def read_pacing(given: GivenPacing | None) -> Pacing | None:
    """The pace; None where none is given.

    Raises:
        InvalidArgumentError: ``INVALID_PACING``: the quiet hours.
    """
    if given is None:
        return None
    quiet = None if given.quiet_hours is None else quiet_hours_from_dict(given.quiet_hours.model_dump())
    return Pacing(
        messages_per_minute=given.messages_per_minute,
        burst=given.burst,
        jitter=given.jitter,
        new_chats_per_day=given.new_chats_per_day,
        quiet_hours=quiet,
        restriction_minutes=given.restriction_minutes,
    )
