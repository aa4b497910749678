"""How long a call may wait for what it asks for."""

from datetime import timedelta
from typing import Any, Final

import grpc.aio
from google.protobuf.duration_pb2 import Duration

from domain.errors import InvalidArgumentError

MAX_WAIT: Final = timedelta(seconds=60)
_MARGIN: Final = timedelta(milliseconds=500)
_MARGIN_SHARE: Final = 5
"""Of what is left of a call's deadline, a fifth but at most half a second is kept for the answer's way."""


def wait_within(
    context: grpc.aio.ServicerContext[Any, Any], requested: Duration | None, *, default: timedelta
) -> timedelta:
    """The wait that was asked for, shortened so that the answer arrives before the call's own deadline.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    wait = default if requested is None else _read(requested)
    remaining = _remaining(context)
    if remaining is None:
        return wait
    return max(timedelta(0), min(wait, remaining - min(_MARGIN, remaining / _MARGIN_SHARE)))


def _read(requested: Duration) -> timedelta:
    # The message's own bounds reach far beyond timedelta's.
    bounded = 0 <= requested.seconds <= MAX_WAIT.total_seconds() and requested.nanos >= 0
    if not bounded or requested.ToTimedelta() > MAX_WAIT:
        raise InvalidArgumentError(
            "INVALID_REQUEST", f"A wait lasts 0 to {MAX_WAIT.total_seconds():g} seconds.", field="wait"
        )
    return requested.ToTimedelta()


def _remaining(context: grpc.aio.ServicerContext[Any, Any]) -> timedelta | None:
    # None when the caller set no deadline, which the stubs don't know.
    seconds: float | None = context.time_remaining()
    return None if seconds is None else timedelta(seconds=min(seconds, MAX_WAIT.total_seconds() * 2))
