"""The reasons of errors of contents, and of operations on messages."""

from typing import Final

from domain.errors import ErrorKind

_K = ErrorKind

CONTENT_REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_COORDINATES": (_K.INVALID_ARGUMENT, "The place isn't on the globe."),
    "INVALID_CONTACTS": (_K.INVALID_ARGUMENT, "Too many cards or entries, or one that can't be."),
    "INVALID_POLL": (_K.INVALID_ARGUMENT, "The poll's options aren't as they have to be."),
    "INVALID_EVENT_TIME": (_K.INVALID_ARGUMENT, "The event ends before it starts."),
    "INVALID_GROUP_INVITE": (_K.INVALID_ARGUMENT, "This can't be an invitation to a group."),
    "INVALID_INTERACTIVE": (_K.INVALID_ARGUMENT, "The list or the buttons aren't as they have to be."),
    "INVALID_EMOJI": (_K.INVALID_ARGUMENT, "A reaction is one emoji."),
    "UNKNOWN_CONTENT_TYPE": (_K.INVALID_ARGUMENT, "There is no such kind of content."),
    "INVALID_TARGET": (_K.INVALID_ARGUMENT, "The message that this concerns isn't one of this chat."),
    "UNKNOWN_POLL_OPTION": (_K.INVALID_ARGUMENT, "The poll has no such option."),
    "TOO_MANY_POLL_OPTIONS": (_K.INVALID_ARGUMENT, "The poll doesn't let so many be chosen."),
    "TARGET_NOT_SENT": (_K.CONFLICT, "The message that this concerns has yet to leave, or never left."),
    "MESSAGE_REVOKED": (_K.GONE, "The message was deleted for everyone."),
    "NOT_AN_OWN_MESSAGE": (_K.UNPROCESSABLE, "The account didn't write this message."),
    "NOT_EDITABLE": (_K.UNPROCESSABLE, "Only texts and captions can be edited."),
    "EDIT_TOO_LATE": (_K.UNPROCESSABLE, "The message is too old to be edited."),
    "REVOKE_TOO_LATE": (_K.UNPROCESSABLE, "The message is too old to be deleted for everyone."),
    "NOT_A_POLL": (_K.UNPROCESSABLE, "The message isn't a poll."),
    "NOT_PLAYABLE": (_K.UNPROCESSABLE, "The message isn't one that is played."),
    "NOT_FORWARDABLE": (_K.UNPROCESSABLE, "What the message holds can't be forwarded."),
    "TARGET_UNKNOWN": (_K.UNPROCESSABLE, "WhatsApp doesn't know the message that this concerns."),
    "OUTCOME_UNKNOWN": (_K.UNPROCESSABLE, "Whether it was done isn't known, and can't be found out."),
    "NOT_GROUP_ADMIN": (_K.UNPROCESSABLE, "Only an admin of the group may do this."),
    "NOT_GROUP_MEMBER": (_K.UNPROCESSABLE, "The account isn't a member of the group."),
}

CONTENTS: Final = (
    *("INVALID_COORDINATES", "INVALID_CONTACTS", "INVALID_POLL", "INVALID_EVENT_TIME", "INVALID_GROUP_INVITE"),
    *("INVALID_INTERACTIVE", "INVALID_EMOJI", "INVALID_TARGET"),
)
"""Those that a message to send may be refused for beside others."""

OPERATIONS: Final = (
    *("INVALID_MESSAGE_ID", "MESSAGE_NOT_FOUND", "SESSION_NOT_FOUND", "SESSION_NOT_WORKING", "INVALID_TARGET"),
    *("TARGET_NOT_SENT", "MESSAGE_REVOKED", "TARGET_UNKNOWN", "OUTCOME_UNKNOWN", "SEND_REFUSED"),
    *("NOT_GROUP_MEMBER", "NOT_GROUP_ADMIN", "GROUP_NOT_FOUND", "CONTACT_BLOCKED", "ACCOUNT_CHANGED"),
    "RECIPIENT_OPTED_OUT",
    *("REACHOUT_TIMELOCK", "NEW_CHAT_CAP", "CAPABILITY_UNAVAILABLE", "PAGE_UNAVAILABLE"),
)
"""Those that any operation on a message may be refused for."""
