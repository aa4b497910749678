"""The reasons of errors, as the API's document tells them."""

from http import HTTPStatus
from typing import Any, Final

from domain.errors import ErrorKind
from entrypoints.rest.content_reasons import CONTENT_REASONS
from entrypoints.rest.group_reasons import GROUP_REASONS
from entrypoints.rest.media_reasons import MEDIA_REASONS
from entrypoints.rest.people_reasons import PEOPLE_REASONS
from entrypoints.rest.problem import PROBLEM_JSON
from entrypoints.status import STATUS

_K = ErrorKind

REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_REQUEST": (_K.INVALID_ARGUMENT, "The request isn't of the documented form."),
    "INVALID_SESSION_ID": (_K.INVALID_ARGUMENT, "This can't be a session's id."),
    "INVALID_MESSAGE_ID": (_K.INVALID_ARGUMENT, "This can't be a message's id."),
    "INVALID_NAME": (_K.INVALID_ARGUMENT, "The name is empty, too long or unprintable."),
    "INVALID_METADATA": (_K.INVALID_ARGUMENT, "Too many entries, or too long ones."),
    "INVALID_PHONE": (_K.INVALID_ARGUMENT, "This can't be a phone number in international form."),
    "INVALID_JID": (_K.INVALID_ARGUMENT, "This isn't an address."),
    "INVALID_PAGE_SIZE": (_K.INVALID_ARGUMENT, "The page size is out of its limits."),
    "INVALID_PAGE_TOKEN": (_K.INVALID_ARGUMENT, "No page gave this token."),
    "INVALID_CURSOR": (_K.INVALID_ARGUMENT, "The cursor isn't a number, or is beyond the end of the log."),
    "INVALID_EVENT_ID": (_K.INVALID_ARGUMENT, "This can't be an event's id."),
    "INVALID_WEBHOOK_ID": (_K.INVALID_ARGUMENT, "This can't be a webhook's id."),
    "INVALID_WEBHOOK_URL": (_K.INVALID_ARGUMENT, "This can't be a webhook's address."),
    "WEBHOOK_TARGET_REFUSED": (_K.INVALID_ARGUMENT, "The address is private, loopback or the like, and not allowed."),
    "INVALID_WEBHOOK_HEADERS": (_K.INVALID_ARGUMENT, "A header can't be set, or there are too many."),
    "INVALID_DESCRIPTION": (_K.INVALID_ARGUMENT, "The description is too long or unprintable."),
    "INVALID_DURATION": (_K.INVALID_ARGUMENT, "The span of time is out of its limits."),
    "TOO_MANY_SESSIONS": (_K.INVALID_ARGUMENT, "The filter names too many sessions."),
    "UNKNOWN_EVENT_TYPE": (_K.INVALID_ARGUMENT, "There is no such type of event."),
    "RECIPIENT_NOT_ADDRESSABLE": (_K.INVALID_ARGUMENT, "Messages go to users and groups."),
    "INVALID_REPLY": (_K.INVALID_ARGUMENT, "The answered message isn't of this session, or can't be an id."),
    "EMPTY_TEXT": (_K.INVALID_ARGUMENT, "The text is empty."),
    "INVALID_TEXT": (_K.INVALID_ARGUMENT, "The text holds a character that no message can hold."),
    "TEXT_TOO_LONG": (_K.INVALID_ARGUMENT, "The text is too long."),
    "TOO_MANY_MENTIONS": (_K.INVALID_ARGUMENT, "Too many mentions."),
    "INVALID_MENTION": (_K.INVALID_ARGUMENT, "Only users can be mentioned."),
    "INVALID_NOT_BEFORE": (_K.INVALID_ARGUMENT, "A message can't be scheduled that far ahead."),
    "INVALID_DEADLINE": (_K.INVALID_ARGUMENT, "The deadline has passed, or lies before `not_before`."),
    "TOO_MANY_MESSAGES": (_K.INVALID_ARGUMENT, "Too many messages in one call."),
    "INVALID_IDEMPOTENCY_KEY": (_K.INVALID_ARGUMENT, "This can't be the key of a request."),
    "API_KEY_MISSING": (_K.UNAUTHENTICATED, "No API key was given."),
    "API_KEY_INVALID": (_K.UNAUTHENTICATED, "The API key isn't known here."),
    "API_KEY_EXPIRED": (_K.UNAUTHENTICATED, "The API key's time is over."),
    "API_KEY_REVOKED": (_K.UNAUTHENTICATED, "The API key was revoked."),
    "USER_DISABLED": (_K.UNAUTHENTICATED, "The user that the API key belongs to is disabled."),
    "ROLE_TOO_LOW": (_K.PERMISSION_DENIED, "The API key's role doesn't do; `metadata` has the one that does."),
    "SESSION_OUT_OF_SCOPE": (_K.PERMISSION_DENIED, "The API key is for certain sessions, and this isn't one of them."),
    "INVALID_USER_ID": (_K.INVALID_ARGUMENT, "This can't be a user's id."),
    "INVALID_API_KEY_ID": (_K.INVALID_ARGUMENT, "This can't be a key's id."),
    "INVALID_EXPIRY": (_K.INVALID_ARGUMENT, "A key ends in the future, within ten years, or never."),
    "ADMIN_NOT_SCOPED": (_K.INVALID_ARGUMENT, "An administrator's key can't be kept to some sessions."),
    "USER_NOT_FOUND": (_K.NOT_FOUND, "There is no user with this id."),
    "API_KEY_NOT_FOUND": (_K.NOT_FOUND, "There is no API key with this id."),
    "ROLE_ABOVE_USER": (_K.CONFLICT, "The key's user may not do that much."),
    "USER_IS_DISABLED": (_K.CONFLICT, "The user is disabled."),
    "API_KEY_NOT_ACTIVE": (_K.CONFLICT, "The key has ended."),
    "API_KEY_REPLACED": (_K.CONFLICT, "The key has a successor already."),
    "OWN_ACCESS": (_K.CONFLICT, "This would end the access of the key that asks for it."),
    "ORIGIN_NOT_ALLOWED": (_K.PERMISSION_DENIED, "Web pages of this origin may not connect."),
    "SESSION_NOT_FOUND": (_K.NOT_FOUND, "There is no session with this id."),
    "MESSAGE_NOT_FOUND": (_K.NOT_FOUND, "There is no message with this id."),
    "WEBHOOK_NOT_FOUND": (_K.NOT_FOUND, "There is no webhook with this id."),
    "SESSION_EXISTS": (_K.ALREADY_EXISTS, "A session with this id exists."),
    "SESSION_NOT_RUNNING": (_K.CONFLICT, "The session doesn't run; start it first."),
    "SESSION_ELSEWHERE": (_K.CONFLICT, "Another gateway has taken the session meanwhile."),
    "SESSION_NOT_WORKING": (_K.CONFLICT, "The session isn't linked, or isn't wanted to run."),
    "MESSAGE_NOT_CANCELABLE": (_K.CONFLICT, "The message isn't `QUEUED` any more."),
    "REQUEST_IN_PROGRESS": (_K.CONFLICT, "A request with this key is being worked on."),
    "ALREADY_LINKED": (_K.CONFLICT, "The session is linked to an account; log it out first."),
    "NOT_IN_CONFLICT": (_K.CONFLICT, "No other browser has taken the session over."),
    "ACCOUNT_CHANGED": (_K.CONFLICT, "The session was linked to another account before the message had left."),
    "NOT_LINKED": (_K.CONFLICT, "No account is linked to the session."),
    "PASSKEY_REQUIRED": (_K.CONFLICT, "WhatsApp asks this account for a passkey, which a browser session can't give."),
    "CURSOR_EXPIRED": (_K.GONE, "Events behind the cursor are past their retention; `metadata` has the oldest cursor."),
    "WEBHOOK_CONFIGURED": (_K.CONFLICT, "The setting `WEBHOOK_URL` makes this webhook."),
    "EVENT_EXPIRED": (_K.GONE, "The event isn't in the log, or not any more."),
    "QR_EXPIRED": (_K.GONE, "The QR has expired; ask for a new one with POST."),
    "BODY_TOO_LARGE": (_K.TOO_LARGE, "The body is larger than the limit."),
    "UNSUPPORTED_MEDIA_TYPE": (_K.UNSUPPORTED_MEDIA, "The body isn't JSON."),
    "IDEMPOTENCY_KEY_REUSED": (_K.UNPROCESSABLE, "This key came with another request before."),
    "NUMBER_NOT_ON_WHATSAPP": (_K.UNPROCESSABLE, "There is no WhatsApp account with this number or address."),
    "QUOTED_MESSAGE_UNKNOWN": (_K.UNPROCESSABLE, "WhatsApp doesn't know the answered message."),
    "SEND_REFUSED": (_K.UNPROCESSABLE, "WhatsApp refused the message."),
    "PAIRING_CODE_RATE_LIMITED": (_K.RATE_LIMITED, "WhatsApp gives no further code at present."),
    "REACHOUT_TIMELOCK": (_K.RATE_LIMITED, "WhatsApp keeps this account from starting chats for a time."),
    "NEW_CHAT_CAP": (_K.RATE_LIMITED, "The account has started as many chats as WhatsApp lets it."),
    "RATE_LIMITED": (_K.RATE_LIMITED, "A rate is used up; `metadata` says which."),
    "TOO_MANY_STREAMS": (_K.RATE_LIMITED, "The key has as many streams open as it may have."),
    "INTERNAL": (_K.INTERNAL, "A fault of the gateway's own."),
    "CAPABILITY_UNAVAILABLE": (_K.CAPABILITY_UNAVAILABLE, "The gateway, or this session's page, can't do this."),
    "DISK_FULL": (_K.UNAVAILABLE, "The database's disk is full; nothing was accepted."),
    "DATABASE_UNAVAILABLE": (_K.UNAVAILABLE, "The database doesn't answer; nothing was accepted."),
    "CACHE_UNAVAILABLE": (_K.UNAVAILABLE, "The cache doesn't answer."),
    "PAGE_UNAVAILABLE": (_K.UNAVAILABLE, "The session's page doesn't answer."),
    "PAGE_NOT_READY": (_K.UNAVAILABLE, "The session's page is still loading."),
    "QR_NOT_READY": (_K.UNAVAILABLE, "The page shows no QR yet."),
    "LOOKUP_TIMEOUT": (_K.DEADLINE_EXCEEDED, "WhatsApp didn't say in time whether the number has an account."),
    "OWNER_SILENT": (
        _K.DEADLINE_EXCEEDED,
        "The session's gateway hasn't answered in time; it may do it still.",
    ),
    "LOGOUT_UNCONFIRMED": (_K.DEADLINE_EXCEEDED, "The page didn't confirm; the link may still stand."),
    **GROUP_REASONS,
    **MEDIA_REASONS,
    **CONTENT_REASONS,
    **PEOPLE_REASONS,
}

ALWAYS: Final = (
    *("API_KEY_MISSING", "API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_REVOKED", "USER_DISABLED", "ROLE_TOO_LOW"),
    *("RATE_LIMITED", "INTERNAL", "DATABASE_UNAVAILABLE", "DISK_FULL"),
)
BODY: Final = ("INVALID_REQUEST", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")

_RETRY_AFTER: Final = {
    "Retry-After": {"description": "When to come back, in seconds, where that is known.", "schema": {"type": "integer"}}
}


def problems(*reasons: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that may fail for these reasons, and for those that any may fail for."""
    by_status: dict[int, list[str]] = {}
    for reason in dict.fromkeys((*reasons, *ALWAYS)):
        by_status.setdefault(STATUS[REASONS[reason][0]].http, []).append(reason)
    return {status: _response(status, names) for status, names in sorted(by_status.items())}


def limited() -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that needs no key, and may be asked for too often all the same."""
    status = STATUS[REASONS["RATE_LIMITED"][0]].http
    return {status: _response(status, ["RATE_LIMITED"])}


def _response(status: int, reasons: list[str]) -> dict[str, Any]:
    headers = {"headers": _RETRY_AFTER} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    examples = {reason: {"summary": REASONS[reason][1], "value": _example(status, reason)} for reason in reasons}
    return {
        "description": "\n".join(f"- `{reason}`: {REASONS[reason][1]}" for reason in reasons),
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
        **headers,
    }


def _example(status: int, reason: str) -> dict[str, Any]:
    kind, detail = REASONS[reason]
    return {
        "type": "about:blank",
        "title": STATUS[kind].title,
        "status": status,
        "detail": detail,
        "reason": reason,
        "metadata": {},
        "errors": [],
        "retry_after": None,
        "request_id": "4f7a1c0e9b2d4c6f8a1b3c5d7e9f0a2b",
    }
