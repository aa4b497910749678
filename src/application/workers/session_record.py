"""What is observed of a session, on record."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import session_topic
from domain.errors import TRANSIENT, PomboError, UnavailableError
from domain.event import NewEvent, Payload, QrIssued, SessionStatusChanged
from domain.ids import SessionId
from domain.session import Me, QrCode, Session, SessionStatus, StatusReason, Wanted

_RETRY_AFTER: Final = timedelta(milliseconds=500)


class SessionRecord:
    """Writes one session's status, link and QR, with the events that tell of them.

    An observation is never given up because the database is away: it is tried until it is on record.
    """

    def __init__(
        self,
        session_id: SessionId,
        uow: UnitOfWorkFactory,
        codes: LinkCodeCache,
        bus: EventBus,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self.session_id = session_id
        self._uow = uow
        self._codes = codes
        self._bus = bus
        self._clock = clock
        self._ids = ids

    async def load(self) -> Session:
        """The session as stored.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``: it was deleted.
        """
        return await self.insist(self._load)

    async def _load(self) -> Session:
        async with self._uow.begin() as uow:
            return await uow.sessions.get(self.session_id)

    async def observe(self, status: SessionStatus, reason: StatusReason, *, detail: str | None = None) -> None:
        """Records a status, with its event when it is news."""
        await self._change(lambda session, now: session.observe(status, reason, now, detail=detail))

    async def connected(self, me: Me) -> None:
        """Records the link and that the session works."""
        await self._change(
            lambda session, now: session.link(me, now).observe(SessionStatus.WORKING, StatusReason.CONNECTED, now)
        )

    async def logged_out(self, reason: StatusReason) -> None:
        """Records the end of the link; the session isn't wanted any more until somebody starts it again."""
        await self._change(
            lambda session, now: (
                session.unlink(now).want(Wanted.STOPPED, now).observe(SessionStatus.LOGGED_OUT, reason, now)
            )
        )

    async def announce(self) -> None:
        """Has whoever watches the session look at it: what its page can do may have changed."""
        await self._bus.publish(session_topic(self.session_id))

    async def show_qr(self, qr: QrCode) -> None:
        """Keeps the QR and records that it can be scanned."""
        with _without_cache():
            await self._codes.put(self.session_id, qr)
        await self._change(
            lambda session, now: session.observe(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, now),
            QrIssued(expires_at=qr.expires_at),
        )

    async def hide_qr(self) -> None:
        """Forgets the QR."""
        with _without_cache():
            await self._codes.clear(self.session_id)

    async def _change(self, change: Callable[[Session, datetime], Session], extra: Payload | None = None) -> None:
        await self.insist(lambda: self._write(change, extra))
        await self._bus.publish(session_topic(self.session_id))

    async def _write(self, change: Callable[[Session, datetime], Session], extra: Payload | None) -> None:
        now = self._clock.now()
        async with self._uow.begin() as uow:
            before = await uow.sessions.get(self.session_id, lock=True)
            after = change(before, now)
            payloads: list[Payload] = []
            if after is not before:
                await uow.sessions.save(after)
            if after.last_change() != before.last_change():
                payloads.append(
                    SessionStatusChanged(
                        status=after.status, reason=after.status_reason, detail=after.status_detail, me=after.me
                    )
                )
            if extra is not None:
                payloads.append(extra)
            await uow.events.append(
                [
                    NewEvent(id=self._ids.event_id(), session_id=self.session_id, time=now, payload=payload)
                    for payload in payloads
                ]
            )

    async def insist[T](self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Does something again until the part that it needs is there."""
        while True:
            try:
                return await attempt()
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            await self._clock.sleep(_RETRY_AFTER)


def _without_cache() -> AbstractContextManager[None]:
    """Lets a session go on while the cache is away: a QR that it lost can't be asked for, and the next one can.

    One that it failed to forget is shown to nobody, for the session's status says that there is none.
    """
    return suppress(UnavailableError)
