"""Puts on record what callers do, and what is refused to them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from application.audit.audited import AUDITED, Audit
from application.audit.call import AuditedCall
from application.audit.notes import NOTES, Notes, note_names
from application.audit.refusals import Refusals
from application.audit.writer import AuditWriter
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit import CANCELED, GATEWAY, OK, OPENED, UNKNOWN, Actor, AuditRecord, AuditTransport
from domain.errors import TRANSIENT, PomboError
from domain.lease import Owner

WINDOW: Final = timedelta(minutes=1)
_LOOK_EVERY: Final = timedelta(minutes=10)
_ABANDONED: Final = timedelta(hours=1)
"""No call takes that long: what was begun before that by whomever ended with its gateway."""
_AT_ONCE: Final = 100


class OpenCall:
    """A call that is on its way. End it once; what comes after that changes nothing."""

    def __init__(self, writer: AuditWriter, record: AuditRecord, notes: Notes, intent: int | None) -> None:
        self._writer = writer
        self._record = record
        self._notes = notes
        self._intent = intent
        self.is_ended = False

    async def end(self, result: str) -> None:
        """Puts its result on record: before this returns, where it was put on record before it was begun."""
        if not self.is_ended:
            self.is_ended = True
            if self._intent is None:
                self._writer.put(self._records(result))
            else:
                await self._writer.write(self._records(result), self._intent)

    def break_off(self, result: str) -> None:
        """The same, where nobody can wait."""
        if not self.is_ended:
            self.is_ended = True
            self._writer.put(self._records(result), self._intent)

    def _records(self, result: str) -> Sequence[AuditRecord]:
        """One, or where several sessions are concerned one for each."""
        return _noted(replace(self._record, result=result), self._notes)


class AuditTrail:
    """What both transports tell of their calls.

    Args:
        uow: where it is put on record.
        clock: when.
        owner: this life of the gateway.
        writer: writes it.
    """

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, owner: Owner, writer: AuditWriter) -> None:
        self._uow = uow
        self._clock = clock
        self._owner = owner
        self._writer = writer
        self._refusals = Refusals()

    async def begin(self, call: AuditedCall) -> OpenCall | None:
        """A call begins; None where it isn't audited. Its notes are taken from here on.

        Raises:
            UnavailableError: it can't be put on record, and must not be begun.
        """
        audit = AUDITED[call.operation]
        if audit is Audit.NOT:
            return None
        notes = Notes()
        NOTES.set(notes)
        note_names(call.names)
        record = AuditRecord(
            time=self._clock.now(),
            operation=call.operation,
            result=UNKNOWN,
            transport=call.transport,
            actor=call.actor,
            address=call.address,
            request_id=call.request_id,
        )
        intent = None
        if audit is Audit.FIRST:
            try:
                async with self._uow.begin() as uow:
                    intent = await uow.audit_intents.add(self._owner, _noted(record, notes)[0])
            except PomboError as error:
                self._writer.tell(error)
                raise
        return OpenCall(self._writer, record, notes, intent)

    @asynccontextmanager
    async def calling(self, call: AuditedCall) -> AsyncIterator[None]:
        """A call from its beginning to its end, which is how the context is left.

        Raises:
            UnavailableError: it can't be put on record, and wasn't begun.
        """
        opened = await self.begin(call)
        if opened is None:
            yield
            return
        if AUDITED[call.operation] is Audit.OPENING:
            opened.break_off(OPENED)
        try:
            yield
        except PomboError as error:
            await opened.end(error.reason)
            raise
        except Exception:
            await opened.end("INTERNAL")
            raise
        except BaseException:
            opened.break_off(CANCELED)
            raise
        else:
            await opened.end(OK)

    def refused(self, call: AuditedCall, reason: str, *, site: str, actor: Actor | None = None) -> None:
        """A call was refused before it began. ``site``: who counts as one caller; ``actor``: whose key it was."""
        whose = call.actor if actor is None else actor
        first = self._refusals.add(call, whose, reason=reason, site=site, now=self._clock.now())
        if first is not None:
            self._writer.put([first])

    def note(self, operation: str, *targets: str, count: int = 1) -> None:
        """The gateway did something by itself."""
        self._writer.put([own_record(self._clock.now(), operation, *targets, count=count)])

    async def run(self) -> None:
        """Works until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._writer.run())
                tasks.create_task(self._count())
                tasks.create_task(self._look())
        finally:
            self._close_window()
            await self._writer.write_rest()

    async def _count(self) -> None:
        while True:
            await self._clock.sleep(WINDOW)
            self._close_window()

    def _close_window(self) -> None:
        for record in self._refusals.close():
            self._writer.put([record])

    async def _look(self) -> None:
        """Puts on record what earlier lives of this gateway, and others that are gone, have left open."""
        while True:
            try:
                while await self._recover() == _AT_ONCE:
                    pass
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            await self._clock.sleep(_LOOK_EVERY)

    async def _recover(self) -> int:
        before = self._clock.now() - _ABANDONED
        async with self._uow.begin() as uow:
            left = await uow.audit_intents.take_abandoned(self._owner, before=before, limit=_AT_ONCE)
            await uow.audit.append(left)
        return len(left)


def own_record(now: datetime, operation: str, *targets: str, count: int = 1) -> AuditRecord:
    """What the gateway did by itself."""
    return AuditRecord(
        time=now,
        operation=operation,
        result=OK,
        transport=AuditTransport.GATEWAY,
        actor=GATEWAY,
        targets=targets,
        count=count,
    )


def _noted(record: AuditRecord, notes: Notes) -> Sequence[AuditRecord]:
    record = replace(record, targets=notes.targets)
    return [replace(record, session_id=session_id, count=count) for session_id, count in notes.sessions.items()] or [
        record
    ]
