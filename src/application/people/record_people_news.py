"""Record what a session's page tells of chats, people, presence and calls; and who is who."""

from collections.abc import Collection
from contextlib import suppress
from typing import Final, assert_never

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.people_events import (
    CallRings,
    CallStopped,
    ChatChanged,
    ContactChanged,
    PeopleEvent,
    PresenceChanged,
)
from application.ports.people_page import PeoplePage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.call import CallOutcome
from domain.errors import PomboError
from domain.event import (
    CallEnded,
    CallReceived,
    CallRejected,
    ChatUpdated,
    ContactMerged,
    ContactUpdated,
    NewEvent,
    Payload,
    PresenceUpdated,
)
from domain.ids import SessionId
from domain.jid import Jid

_REMEMBERED: Final = 50_000

type Addresses = tuple[Jid, ...]


class PersonLinks:
    """Links addresses that a page tells of together, with an event where that joins what was known apart.

    What was linked and committed isn't asked for again while this gateway remembers it.
    """

    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids
        self._known: dict[tuple[SessionId, Addresses, str | None], None] = {}

    async def link(
        self,
        uow: UnitOfWork,
        session_id: SessionId,
        told: Collection[Addresses],
        *,
        username: str | None = None,
    ) -> None:
        """Links each of the groups of addresses; ``remember`` follows once that is committed."""
        for addresses in sorted(told, key=str):
            if (session_id, addresses, username) in self._known:
                continue
            linked = await uow.people.link(session_id, addresses, username=username)
            if linked.merged:
                person = linked.person
                merged = ContactMerged(
                    contact_id=person.id,
                    phone=person.phone,
                    lid=person.lid,
                    username=person.username,
                    merged=linked.merged,
                )
                event = NewEvent(id=self._ids.event_id(), session_id=session_id, time=self._clock.now(), payload=merged)
                await uow.events.append([event])

    def remember(self, session_id: SessionId, told: Collection[Addresses], *, username: str | None = None) -> None:
        """Says that what was linked is committed."""
        for addresses in told:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[session_id, addresses, username] = None


def addresses_of(*jids: Jid | None) -> Addresses:
    """The person's addresses among these, in everybody's order; nothing for a group."""
    return tuple(sorted({jid for jid in jids if jid is not None and jid.is_user}, key=str))


class RecordPeopleNews:
    """Appends the events of what a page tells."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, links: PersonLinks) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._links = links

    async def execute(self, session_id: SessionId, told: PeopleEvent) -> None:
        """Records one.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; nothing was stored, and telling it again is right.
        """
        addresses, username = _who(told)
        links = [addresses] if addresses else []
        event = NewEvent(id=self._ids.event_id(), session_id=session_id, time=self._clock.now(), payload=_payload(told))
        async with self._uow.begin() as uow:
            await self._links.link(uow, session_id, links, username=username)
            await uow.events.append([event])
        self._links.remember(session_id, links, username=username)

    async def watch_again(self, session_id: SessionId, page: PeoplePage) -> None:
        """Has a page that has just connected tell of the presences that the session is to be told of.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            watched = await uow.people.watched(session_id)
        for address in watched:
            # A page that is gone says so itself, and one that can't shows it in its capabilities.
            with suppress(PomboError):
                await page.presence.subscribe(address)


def _who(told: PeopleEvent) -> tuple[Addresses, str | None]:
    match told:
        case ChatChanged(chat=chat):
            return addresses_of(chat.jid, chat.alternate) if chat.jid.is_user else (), None
        case ContactChanged(contact=contact):
            return addresses_of(contact.jid, contact.alternate), contact.username
        case PresenceChanged(presence=presence):
            return addresses_of(presence.chat, presence.alternate) if presence.chat.is_user else (), None
        case CallRings(call=call) | CallStopped(call=call):
            return addresses_of(call.caller, call.alternate), None
        case _:
            assert_never(told)


def _payload(told: PeopleEvent) -> Payload:
    match told:
        case ChatChanged(chat=chat, changed=changed):
            return ChatUpdated(chat=chat, changed=changed)
        case ContactChanged(contact=contact):
            return ContactUpdated(contact=contact)
        case PresenceChanged(presence=presence):
            return PresenceUpdated(presence=presence)
        case CallRings(call=call):
            return CallReceived(call=call)
        case CallStopped(call=call, outcome=CallOutcome.REJECTED, at=at):
            return CallRejected(call=call, at=at)
        case CallStopped(call=call, outcome=outcome, at=at):
            return CallEnded(call=call, outcome=outcome, at=at)
        case _:
            assert_never(told)
