"""Bytes in JSON."""

import base64


def decode_base64(text: str) -> bytes:
    """The bytes that stand there, by RFC 4648 with its padding and nothing beside.

    Raises:
        ValueError: it isn't of that form. Nothing at all is no bytes.
    """
    # Python's own check lets padding be where nothing is to be padded.
    if len(text) % 4 or text.endswith("==="):
        raise ValueError("This isn't padded as base64 is.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("This isn't base64.") from error
