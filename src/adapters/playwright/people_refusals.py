"""The bridge's failures in chats, people and calls, as the ports' errors."""

from collections.abc import Mapping
from typing import Final

from domain.errors import DeadlineExceededError, NotFoundError, PomboError, UnprocessableError

REFUSALS: Final[Mapping[str, tuple[type[PomboError], str]]] = {
    "CHAT_NOT_FOUND": (NotFoundError, "The account has no such chat."),
    "MESSAGE_NOT_IN_PAGE": (NotFoundError, "The session's page doesn't hold this message."),
    "TOO_MANY_PINNED": (UnprocessableError, "Three chats are pinned, WhatsApp's limit; unpin one first."),
    "CHANGE_REFUSED": (UnprocessableError, "WhatsApp refused the change."),
    "CHANGE_UNCONFIRMED": (DeadlineExceededError, "WhatsApp didn't confirm the change in time; it may come yet."),
    "PHONE_SILENT": (DeadlineExceededError, "The phone, which has the older messages, doesn't answer."),
    "CALL_NOT_FOUND": (NotFoundError, "No such call rings."),
    "CONTACT_BLOCKED": (UnprocessableError, "The account has blocked this person; unblock them first."),
}
