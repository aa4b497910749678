"""Texts."""

from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid
from domain.text_checks import check_text

MAX_TEXT_CHARACTERS: Final = 65_536
"""The longest text that WhatsApp Web lets a user send, in UTF-16 code units."""

MAX_MENTIONS: Final = 1_024
"""WhatsApp's largest group; nobody else could be mentioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPreview:
    """What a text shows of a link in it.

    Attributes:
        url: the link as it stands in the text.
        thumbnail: a JPEG of a few kilobytes.
    """

    url: str
    title: str | None = None
    description: str | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text message.

    Attributes:
        mentions: the users whose ``@number`` stands in the body.
        mention_all: all members of the group are mentioned.
    """

    body: str
    mentions: tuple[Jid, ...] = ()
    mention_all: bool = False
    preview: LinkPreview | None = None

    @classmethod
    def compose(
        cls, body: str, mentions: tuple[Jid, ...] = (), *, mention_all: bool = False, field: str = "text"
    ) -> "Text":
        """Checks a text that is to be sent.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``TOO_MANY_MENTIONS`` or
                ``INVALID_MENTION``.
        """
        check_text(body, MAX_TEXT_CHARACTERS, field=f"{field}.body")
        return cls(body=body, mentions=check_mentions(mentions, field=f"{field}.mentions"), mention_all=mention_all)


def check_mentions(mentions: tuple[Jid, ...], *, field: str) -> tuple[Jid, ...]:
    """Those who are mentioned, each once.

    Raises:
        InvalidArgumentError: ``TOO_MANY_MENTIONS``, ``INVALID_MENTION``.
    """
    if len(mentions) > MAX_MENTIONS:
        raise InvalidArgumentError("TOO_MANY_MENTIONS", f"At most {MAX_MENTIONS} mentions.", field=field)
    if any(not jid.is_user for jid in mentions):
        raise InvalidArgumentError("INVALID_MENTION", "Only users can be mentioned.", field=field)
    return tuple(dict.fromkeys(mentions))
