"""JSON columns."""

import json
from typing import Any, Final

from application.json_text import json_text

dump: Final = json_text
"""The text of a value: every ``json`` column accepts it."""


def dump_optional(value: Any) -> str | None:
    """None for None, which is stored as NULL."""
    return None if value is None else dump(value)


def load(text: str | None) -> Any:
    """The value of a JSON column; None for NULL."""
    return None if text is None else json.loads(text)
