"""People in memory."""

from collections.abc import Collection, Sequence
from typing import Final, override

from adapters.memory.state import AddressRow
from adapters.memory.transaction import Transaction
from application.ports.person_repository import Linked, PersonRepository
from domain.ids import SessionId
from domain.jid import Jid
from domain.person import Person, person_of

WATCHED: Final = True


class MemoryPersonRepository(PersonRepository):
    """People within one transaction. Addresses are JIDs as text, and usernames with a leading @."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def link(self, session_id: SessionId, addresses: Collection[Jid], *, username: str | None = None) -> Linked:
        given = sorted(str(address) for address in addresses)
        name = None if username is None else f"@{username.lower()}"
        known = self._with(session_id, given[0])
        if set(given) <= set(known) and (name is None or name in known):
            return Linked(person=_person(known))
        await self._transaction.lock(("people", session_id))
        rows = self._transaction.person_addresses
        people = sorted({row.person for each in given if (row := rows.get((session_id, each))) is not None})
        before = sorted(
            address for (session, address), row in rows.items() if session == session_id and row.person in people
        )
        keeper = people[0] if people else self._transaction.next_person()
        for address in sorted({*before, *given}):
            row = rows.get((session_id, address))
            place = self._transaction.next_person() if row is None else row.known
            rows.put((session_id, address), AddressRow(keeper, place))
        if name is not None:
            for address in before:
                if address.startswith("@"):
                    rows.put((session_id, address), None)
            rows.put((session_id, name), AddressRow(keeper, self._transaction.next_person()))
        joined = len(people) > 1 or (bool(people) and not set(given) <= set(before))
        merged = tuple(Jid.parse(address) for address in before if not address.startswith("@")) if joined else ()
        return Linked(person=_person(self._with(session_id, given[0])), merged=merged)

    @override
    async def find(self, session_id: SessionId, address: Jid) -> Person | None:
        return _found(self._with(session_id, str(address)))

    @override
    async def with_username(self, session_id: SessionId, username: str) -> Person | None:
        return _found(self._with(session_id, f"@{username.lower()}"))

    @override
    async def watch(self, session_id: SessionId, address: Jid) -> None:
        await self._transaction.lock(("watched", session_id, address))
        self._transaction.watched.put((session_id, str(address)), WATCHED)

    @override
    async def unwatch(self, session_id: SessionId, address: Jid) -> None:
        await self._transaction.lock(("watched", session_id, address))
        self._transaction.watched.put((session_id, str(address)), None)

    @override
    async def watched(self, session_id: SessionId) -> Sequence[Jid]:
        addresses = sorted(
            address for (session, address), _ in self._transaction.watched.items() if session == session_id
        )
        return tuple(map(Jid.parse, addresses))

    def _with(self, session_id: SessionId, address: str) -> list[str]:
        rows = self._transaction.person_addresses
        row = rows.get((session_id, address))
        if row is None:
            return []
        theirs = [
            (other.known, each)
            for (session, each), other in rows.items()
            if session == session_id and other.person == row.person
        ]
        return [each for _, each in sorted(theirs)]


def _person(known: Collection[str]) -> Person:
    jids = [Jid.parse(address) for address in known if not address.startswith("@")]
    return person_of(jids, next((address[1:] for address in known if address.startswith("@")), None))


def _found(known: Collection[str]) -> Person | None:
    return _person(known) if known else None
