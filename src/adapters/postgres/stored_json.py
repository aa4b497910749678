"""JSON columns."""

import json
from typing import Any


def dump(value: Any) -> str:
    """JSON text that every ``json`` column accepts and that loses nothing.

    Half a surrogate pair has no UTF-8 form, so that a text which holds one is escaped throughout. NUL always is.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def dump_optional(value: Any) -> str | None:
    """None for None, which is stored as NULL."""
    return None if value is None else dump(value)


def load(text: str | None) -> Any:
    """The value of a JSON column; None for NULL."""
    return None if text is None else json.loads(text)
