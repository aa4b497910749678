"""People who asked not to be written to any more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.content import Content
from domain.errors import InvalidArgumentError, UnprocessableError
from domain.ids import MessageId
from domain.jid import Jid
from domain.person import Person
from domain.text_checks import check_optional_text
from domain.text_content import Text

OPTED_OUT: Final = "RECIPIENT_OPTED_OUT"
OPTED_OUT_TEXT: Final = "This person has asked not to be written to; it isn't sent."
MAX_NOTE: Final = 500
MAX_STOP_WORDS: Final = 50
MAX_STOP_WORD: Final = 64


class SuppressionSource(StrEnum):
    """Where an opt-out came from."""

    API = "api"
    """Somebody put it on record."""
    MESSAGE = "message"
    """The person sent one of the session's stop words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """That a person isn't written to.

    Attributes:
        address: by which it was put on record; it holds for all of the person's.
        message_id: the message that asked for it, where one did.
    """

    address: Jid
    source: SuppressionSource
    created_at: datetime
    note: str | None = None
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSuppression:
    """An opt-out, and whose it is."""

    suppression: Suppression
    person: Person


def check_suppressible(address: Jid, *, field: str = "address") -> Jid:
    """A person's address.

    Raises:
        InvalidArgumentError: ``NOT_A_PERSON``.
    """
    if not address.is_user:
        raise InvalidArgumentError("NOT_A_PERSON", "People opt out, not groups or channels.", field=field)
    return address


def check_note(note: str | None) -> str | None:
    """A note; a blank one is none.

    Raises:
        InvalidArgumentError: ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
    """
    return check_optional_text(note, MAX_NOTE, field="note")


def check_stop_words(words: Collection[str]) -> tuple[str, ...]:
    """Stop words, without those that say the same as another.

    Raises:
        InvalidArgumentError: ``INVALID_STOP_WORDS``.
    """
    kept = {_plain(word): word.strip() for word in reversed(tuple(words))}
    if len(words) > MAX_STOP_WORDS or not all(
        0 < len(word) <= MAX_STOP_WORD and word.isprintable() for word in kept.values()
    ):
        raise InvalidArgumentError(
            "INVALID_STOP_WORDS",
            f"At most {MAX_STOP_WORDS} stop words, each of 1 to {MAX_STOP_WORD} printable characters.",
            field="stop_words",
        )
    return tuple(reversed(kept.values()))


def may_stop(content: Content) -> bool:
    """Whether a message can be a stop word at all."""
    return isinstance(content, Text) and len(content.body) <= 2 * MAX_STOP_WORD


def is_stop_word(content: Content, words: Collection[str]) -> bool:
    """Whether a message is exactly one of the words; capitals and space around it don't count."""
    return isinstance(content, Text) and _plain(content.body) in {_plain(word) for word in words}


def opted_out() -> UnprocessableError:
    """The recipient has asked not to be written to."""
    return UnprocessableError(OPTED_OUT, OPTED_OUT_TEXT, field="to")


def _plain(word: str) -> str:
    return word.strip().casefold()
