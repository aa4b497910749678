"""People, as the account's address book and WhatsApp tell of them."""

import re
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid, Server

_USERNAME: Final = re.compile(r"@?[a-z0-9][a-z0-9._]{2,29}", re.IGNORECASE | re.ASCII)
_MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person.

    Attributes:
        jid: the address under which the page keeps them; ``alternate`` is the other form, where known.
        username: without the leading @.
        name: the name in the account's address book.
        push_name: what they call themselves.
        verified_name: a business's name, checked by WhatsApp.
        saved: whether they are in the address book.
    """

    jid: Jid
    alternate: Jid | None = None
    username: str | None = None
    name: str | None = None
    push_name: str | None = None
    verified_name: str | None = None
    saved: bool = False
    business: bool = False
    blocked: bool = False
    me: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """Whether somebody is on WhatsApp: what was asked, and the account's addresses where there is one."""

    asked: str
    jid: Jid | None = None
    lid: Jid | None = None
    username: str | None = None

    @property
    def exists(self) -> bool:
        """Whether there is an account."""
        return self.jid is not None or self.lid is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessProfile:
    """What a business says of itself."""

    description: str | None = None
    email: str | None = None
    address: str | None = None
    websites: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name for the address book."""

    first: str
    last: str = ""

    def __post_init__(self) -> None:
        if not self.first.strip() or len(self.first) > _MAX_NAME or not self.first.isprintable():
            raise InvalidArgumentError(
                "INVALID_NAME", f"A first name has 1 to {_MAX_NAME} printable characters.", field="first_name"
            )
        if len(self.last) > _MAX_NAME or not self.last.isprintable():
            raise InvalidArgumentError(
                "INVALID_NAME", f"A last name has at most {_MAX_NAME} printable characters.", field="last_name"
            )


def parse_username(text: str, *, field: str) -> str:
    """Reads a username, with or without its @; gives it without.

    WhatsApp's own rule, as wa-js checks it: 3 to 30 letters, digits, dots and underscores.

    Raises:
        InvalidArgumentError: ``INVALID_USERNAME``.
    """
    if not _USERNAME.fullmatch(text):
        raise InvalidArgumentError(
            "INVALID_USERNAME", "A username has 3 to 30 letters, digits, dots and underscores.", field=field
        )
    return text.removeprefix("@")


def parse_person(text: str, *, field: str = "contact_id") -> Jid:
    """Reads a person's address in either form, or a bare phone number.

    Raises:
        InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``; ``NOT_A_PERSON`` for another sort of address.
    """
    jid = Jid.parse_recipient(text, field=field)
    if jid.server not in {Server.USER, Server.LID}:
        raise InvalidArgumentError("NOT_A_PERSON", "This is a person's own: give a person's address.", field=field)
    return jid
