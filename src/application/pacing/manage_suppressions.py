"""People who opted out: list, add, remove."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.audit.notes import masked, note_session, note_target
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.representation.suppressions import shown_suppression_from_dict, shown_suppression_to_dict
from domain.errors import InvalidArgumentError, NotFoundError
from domain.event import NewEvent, Payload, SuppressionAdded, SuppressionRemoved
from domain.ids import SessionId, parse_session_id
from domain.jid import Jid
from domain.person import person_of
from domain.suppression import (
    ShownSuppression,
    Suppression,
    SuppressionSource,
    check_note,
    check_suppressible,
)

MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionPage:
    """Opt-outs by address; ``next_after`` None when there are no more."""

    items: Sequence[ShownSuppression]
    next_after: Jid | None


class ListSuppressions:
    """Lists who isn't written to."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, session_id: str, *, after: Jid | None = None, limit: int = 100) -> SuppressionPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_PAGE_SIZE``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        slug = parse_session_id(session_id)
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        async with self._uow.begin() as uow:
            await uow.sessions.get(slug)
            found = await uow.suppressions.list(slug, after=after, limit=limit + 1)
            items = [await _shown(uow, slug, each) for each in found[:limit]]
        more = len(found) > limit
        return SuppressionPage(items=items, next_after=items[-1].suppression.address if more else None)


class AddSuppression:
    """Has a person opt out."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(
        self, session_id: str, address: Jid, *, note: str | None = None, request: RequestKey | None = None
    ) -> ShownSuppression:
        """Adds. Of somebody who has opted out before it gives what is kept, and changes nothing.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``NOT_A_PERSON``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug, now = parse_session_id(session_id), self._clock.now()
        _note(slug, address)
        asked = {"session_id": slug, "address": str(address), "note": note}
        keyed = None if request is None else request.of("suppressions.add", asked)
        suppression = Suppression(
            address=check_suppressible(address),
            source=SuppressionSource.API,
            created_at=now,
            note=check_note(note),
        )
        async with self._uow.begin() as uow:
            if (answer := await answered(uow, keyed, now)) is not None:
                return shown_suppression_from_dict(answer["suppression"])
            await uow.sessions.keep(slug)
            if await uow.suppressions.add(slug, suppression):
                added = SuppressionAdded(address=address, source=suppression.source, message_id=None)
                await uow.events.append([_event(self._ids, self._clock, slug, added)])
            kept = await uow.suppressions.find(slug, address)
            shown = await _shown(uow, slug, kept or suppression)
            await note_answer(uow, keyed, {"suppression": shown_suppression_to_dict(shown)})
        return shown


class RemoveSuppression:
    """Lets a person be written to again."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, session_id: str, address: Jid, *, request: RequestKey | None = None) -> None:
        """Removes, by any of the person's addresses.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``NOT_A_PERSON``.
            NotFoundError: ``SESSION_NOT_FOUND``, ``SUPPRESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug, now = parse_session_id(session_id), self._clock.now()
        check_suppressible(address)
        _note(slug, address)
        asked = {"session_id": slug, "address": str(address)}
        keyed = None if request is None else request.of("suppressions.remove", asked)
        async with self._uow.begin() as uow:
            if await answered(uow, keyed, now) is not None:
                return
            await uow.sessions.keep(slug)
            removed = await uow.suppressions.remove(slug, address)
            if removed is None:
                raise NotFoundError("SUPPRESSION_NOT_FOUND", "This person hasn't opted out.")
            payload = SuppressionRemoved(address=removed.address)
            await uow.events.append([_event(self._ids, self._clock, slug, payload)])
            await note_answer(uow, keyed, {})


def _note(session_id: SessionId, address: Jid) -> None:
    note_session(session_id)
    note_target("contact", masked(str(address)))


async def _shown(uow: UnitOfWork, session_id: SessionId, suppression: Suppression) -> ShownSuppression:
    person = await uow.people.find(session_id, suppression.address)
    return ShownSuppression(suppression=suppression, person=person or person_of([suppression.address]))


def _event(ids: IdGenerator, clock: Clock, session_id: SessionId, payload: Payload) -> NewEvent:
    return NewEvent(id=ids.event_id(), session_id=session_id, time=clock.now(), payload=payload)
