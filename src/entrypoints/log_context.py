"""What a line of the log says of what it belongs to."""

import structlog

from domain.errors import InvalidArgumentError
from domain.ids import parse_session_id


def note_session(session_id: str) -> None:
    """Lets every line that is logged from here on, in this task and those it begins, tell the session.

    What isn't a session's id isn't told: it may be anything that a caller sent.
    """
    try:
        parse_session_id(session_id)
    except InvalidArgumentError:
        return
    structlog.contextvars.bind_contextvars(session_id=session_id)
