"""One person, over all the addresses that an account knows them by."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.jid import Jid, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who has these addresses. There is always one at least.

    Attributes:
        addresses: all that were ever known, sorted: a number that was given up stays one of them.
        username: without the leading @; the latest.
        phone: the address by phone number, where known; by the latest of several.
    """

    addresses: tuple[Jid, ...]
    username: str | None = None
    phone: Jid | None = None

    @property
    def lid(self) -> Jid | None:
        """The address by LID, where known."""
        return self._of(Server.LID)

    @property
    def id(self) -> Jid:
        """The address that the person is told of by: the phone number where known."""
        return self.phone or self.addresses[0]

    def _of(self, server: Server) -> Jid | None:
        return next((address for address in self.addresses if address.server is server), None)


def person_of(addresses: Iterable[Jid], username: str | None = None) -> Person:
    """A person with these addresses, in everybody's order. Given are they in the order in which they became known."""
    known = tuple(dict.fromkeys(addresses))
    numbers = [address for address in known if address.server is Server.USER]
    phone = numbers[-1] if numbers else None
    return Person(addresses=tuple(sorted(known, key=str)), username=username, phone=phone)
