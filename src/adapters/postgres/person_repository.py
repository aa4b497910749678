"""People in PostgreSQL."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, override

from adapters.postgres.transaction import Transaction
from application.ports.person_repository import Linked, PersonRepository
from domain.ids import SessionId
from domain.jid import Jid
from domain.person import Person, person_of

_FIND: Final = """
SELECT other.address FROM pombo.person_addresses AS this
JOIN pombo.person_addresses AS other USING (session_id, person)
WHERE this.session_id = $1 AND this.address = $2
ORDER BY other.known
"""
_LINK: Final = "SELECT known, persons FROM pombo.link_person($1, $2, $3)"
_WATCH: Final = "INSERT INTO pombo.watched_presences (session_id, address) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNWATCH: Final = "DELETE FROM pombo.watched_presences WHERE session_id = $1 AND address = $2"
_WATCHED: Final = "SELECT address FROM pombo.watched_presences WHERE session_id = $1 ORDER BY address"


class PostgresPersonRepository(PersonRepository):
    """People within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def link(self, session_id: SessionId, addresses: Collection[Jid], *, username: str | None = None) -> Linked:
        given = sorted(str(address) for address in addresses)
        # Nearly always all is known: then nothing is locked or written.
        known = await self._known(session_id, given[0])
        if set(given) <= set(known) and (username is None or _name(username) in known):
            return Linked(person=_person(known))
        wanted = None if username is None else _name(username)
        rows = await self._transaction.write(_LINK, session_id, given, wanted)
        before = [row["known"] for row in rows]
        now = await self._known(session_id, given[0])
        joined = bool(rows) and (rows[0]["persons"] > 1 or not set(given) <= set(before))
        merged = tuple(Jid.parse(address) for address in before if not address.startswith("@")) if joined else ()
        return Linked(person=_person(now), merged=merged)

    @override
    async def find(self, session_id: SessionId, address: Jid) -> Person | None:
        return _found(await self._known(session_id, str(address)))

    @override
    async def with_username(self, session_id: SessionId, username: str) -> Person | None:
        return _found(await self._known(session_id, _name(username)))

    @override
    async def watch(self, session_id: SessionId, address: Jid) -> None:
        await self._transaction.write(_WATCH, session_id, str(address))

    @override
    async def unwatch(self, session_id: SessionId, address: Jid) -> None:
        await self._transaction.write(_UNWATCH, session_id, str(address))

    @override
    async def watched(self, session_id: SessionId) -> Sequence[Jid]:
        rows = await self._transaction.read(_WATCHED, session_id)
        return tuple(Jid.parse(row["address"]) for row in rows)

    async def _known(self, session_id: SessionId, address: str) -> list[str]:
        return [row["address"] for row in await self._transaction.read(_FIND, session_id, address)]


def _name(username: str) -> str:
    return f"@{username.lower()}"


def _person(known: Iterable[str]) -> Person:
    jids = [Jid.parse(address) for address in known if not address.startswith("@")]
    username = next((address[1:] for address in known if address.startswith("@")), None)
    return person_of(jids, username)


def _found(known: Sequence[str]) -> Person | None:
    return _person(known) if known else None
