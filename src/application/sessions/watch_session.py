"""Watch a session: its status and its QR as they change."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from application.access.stream_access import StreamAccess
from application.events.feed import wait_or_poll
from application.ports.event_bus import EventBus
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers, session_topic
from domain.errors import NotFoundError, UnavailableError
from domain.ids import SessionId, parse_session_id
from domain.session import Capability, QrCode, Session, StatusReason

_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session as it is now, with the QR it shows, if it shows one, and what its page can do."""

    session: Session
    qr: QrCode | None
    capabilities: tuple[Capability, ...]


class WatchSession:
    """Streams a session's view: the present one first, then each that differs."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        codes: LinkCodeCache,
        bus: EventBus,
        workers: SessionWorkers,
        access: StreamAccess | None = None,
    ) -> None:
        self._uow = uow
        self._codes = codes
        self._bus = bus
        self._workers = workers
        self._access = access

    async def execute(self, session_id: str) -> AsyncIterator[SessionView]:
        """Checks that the session exists, then gives the stream. It ends when the session is deleted.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnauthenticatedError: from the stream, when its key ends.
        """
        slug = parse_session_id(session_id)
        stream = self._follow(slug, await self._view(slug))
        return stream if self._access is None else self._access.guard(stream, "watchSession")

    async def _follow(self, session_id: SessionId, view: SessionView) -> AsyncIterator[SessionView]:
        async with self._bus.subscribe(session_topic(session_id)) as signals:
            yield view
            while True:
                try:
                    now = await self._view(session_id)
                except NotFoundError:
                    return
                if now != view:
                    view = now
                    yield view
                else:
                    await wait_or_poll(signals, _POLL_SECONDS)

    async def _view(self, session_id: SessionId) -> SessionView:
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(session_id)
        qr = None
        if session.status_reason is StatusReason.QR_READY:
            # The status is told without the cache, too; the QR follows when the cache is back.
            with suppress(UnavailableError):
                qr = await self._codes.get(session_id)
        return SessionView(session=session, qr=qr, capabilities=self._workers.capabilities(session_id))
