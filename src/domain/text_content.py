"""Texts."""

from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid

MAX_TEXT_CHARACTERS: Final = 65_536
"""The longest text that WhatsApp Web lets a user send, in UTF-16 code units."""

MAX_MENTIONS: Final = 1_024
"""WhatsApp's largest group; nobody else could be mentioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text message. ``mentions`` are the users whose ``@number`` stands in the body."""

    body: str
    mentions: tuple[Jid, ...] = ()

    @classmethod
    def compose(cls, body: str, mentions: tuple[Jid, ...] = ()) -> "Text":
        """Checks a text that is to be sent.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``TOO_MANY_MENTIONS`` or
                ``INVALID_MENTION``.
        """
        if not body.strip():
            raise InvalidArgumentError("EMPTY_TEXT", "The text is empty.", field="text.body")
        try:
            units = len(body.encode("utf-16-le")) // 2
        except UnicodeEncodeError:
            raise InvalidArgumentError(
                "INVALID_TEXT", "The text holds half a surrogate pair.", field="text.body"
            ) from None
        if "\x00" in body:
            raise InvalidArgumentError("INVALID_TEXT", "The text holds a NUL character.", field="text.body")
        if units > MAX_TEXT_CHARACTERS:
            raise InvalidArgumentError(
                "TEXT_TOO_LONG", f"A text has at most {MAX_TEXT_CHARACTERS} characters.", field="text.body"
            )
        if len(mentions) > MAX_MENTIONS:
            raise InvalidArgumentError("TOO_MANY_MENTIONS", f"At most {MAX_MENTIONS} mentions.", field="text.mentions")
        if any(not jid.is_user for jid in mentions):
            raise InvalidArgumentError("INVALID_MENTION", "Only users can be mentioned.", field="text.mentions")
        return cls(body=body, mentions=tuple(dict.fromkeys(mentions)))
