"""What any text that is to be sent has to be."""

from domain.errors import InvalidArgumentError


def utf16_length(text: str, *, field: str) -> int:
    """How long WhatsApp Web takes a text for: its UTF-16 code units.

    Raises:
        InvalidArgumentError: ``INVALID_TEXT``: half a surrogate pair, or a NUL.
    """
    if "\x00" in text:
        raise InvalidArgumentError("INVALID_TEXT", "The text holds a NUL character.", field=field)
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise InvalidArgumentError("INVALID_TEXT", "The text holds half a surrogate pair.", field=field) from None


def check_text(text: str, at_most: int, *, field: str) -> str:
    """A text that isn't blank.

    Args:
        text: as it was given.
        at_most: UTF-16 code units.
        field: the request's field.

    Raises:
        InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
    """
    if not text.strip():
        raise InvalidArgumentError("EMPTY_TEXT", "The text is empty.", field=field)
    if utf16_length(text, field=field) > at_most:
        raise InvalidArgumentError("TEXT_TOO_LONG", f"The text has at most {at_most} characters.", field=field)
    return text


def check_optional_text(text: str | None, at_most: int, *, field: str) -> str | None:
    """The same of a text that needn't be; a blank one is none.

    Raises:
        InvalidArgumentError: ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
    """
    return None if text is None or not text.strip() else check_text(text, at_most, field=field)
