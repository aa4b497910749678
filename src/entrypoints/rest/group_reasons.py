"""The reasons of errors of groups."""

from typing import Final

from domain.errors import ErrorKind

_K = ErrorKind

GROUP_REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_GROUP": (_K.INVALID_ARGUMENT, "What is asked of the group is out of its limits."),
    "GROUP_NOT_FOUND": (_K.NOT_FOUND, "There is no such group, or the account isn't in it."),
    "INVITE_INVALID": (_K.NOT_FOUND, "There is no group with this invite code."),
    "INVITE_REVOKED": (_K.GONE, "The invite code was revoked."),
    "PICTURE_TOO_LARGE": (_K.TOO_LARGE, "The picture is larger than the limit."),
    "PICTURE_UNREADABLE": (_K.UNPROCESSABLE, "The picture can't be opened."),
    "GROUP_FULL": (_K.UNPROCESSABLE, "The group holds no more people."),
    "GROUP_REFUSED": (_K.UNPROCESSABLE, "WhatsApp refused this for the group."),
}
