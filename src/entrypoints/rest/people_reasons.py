"""The reasons of errors in chats, people, presence and calls."""

from typing import Final

from domain.errors import ErrorKind

_K = ErrorKind

PEOPLE_REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_USERNAME": (_K.INVALID_ARGUMENT, "This can't be a username."),
    "INVALID_CALL_ID": (_K.INVALID_ARGUMENT, "This can't be a call's id."),
    "INVALID_TIME": (_K.INVALID_ARGUMENT, "The time lies in the past."),
    "NOT_A_PERSON": (_K.INVALID_ARGUMENT, "The address is a group's, say, and not a person's."),
    "INVALID_PACING": (_K.INVALID_ARGUMENT, "A part of the pace is out of its limits; `field` says which."),
    "INVALID_PROXY": (_K.INVALID_ARGUMENT, "This can't be a proxy; `field` says what of it."),
    "PROXY_TARGET_REFUSED": (_K.INVALID_ARGUMENT, "The proxy is private, loopback or the like, and not allowed."),
    "INVALID_STOP_WORDS": (_K.INVALID_ARGUMENT, "Too many stop words, or one that is empty, too long or unprintable."),
    "SUPPRESSION_NOT_FOUND": (_K.NOT_FOUND, "This person hasn't opted out."),
    "RECIPIENT_OPTED_OUT": (_K.UNPROCESSABLE, "This person has asked not to be written to."),
    "CHAT_NOT_FOUND": (_K.NOT_FOUND, "The account has no such chat."),
    "CONTACT_NOT_FOUND": (_K.NOT_FOUND, "Nobody is known by this username."),
    "MESSAGE_NOT_IN_PAGE": (_K.NOT_FOUND, "The session's page doesn't hold this message."),
    "CALL_NOT_FOUND": (_K.NOT_FOUND, "No such call rings."),
    "TOO_MANY_PINNED": (_K.UNPROCESSABLE, "Three chats are pinned, WhatsApp's limit."),
    "CHANGE_REFUSED": (_K.UNPROCESSABLE, "WhatsApp refused the change."),
    "CONTACT_BLOCKED": (_K.UNPROCESSABLE, "The account has blocked this person."),
    "CHANGE_UNCONFIRMED": (_K.DEADLINE_EXCEEDED, "WhatsApp didn't confirm the change in time; it may come yet."),
    "PHONE_SILENT": (_K.DEADLINE_EXCEEDED, "The phone, which has the older messages, doesn't answer."),
}
