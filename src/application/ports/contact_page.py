"""A page's part in people."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.contact import BusinessProfile, Contact, Existence, Name
from domain.jid import Jid


class ContactPage(Protocol):
    """What the page knows of people, and asks WhatsApp of them.

    Everything raises UnavailableError ``PAGE_UNAVAILABLE``, CapabilityUnavailableError where the page lacks the
    function, and, where WhatsApp is asked of one person, UnprocessableError ``NUMBER_NOT_ON_WHATSAPP``.
    """

    @abstractmethod
    async def list(self, *, saved: bool) -> tuple[Contact, ...]:
        """The people that the page knows; ``saved``: only those in the address book."""

    @abstractmethod
    async def get(self, jid: Jid) -> Contact:
        """One person, asked of WhatsApp where the page doesn't know them."""

    @abstractmethod
    async def exists(self, asked: Sequence[str]) -> tuple[Existence, ...]:
        """Who of these is on WhatsApp, in order: addresses, or usernames with a leading @.

        Raises:
            DeadlineExceededError: ``LOOKUP_TIMEOUT``.
        """

    @abstractmethod
    async def picture(self, jid: Jid) -> str | None:
        """The address of a person's picture; None where there is none, or it isn't shown to this account."""

    @abstractmethod
    async def about(self, jid: Jid) -> str | None:
        """The text under a person's name; None where it isn't shown."""

    @abstractmethod
    async def business(self, jid: Jid) -> BusinessProfile | None:
        """A business's profile; None for a person."""

    @abstractmethod
    async def common_groups(self, jid: Jid) -> tuple[Jid, ...]:
        """The groups that the account shares with a person."""

    @abstractmethod
    async def save(self, jid: Jid, name: Name, *, on_phone: bool) -> Contact:
        """Saves a person, or renames them; ``on_phone``: in the phone's own address book, too."""

    @abstractmethod
    async def remove(self, jid: Jid) -> Contact:
        """Takes a person out of the address book; who isn't in it is removed already."""


class BlocklistPage(Protocol):
    """Who is blocked. Raises as ``ContactPage``."""

    @abstractmethod
    async def list(self) -> tuple[Contact, ...]:
        """Whom the account has blocked."""

    @abstractmethod
    async def block(self, jid: Jid) -> Contact:
        """Blocks a person: nothing of theirs arrives any more."""

    @abstractmethod
    async def unblock(self, jid: Jid) -> Contact:
        """Unblocks a person. What they sent meanwhile doesn't come."""
