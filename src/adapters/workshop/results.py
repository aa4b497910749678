"""What the workshop's process finds wrong."""

from dataclasses import dataclass


class ComplexError(Exception):
    """It takes more than what is allowed: pixels, frames, streams."""


class BrokenError(Exception):
    """It begins as something that it isn't; the text is for people."""


class NotConvertibleError(Exception):
    """It isn't what could be made into that; the text is for people."""


class OversizeError(Exception):
    """It can't be made small enough."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file that begins as one of its type and isn't whole."""

    mime_type: str
    text: str
