"""What the call that is being served is about, noted on its way."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Final

from domain.audit import MOST_TARGETS
from domain.errors import InvalidArgumentError
from domain.ids import (
    SessionId,
    parse_api_key_id,
    parse_event_id,
    parse_media_id,
    parse_message_id,
    parse_session_id,
    parse_user_id,
    parse_webhook_id,
)

_SHOWN: Final = 4
_IDS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "message_id": ("message", parse_message_id),
    "media_id": ("media", parse_media_id),
    "webhook_id": ("webhook", parse_webhook_id),
    "user_id": ("user", parse_user_id),
    "key_id": ("api_key", parse_api_key_id),
    "event_id": ("event", parse_event_id),
}
"""Names in requests, the kind that each means, and what reads it."""
_PEOPLE: Final = {"chat_id": "chat", "contact_id": "contact", "person_id": "contact", "group_id": "group"}
"""Names in requests of what may hold a phone number."""
NAMES: Final = ("session_id", *_IDS, *_PEOPLE)
"""The names in requests that are noted."""


class Notes:
    """Sessions, with how many things were done in each, and other targets."""

    __slots__ = ("_targets", "sessions")

    def __init__(self) -> None:
        self.sessions: dict[SessionId, int] = {}
        self._targets: dict[str, None] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        """The first of them, as ``kind:id``."""
        return tuple(self._targets)

    def add(self, target: str) -> None:
        """One more."""
        if len(self._targets) < MOST_TARGETS:
            self._targets[target] = None


NOTES: Final[ContextVar[Notes]] = ContextVar("notes")
"""Set by each transport for a call that is audited. Without one nothing is noted."""


def note_session(session_id: SessionId, count: int = 1) -> None:
    """The call is about this session."""
    if (notes := NOTES.get(None)) is not None:
        notes.sessions[session_id] = count


def note_target(kind: str, name: str) -> None:
    """The call is about this. Never a content, a secret or a whole phone number."""
    if (notes := NOTES.get(None)) is not None:
        notes.add(f"{kind}:{name}")


def note_names(names: Mapping[str, str]) -> None:
    """The call names these. What can't be an id isn't noted: it may be anything that a caller sent."""
    for name, value in names.items():
        try:
            if name == "session_id":
                note_session(parse_session_id(value))
            elif name in _IDS:
                kind, parse = _IDS[name]
                note_target(kind, parse(value))
            elif name in _PEOPLE and value:
                note_target(_PEOPLE[name], masked(value))
        except InvalidArgumentError:
            continue


def masked(address: str) -> str:
    """Of an address the last four digits, by which people tell it from others."""
    digits = [letter for letter in address.partition("@")[0] if letter in "0123456789"]
    return "…" + "".join(digits[-_SHOWN:])
