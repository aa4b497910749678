"""What the log says of the rates."""

from typing import Final

import structlog

_log: Final = structlog.stdlib.get_logger(__name__)


def tell_of_limiter(is_away: bool) -> None:  # noqa: FBT001 - the port's own way to tell
    """The limiter that all gateways share is away, or back."""
    if is_away:
        _log.warning("rate_limiter_away", limits="of this gateway alone")
    else:
        _log.info("rate_limiter_back")
