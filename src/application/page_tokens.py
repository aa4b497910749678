"""Page tokens: where a list goes on. Opaque to callers: the id of a page's last item, its time and id, or its place."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

from domain.errors import InvalidArgumentError


def token_of(created_at: datetime, item_id: str) -> str:
    """The token of the page that goes on behind an item."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {item_id}".encode()).decode().rstrip("=")


def read_token[T](token: str, parse_id: Callable[[str], T]) -> tuple[datetime, T]:
    """The time and the id of the item that a page goes on behind.

    Raises:
        InvalidArgumentError: ``INVALID_PAGE_TOKEN``.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        time, _, item_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition(" ")
        created_at = datetime.fromisoformat(time)
        if created_at.tzinfo is None:
            raise ValueError(token)
        # An offset can lead out of what a time can be.
        return created_at.astimezone(UTC), parse_id(item_id)
    except (ValueError, OverflowError, InvalidArgumentError) as error:
        raise no_page_token() from error


def read_id_token[T](token: str | None, parse_id: Callable[[str], T]) -> T | None:
    """The id of the item that a page goes on behind, where that alone is the token; None for the first page.

    Raises:
        InvalidArgumentError: ``INVALID_PAGE_TOKEN``.
    """
    try:
        return parse_id(token) if token else None
    except InvalidArgumentError as error:
        raise no_page_token() from error


def no_page_token() -> InvalidArgumentError:
    """What was given isn't a token of this list."""
    return InvalidArgumentError(
        "INVALID_PAGE_TOKEN", "Give a page token as the page before gave it.", field="page_token"
    )
