"""What callers set of a session's pace."""

from collections.abc import Sequence
from typing import Any

from application.representation.pacing import pacing_to_dict
from domain.pacing import Pacing


def own_pacing(pacing: Pacing | None) -> Pacing | None:
    """The pace as it is kept; one that sets nothing is none.

    Raises:
        InvalidArgumentError: ``INVALID_PACING``.
    """
    return None if pacing is None or pacing == Pacing() else pacing.check()


def asked_pace(pacing: Pacing | None, stop_words: Sequence[str] | None) -> dict[str, Any]:
    """What is asked, as JSON; what isn't given is left out, so that a key of before stands for the same request."""
    asked: dict[str, Any] = {} if pacing is None else {"pacing": pacing_to_dict(pacing)}
    return asked if stop_words is None else asked | {"stop_words": list(stop_words)}
