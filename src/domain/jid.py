"""WhatsApp addresses (JIDs)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, override

from domain.errors import InvalidArgumentError


class Server(StrEnum):
    """The part of a JID after ``@``: what sort of address it is."""

    USER = "c.us"
    LID = "lid"
    GROUP = "g.us"
    NEWSLETTER = "newsletter"
    BROADCAST = "broadcast"


_PHONE = re.compile(r"[1-9][0-9]{6,14}")
_LOCAL_PART = {
    Server.USER: _PHONE,
    Server.LID: re.compile(r"[0-9]{1,20}"),
    Server.GROUP: re.compile(r"[0-9]{5,32}(-[0-9]{1,20})?"),
    Server.NEWSLETTER: re.compile(r"[0-9]{5,32}"),
    Server.BROADCAST: re.compile(r"status|[0-9]{5,32}"),
}
_SERVERS = frozenset(server.value for server in Server)
_ALIASES = {"s.whatsapp.net": "c.us"}
_SEPARATORS = re.compile(r"[\s().-]")
_MAX_LENGTH = 80
_SHOWN_DIGITS = 4


def parse_phone(text: str, *, field: str = "phone") -> str:
    """Reads an international phone number and gives its digits, without the plus sign.

    Spaces, dots, dashes and brackets between the digits are ignored. E.164 allows at most 15 digits; the number
    must carry its country code, so it never starts with 0.

    Raises:
        InvalidArgumentError: ``INVALID_PHONE``.
    """
    digits = _SEPARATORS.sub("", text[:_MAX_LENGTH]).removeprefix("+")
    if len(text) > _MAX_LENGTH or not digits.isascii() or not _PHONE.fullmatch(digits):
        raise InvalidArgumentError(
            "INVALID_PHONE",
            "Give the number in international form with its country code: 7 to 15 digits, like +15550100200.",
            field=field,
        )
    return digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Jid:
    """The address of a user, a group, a channel or a broadcast list, without a device part.

    A user has two forms: by phone (``15550100@c.us``) and by LID (``900000001@lid``). ``s.whatsapp.net``, the
    form of other clients, is read as ``c.us``.
    """

    user: str
    server: Server

    @classmethod
    def parse(cls, text: str, *, field: str = "jid") -> Self:
        """Reads a full address; a device part (``user:3@server``) is dropped.

        Raises:
            InvalidArgumentError: ``INVALID_JID`` when the text isn't an address.
        """
        user, at, host = text.partition("@")
        host = _ALIASES.get(host, host)
        user = user.partition(":")[0]
        if not at or len(text) > _MAX_LENGTH or host not in _SERVERS or not text.isascii():
            raise cls._invalid(field)
        server = Server(host)
        if not _LOCAL_PART[server].fullmatch(user):
            raise cls._invalid(field)
        return cls(user=user, server=server)

    @classmethod
    def parse_recipient(cls, text: str, *, field: str = "to") -> Self:
        """Reads an address, or a bare phone number where a user is meant.

        Raises:
            InvalidArgumentError: ``INVALID_JID`` or ``INVALID_PHONE``.
        """
        if "@" in text:
            return cls.parse(text, field=field)
        return cls(user=parse_phone(text, field=field), server=Server.USER)

    @classmethod
    def from_phone(cls, digits: str) -> Self:
        """The phone form of a user's address."""
        return cls(user=parse_phone(digits), server=Server.USER)

    @staticmethod
    def _invalid(field: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            "INVALID_JID",
            "Give an address like 15550100200@c.us, 120363000000000000@g.us, 9000000001@lid, or a phone number.",
            field=field,
        )

    @property
    def is_user(self) -> bool:
        """Whether this is one person, in either form."""
        return self.server in {Server.USER, Server.LID}

    @property
    def phone(self) -> str | None:
        """The phone number's digits, where this form tells it."""
        return self.user if self.server is Server.USER else None

    def masked(self) -> str:
        """A form for logs that doesn't give the number away: its last four digits."""
        return f"…{self.user[-_SHOWN_DIGITS:]}@{self.server}"

    @override
    def __str__(self) -> str:
        return f"{self.user}@{self.server}"
