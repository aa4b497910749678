"""Identifiers. Each is a string with a meaning of its own, so that a wrong one is a type error."""

import re
from typing import NewType

from domain.errors import InvalidArgumentError

SessionId = NewType("SessionId", str)
"""A session's slug: 1 to 63 characters of ``a-z 0-9 - _``, starting with a letter or a digit."""

MessageId = NewType("MessageId", str)
"""The gateway's own id of a message: ``msg_`` and a ULID."""

WhatsAppMessageId = NewType("WhatsAppMessageId", str)
"""The page's id of a message: ``{fromMe}_{chatId}_{id}[_{participant}]``, unique within an account."""

EventId = NewType("EventId", str)
"""An event's id: ``evt_`` and a ULID."""

WebhookId = NewType("WebhookId", str)
"""A webhook endpoint's id: ``whk_`` and a ULID."""

MediaId = NewType("MediaId", str)
"""The id of a file in the media store: ``media_`` and a ULID."""

UserId = NewType("UserId", str)
"""A user's id: ``usr_`` and a ULID."""

ApiKeyId = NewType("ApiKeyId", str)
"""The id of an API key, which is no secret: ``key_`` and a ULID."""

_MESSAGE_ID = re.compile(r"msg_[0-9A-HJKMNP-TV-Z]{26}")
_EVENT_ID = re.compile(r"evt_[0-9A-HJKMNP-TV-Z]{26}")
_WEBHOOK_ID = re.compile(r"whk_[0-9A-HJKMNP-TV-Z]{26}")
_MEDIA_ID = re.compile(r"media_[0-9A-HJKMNP-TV-Z]{26}")
_USER_ID = re.compile(r"usr_[0-9A-HJKMNP-TV-Z]{26}")
_API_KEY_ID = re.compile(r"key_[0-9A-HJKMNP-TV-Z]{26}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def parse_message_id(text: str, *, field: str = "message_id") -> MessageId:
    """Reads a message's id.

    Raises:
        InvalidArgumentError: ``INVALID_MESSAGE_ID`` when the text isn't one.
    """
    if not _MESSAGE_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_MESSAGE_ID", "A message id is 'msg_' and 26 characters, as the gateway gave it.", field=field
        )
    return MessageId(text)


def parse_media_id(text: str, *, field: str = "media_id") -> MediaId:
    """Reads the id of a file in the media store.

    Raises:
        InvalidArgumentError: ``INVALID_MEDIA_ID`` when the text isn't one.
    """
    if not _MEDIA_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_MEDIA_ID", "A media id is 'media_' and 26 characters, as the gateway gave it.", field=field
        )
    return MediaId(text)


def parse_event_id(text: str, *, field: str = "event_id") -> EventId:
    """Reads an event's id.

    Raises:
        InvalidArgumentError: ``INVALID_EVENT_ID`` when the text isn't one.
    """
    if not _EVENT_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_EVENT_ID", "An event's id is 'evt_' and 26 characters, as the gateway gave it.", field=field
        )
    return EventId(text)


def parse_webhook_id(text: str, *, field: str = "webhook_id") -> WebhookId:
    """Reads a webhook endpoint's id.

    Raises:
        InvalidArgumentError: ``INVALID_WEBHOOK_ID`` when the text isn't one.
    """
    if not _WEBHOOK_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_WEBHOOK_ID", "A webhook's id is 'whk_' and 26 characters, as the gateway gave it.", field=field
        )
    return WebhookId(text)


def parse_user_id(text: str, *, field: str = "user_id") -> UserId:
    """Reads a user's id.

    Raises:
        InvalidArgumentError: ``INVALID_USER_ID`` when the text isn't one.
    """
    if not _USER_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_USER_ID", "A user's id is 'usr_' and 26 characters, as the gateway gave it.", field=field
        )
    return UserId(text)


def parse_api_key_id(text: str, *, field: str = "key_id") -> ApiKeyId:
    """Reads the id of an API key. It doesn't tell the text, which may be a key by mistake.

    Raises:
        InvalidArgumentError: ``INVALID_API_KEY_ID`` when the text isn't one.
    """
    if not _API_KEY_ID.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_API_KEY_ID", "A key's id is 'key_' and 26 characters, as the gateway gave it.", field=field
        )
    return ApiKeyId(text)


def parse_session_id(text: str) -> SessionId:
    """Reads a session's slug.

    Raises:
        InvalidArgumentError: ``INVALID_SESSION_ID`` when the text isn't a slug.
    """
    if not _SLUG.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_SESSION_ID",
            "A session id has 1 to 63 characters of a-z, 0-9, '-' and '_', and starts with a letter or a digit.",
            field="session_id",
        )
    return SessionId(text)
