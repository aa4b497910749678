"""Who is who: the addresses that are one person's."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.person import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What came of linking addresses.

    Attributes:
        person: as known now.
        merged: the addresses that were known before, where this joined something to them; empty where nothing was
            joined: all was known as one already, or none of it was known.
    """

    person: Person
    merged: tuple[Jid, ...] = ()


class PersonRepository(Protocol):
    """People of all sessions: each session knows its own. Part of a unit of work."""

    @abstractmethod
    async def link(self, session_id: SessionId, addresses: Collection[Jid], *, username: str | None = None) -> Linked:
        """Notes that these addresses, one at least, are one person's, and so are all that are known with them.

        To say it again changes nothing. Of two units of work that link the same at once one waits.
        """

    @abstractmethod
    async def find(self, session_id: SessionId, address: Jid) -> Person | None:
        """The person who has an address; None where nothing is known of it."""

    @abstractmethod
    async def with_username(self, session_id: SessionId, username: str) -> Person | None:
        """The person who has a username, in whichever case."""

    @abstractmethod
    async def watch(self, session_id: SessionId, address: Jid) -> None:
        """Notes that an address's presence is to be told of, whenever the session runs."""

    @abstractmethod
    async def unwatch(self, session_id: SessionId, address: Jid) -> None:
        """The opposite."""

    @abstractmethod
    async def watched(self, session_id: SessionId) -> Sequence[Jid]:
        """Whose presence is to be told of, in the order of their addresses."""
