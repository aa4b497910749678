"""Contact cards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from domain.errors import InvalidArgumentError
from domain.text_checks import check_optional_text, check_text

MAX_CARDS: Final = 257
"""As Meta's Cloud API has it ("Contacts messages"): it recommends no more."""
MAX_ENTRIES: Final = 20
"""Phones, mail addresses and so on of one card, each."""
MAX_NAME: Final = 256
MAX_VALUE: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class CardName:
    """A person's name; ``formatted`` is the one that is shown."""

    formatted: str
    first: str | None = None
    last: str | None = None
    middle: str | None = None
    prefix: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPhone:
    """A phone number as it is written.

    Attributes:
        type: ``CELL``, ``HOME``, ``WORK`` or whatever the card says.
        whatsapp: the digits of the number under which the person is on WhatsApp.
    """

    phone: str
    type: str | None = None
    whatsapp: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEntry:
    """A mail address or a link, with its type."""

    value: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAddress:
    """A postal address."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """A person's card.

    Attributes:
        company: where the person works.
        title: what the person is there.
        birthday: as the card has it, ``YYYY-MM-DD`` as a rule.
    """

    name: CardName
    phones: tuple[CardPhone, ...] = ()
    emails: tuple[CardEntry, ...] = ()
    urls: tuple[CardEntry, ...] = ()
    addresses: tuple[CardAddress, ...] = ()
    company: str | None = None
    department: str | None = None
    title: str | None = None
    birthday: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """One or more cards."""

    cards: tuple[ContactCard, ...] = field(default=())

    @classmethod
    def compose(cls, cards: Iterable[ContactCard]) -> "Contacts":
        """Checks cards that are to be sent.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``INVALID_CONTACTS``.
        """
        given = tuple(cards)
        if not 1 <= len(given) <= MAX_CARDS:
            raise InvalidArgumentError("INVALID_CONTACTS", f"Give 1 to {MAX_CARDS} cards.", field="contacts")
        for place, card in enumerate(given):
            _check(card, f"contacts[{place}]")
        return cls(cards=given)


def _check(card: ContactCard, field: str) -> None:
    name = card.name
    check_text(name.formatted, MAX_NAME, field=f"{field}.name.formatted_name")
    for part, text in (
        ("name.first_name", name.first),
        ("name.last_name", name.last),
        ("name.middle_name", name.middle),
        ("name.prefix", name.prefix),
        ("name.suffix", name.suffix),
        ("org.company", card.company),
        ("org.department", card.department),
        ("org.title", card.title),
        ("birthday", card.birthday),
    ):
        check_optional_text(text, MAX_NAME, field=f"{field}.{part}")
    for many, entries in (
        ("phones", card.phones),
        ("emails", card.emails),
        ("urls", card.urls),
        ("addresses", card.addresses),
    ):
        if len(entries) > MAX_ENTRIES:
            raise InvalidArgumentError(
                "INVALID_CONTACTS", f"A card has at most {MAX_ENTRIES}.", field=f"{field}.{many}"
            )
    _check_entries(card, field)


def _check_entries(card: ContactCard, field: str) -> None:
    for place, phone in enumerate(card.phones):
        here = f"{field}.phones[{place}]"
        check_text(phone.phone, MAX_VALUE, field=f"{here}.phone")
        _check_type(phone.type, here)
        if phone.whatsapp is not None and not (phone.whatsapp.isascii() and phone.whatsapp.isdigit()):
            raise InvalidArgumentError("INVALID_CONTACTS", "Give the number's digits alone.", field=f"{here}.wa_id")
    for many, values in (("emails", card.emails), ("urls", card.urls)):
        for place, entry in enumerate(values):
            check_text(entry.value, MAX_VALUE, field=f"{field}.{many}[{place}]")
            _check_type(entry.type, f"{field}.{many}[{place}]")
    for place, address in enumerate(card.addresses):
        here = f"{field}.addresses[{place}]"
        for text in (address.street, address.city, address.state, address.zip, address.country):
            check_optional_text(text, MAX_VALUE, field=here)
        _check_type(address.type, here)


def _check_type(kind: str | None, field: str) -> None:
    if kind is not None and not (kind.isascii() and kind.replace("-", "").isalnum() and len(kind) <= MAX_ENTRIES):
        raise InvalidArgumentError("INVALID_CONTACTS", "A type is a word, like CELL or WORK.", field=f"{field}.type")
