"""Cursors that don't work, and what is said of them."""

from domain.errors import GoneError, InvalidArgumentError


def check_cursor(cursor: int, head: int) -> None:
    """Refuses a cursor that no reader of this log can have got.

    Raises:
        InvalidArgumentError: ``INVALID_CURSOR``.
    """
    if not 0 <= cursor <= head:
        raise InvalidArgumentError(
            "INVALID_CURSOR",
            "This cursor is beyond the end of the log: it is from another installation, or mistyped.",
            field="after",
        )


def check_kept(cursor: int, oldest: int) -> None:
    """Refuses a cursor behind which events have been removed.

    Raises:
        GoneError: ``CURSOR_EXPIRED``; its metadata have the oldest cursor that works.
    """
    if cursor < oldest:
        raise GoneError(
            "CURSOR_EXPIRED",
            f"Events behind this cursor are past their retention and gone. The oldest cursor that works is {oldest}; "
            "what was missed can be looked up in the lists of messages and sessions.",
            metadata={"oldest_cursor": str(oldest)},
        )
