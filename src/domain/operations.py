"""What is done to a message, as contents of messages of their own.

They go the way of any message, so that each is done in order behind the one it concerns, and once. What they do shows
on that one.
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.errors import InvalidArgumentError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.text_checks import check_text
from domain.text_content import MAX_TEXT_CHARACTERS, check_mentions

EDIT_WITHIN: Final = timedelta(minutes=15)
"""How long after its sending a message can be edited (WhatsApp's Help Center, "How to edit messages")."""

REVOKE_WITHIN: Final = timedelta(days=2, hours=12)
"""How long after its sending a message can be deleted for everyone, as WhatsApp announced it in August 2022; its Help
Center says "about 2 days"."""

PIN_DURATIONS: Final = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""For how long a message can be pinned (WhatsApp's Help Center, "How to pin a message"; wa-js,
``PinExpiryDurationOption``)."""

_MAX_EMOJI: Final = 40
"""UTF-16 code units; a family of four with skin tones takes 33."""
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A person's reaction to a message; it takes the place of their last one. An empty emoji takes it back."""

    target: WhatsAppMessageId
    emoji: str

    @classmethod
    def compose(cls, target: WhatsAppMessageId, emoji: str, *, field: str = "emoji") -> "Reaction":
        """Checks one that is to be sent.

        Raises:
            InvalidArgumentError: ``INVALID_EMOJI``.
        """
        if emoji and not _may_be_emoji(emoji):
            raise InvalidArgumentError(
                "INVALID_EMOJI", "Give one emoji; an empty text takes the reaction back.", field=field
            )
        return cls(target=target, emoji=emoji)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Another text, or another caption, for a message of the account's own."""

    target: WhatsAppMessageId
    body: str
    mentions: tuple[Jid, ...] = ()

    @classmethod
    def compose(
        cls, target: WhatsAppMessageId, body: str, mentions: tuple[Jid, ...] = (), *, field: str | None = "text"
    ) -> "Edit":
        """Checks one that is to be sent. ``field``: what the request's fields are within; None: in nothing.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``TOO_MANY_MENTIONS``,
                ``INVALID_MENTION``.
        """
        within = "" if field is None else f"{field}."
        check_text(body, MAX_TEXT_CHARACTERS, field=f"{within}body")
        return cls(target=target, body=body, mentions=check_mentions(mentions, field=f"{within}mentions"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """Takes a message back from everyone."""

    target: WhatsAppMessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVote:
    """A person's choice in a poll; it takes the place of their last one. None at all takes it back."""

    target: WhatsAppMessageId
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Pins a message at the head of its chat for everyone, for a time; ``duration`` None unpins it."""

    target: WhatsAppMessageId
    duration: timedelta | None

    @classmethod
    def compose(cls, target: WhatsAppMessageId, duration: timedelta | None) -> "Pin":
        """Checks one that is to be sent.

        Raises:
            InvalidArgumentError: ``INVALID_DURATION``.
        """
        if duration is not None and duration not in PIN_DURATIONS:
            days = ", ".join(str(each.days) for each in PIN_DURATIONS)
            raise InvalidArgumentError("INVALID_DURATION", f"A message is pinned for {days} days.", field="duration")
        return cls(target=target, duration=duration)


Operation = Reaction | Edit | Revoke | PollVote | Pin
OPERATIONS: Final = (Reaction, Edit, Revoke, PollVote, Pin)


def _may_be_emoji(text: str) -> bool:
    """Whether this can be one emoji: which sequences are, WhatsApp's own list says, and it grows."""
    try:
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return False
    signs = [sign for sign in text if sign not in _JOINERS]
    tags_or_marks = all(
        unicodedata.category(sign) in {"So", "Sk", "Sm", "Po", "Nd", "Cf", "Mn", "Cn"} for sign in signs
    )
    beyond_ascii = any(ord(sign) > 0xA8 for sign in text)  # noqa: PLR2004 - the first emoji is the copyright sign
    return bool(signs) and units <= _MAX_EMOJI and tags_or_marks and beyond_ascii
