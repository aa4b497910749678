"""JSON as text."""

import json
from typing import Any


def json_text(value: Any) -> str:
    """JSON text that has a UTF-8 form and loses nothing.

    Half a surrogate pair, which raw content may hold, has no UTF-8 form, so that a text which holds one is escaped
    throughout. NUL always is.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text
