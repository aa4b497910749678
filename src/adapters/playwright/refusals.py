"""The bridge's failures as the port's errors."""

from collections.abc import Mapping
from typing import Final

from adapters.playwright.commands import RefusedByBridgeError
from adapters.playwright.people_refusals import REFUSALS as PEOPLE_REFUSALS
from domain.errors import (
    ConflictError,
    DeadlineExceededError,
    GoneError,
    NotFoundError,
    PomboError,
    RateLimitedError,
    TooLargeError,
    UnavailableError,
    UnprocessableError,
)

_ERRORS: Final[Mapping[str, tuple[type[PomboError], str]]] = {
    "ALREADY_LINKED": (ConflictError, "An account is linked already; log it out first."),
    "NOT_IN_CONFLICT": (ConflictError, "No other browser has taken this session over."),
    "NOT_LINKED": (ConflictError, "No account is linked."),
    "NUMBER_NOT_ON_WHATSAPP": (UnprocessableError, "There is no WhatsApp account with this address."),
    "QUOTED_MESSAGE_UNKNOWN": (
        UnprocessableError,
        "The message to answer isn't in the page, or can't be quoted.",
    ),
    "MEDIA_UPLOAD_FAILED": (UnprocessableError, "WhatsApp's servers didn't take the file; the message wasn't sent."),
    "MEDIA_UNREADABLE": (UnprocessableError, "The file isn't what it should be, and can't be opened."),
    "MEDIA_TOO_LARGE": (TooLargeError, "The file is larger than this account may send."),
    "MEDIA_EXPIRED": (GoneError, "WhatsApp has the file no longer. The phone may have it still."),
    "MEDIA_NOT_IN_PAGE": (NotFoundError, "The page knows no such message, or it holds no file."),
    "MEDIA_NOT_OPEN": (NotFoundError, "The file isn't open in the page, or no longer; open it again."),
    "TARGET_UNKNOWN": (UnprocessableError, "WhatsApp doesn't know the message that this concerns."),
    "EDIT_TOO_LATE": (UnprocessableError, "The message is too old to be edited."),
    "REVOKE_TOO_LATE": (UnprocessableError, "The message is too old to be deleted for everyone."),
    "NOT_AN_OWN_MESSAGE": (UnprocessableError, "The account didn't write this message."),
    "NOT_PLAYABLE": (UnprocessableError, "The message isn't one that is played."),
    "GROUP_NOT_FOUND": (NotFoundError, "There is no such group, or the account isn't in it."),
    "NOT_GROUP_MEMBER": (UnprocessableError, "The account isn't in this group, or not any more."),
    "NOT_GROUP_ADMIN": (UnprocessableError, "Only an admin of the group may do that."),
    "GROUP_FULL": (UnprocessableError, "The group holds no more people."),
    "GROUP_REFUSED": (UnprocessableError, "WhatsApp refused this for the group."),
    "INVITE_INVALID": (NotFoundError, "There is no group with this invite code."),
    "INVITE_REVOKED": (GoneError, "The invite code was revoked; ask for the group's present one."),
    "PICTURE_UNREADABLE": (UnprocessableError, "The picture can't be opened; give a JPEG, PNG or WebP."),
    "SEND_REFUSED": (UnprocessableError, "WhatsApp refused the message."),
    "PAIRING_CODE_RATE_LIMITED": (RateLimitedError, "WhatsApp gives no more pairing codes at present; wait a while."),
    "REACHOUT_TIMELOCK": (RateLimitedError, "WhatsApp has restricted this account from writing to new people (463)."),
    "NEW_CHAT_CAP": (RateLimitedError, "This account has reached WhatsApp's cap on new chats (475)."),
    **PEOPLE_REFUSALS,
    "SEND_UNCONFIRMED": (DeadlineExceededError, "WhatsApp didn't confirm the message; whether it left is unknown."),
}
_SAME_AS: Final = {"CHAT_UNKNOWN": "SEND_REFUSED"}


def page_unavailable(why: str) -> UnavailableError:
    """The error of a page that can't be asked."""
    return UnavailableError("PAGE_UNAVAILABLE", f"The session's page doesn't answer: {why}.")


def translate(error: RefusedByBridgeError) -> PomboError:
    """The port's error for a failure that the bridge told."""
    reason = _SAME_AS.get(error.code, error.code)
    if reason not in _ERRORS:
        return page_unavailable(f"{error.code} ({error.detail})")
    kind, text = _ERRORS[reason]
    return kind(reason, text, metadata={"page": error.detail})
