"""Snapshots of the sessions that run here: when they are taken, restored and deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, override

from application.ports.clock import Clock
from application.ports.health_check import HealthCheck
from application.ports.session_store import NewSnapshot, SessionStore
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.workers.left_behind import LeftBehind, Tell
from application.workers.snapshot_restore import SnapshotRestore, Waiting
from domain.errors import DeadlineExceededError, NotFoundError, PomboError
from domain.ids import SessionId
from domain.lease import STALE_LEASE
from domain.session import Session, SessionStatus

_LOOK_EVERY: Final = timedelta(seconds=2)
_TAKE_SECONDS: Final = 60.0
_LAST_SECONDS: Final = 2.5
"""How long the closing of a page waits for its snapshot: a gateway that stops has ten seconds for all of them."""
_OVERDUE: Final = timedelta(minutes=1)
_SWEEP_EVERY: Final = timedelta(hours=1)


@dataclass(slots=True)
class _Watched:
    """A session whose snapshots are due now and then.

    Attributes:
        page: None when it is closed, and the last snapshot of it is still to be taken.
        due: when the next one is.
        failing_since: when the tries began that fail.
        reopened: whether a page was to be opened since this one was closed: the profile may hold more by then.
    """

    session_id: SessionId
    epoch: int
    page: WhatsAppPage | None
    due: datetime
    failing_since: datetime | None = None
    problem: str = ""
    reopened: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots(HealthCheck):
    """Takes snapshots of sessions that work: soon after they connect, on a schedule, and when their page is closed.

    What can't be stored stays due, and is taken again when the store is back. The end of a link deletes its snapshots;
    while that can't be done, none of the session's is taken, and a later start finds what is left.

    Args:
        store: where they are kept.
        driver: what makes and restores them.
        uow: for the sessions' accounts.
        clock: the clock.
        every: between two snapshots of a session that runs; None takes only the others.
        jitter: a number from 0 to 1 by chance.
        tell: takes what is worth a line in the log.
        left_behind: reads a profile before a snapshot takes its place.
    """

    def __init__(
        self,
        store: SessionStore,
        driver: WhatsAppDriver,
        uow: UnitOfWorkFactory,
        clock: Clock,
        every: timedelta | None,
        jitter: Callable[[], float],
        tell: Tell,
        left_behind: LeftBehind,
    ) -> None:
        self._store = store
        self._driver = driver
        self._uow = uow
        self._clock = clock
        self._every = every
        self._jitter = jitter
        self._tell = tell
        self._watched: dict[SessionId, _Watched] = {}
        self._ended: dict[SessionId, int] = {}
        self._swept_at: datetime | None = None
        self.restore = SnapshotRestore(store, driver, clock, tell, left_behind)

    def of(self, session_id: SessionId, epoch: int) -> "SessionSnapshots":
        """Those of one session, under one lease."""
        return SessionSnapshots(self, session_id, epoch)

    # What keepers say.

    def opening(self, session_id: SessionId) -> None:
        """A page is about to be opened."""
        watched = self._watched.get(session_id)
        if watched is not None:
            watched.reopened = True

    def opened(self, session_id: SessionId, page: WhatsAppPage, epoch: int) -> None:
        """A page is open: its snapshots are due from the time on when it works."""
        self._watched[session_id] = _Watched(session_id, epoch, page, due=self._clock.now())

    async def closed(self, session_id: SessionId, *, take: bool) -> None:
        """A page has been closed. The last snapshot is taken at once, else later; never fails.

        ``take``: whether there is something new to take.
        """
        watched = self._watched.get(session_id)
        if watched is None:
            return
        watched.page = None
        if not take:
            del self._watched[session_id]
            return
        watched.due = self._clock.now()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._take(watched)

    async def ended(self, session_id: SessionId, epoch: int) -> None:
        """The session's link has ended: its snapshots are deleted at once, else later; never fails."""
        self._watched.pop(session_id, None)
        self._ended[session_id] = epoch
        with suppress(TimeoutError, PomboError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._delete(session_id)

    # The work.

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await self._turn()
            await self._clock.sleep(_LOOK_EVERY * (0.75 + self._jitter() / 2))

    async def _turn(self) -> None:
        for session_id in tuple(self._ended):
            with suppress(PomboError):
                await self._within(self._delete(session_id))
        now = self._clock.now()
        # A clock that was set back mustn't put it off.
        if self._swept_at is None or abs(now - self._swept_at) >= _SWEEP_EVERY:
            with suppress(PomboError):
                await self._within(self._sweep())
                self._swept_at = now
        for watched in tuple(self._watched.values()):
            if watched.due <= self._clock.now() or watched.due - self._clock.now() > 2 * (self._every or _SWEEP_EVERY):
                with suppress(PomboError):
                    await self._within(self._take(watched))

    async def _within(self, work: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(_TAKE_SECONDS):
                await work
        except TimeoutError as error:
            raise DeadlineExceededError("SNAPSHOT_TIMEOUT", "It took too long.") from error

    async def _take(self, watched: _Watched) -> None:
        async with watched.lock:
            if self._watched.get(watched.session_id) is not watched or watched.session_id in self._ended:
                return
            page = watched.page
            try:
                taken = await self._take_one(watched, page)
            except NotFoundError:
                self._forget(watched)
                return
            except PomboError as error:
                self._failed(watched, error)
                return
            except asyncio.CancelledError:
                self._note(watched, "it took too long, or was broken off")
                raise
            if taken:
                await self._taken(watched, page)

    async def _take_one(self, watched: _Watched, page: WhatsAppPage | None) -> bool:
        """False while there is nothing to take."""
        before = await self._session(watched.session_id)
        if before.me is None or (page is not None and before.status is not SessionStatus.WORKING):
            return False
        image = await (self._driver.image(watched.session_id) if page is None else page.image())
        # Not of a page that has lost its login meanwhile: what it holds is none, and would push out the good ones.
        after = await self._session(watched.session_id)
        if image is None or after.me is None or after.me.jid != before.me.jid:
            return False
        if page is not None and after.status is not SessionStatus.WORKING:
            return False
        await self._store.save(
            NewSnapshot(
                session_id=watched.session_id,
                account=before.me.jid,
                epoch=watched.epoch,
                taken_at=self._clock.now(),
                image=image,
            )
        )
        return True

    async def _session(self, session_id: SessionId) -> Session:
        async with self._uow.begin() as uow:
            return await uow.sessions.get(session_id)

    async def _taken(self, watched: _Watched, page: WhatsAppPage | None) -> None:
        """``page``: of which the snapshot is; None where it is of the closed profile, and the last one."""
        watched.failing_since, watched.problem = None, ""
        if watched.page is not page:
            return  # closed meanwhile: what the page took since is in the last one, which stays due
        if page is None:
            # Else nobody could say any more that the page is opened again, while it is noted.
            with suppress(PomboError):
                await self._note_read(watched)
            self._forget(watched)
        elif self._every is None:
            watched.due = datetime.max.replace(tzinfo=self._clock.now().tzinfo)
        else:
            watched.due = self._clock.now() + self._every * (0.75 + self._jitter() / 2)

    async def _note_read(self, watched: _Watched) -> None:
        """Says that the last snapshot has all that the profile holds, where the next who runs the session gets it.

        He doesn't, where he has taken the session before it was stored: then he goes on from an older one.
        """
        async with self._uow.begin() as uow:
            newest = await uow.leases.epochs([watched.session_id])
        if newest.get(watched.session_id, 0) == watched.epoch and not watched.reopened:
            await self._driver.note_read(watched.session_id, watched.epoch)

    def _failed(self, watched: _Watched, error: PomboError) -> None:
        if error.reason == STALE_LEASE or (watched.page is None and error.reason == "PROFILE_IN_USE"):
            self._forget(watched)  # somebody else's to take
        elif error.reason in {"NOT_LINKED", "PAGE_UNAVAILABLE"}:
            pass  # its login isn't on disk yet, or the page is about to be closed
        else:
            self._note(watched, error.message)

    def _note(self, watched: _Watched, problem: str) -> None:
        if watched.failing_since is None:
            watched.failing_since = self._clock.now()
            self._tell("snapshot_failed", watched.session_id, problem)
        watched.problem = problem

    def _forget(self, watched: _Watched) -> None:
        if self._watched.get(watched.session_id) is watched:
            del self._watched[watched.session_id]

    async def _delete(self, session_id: SessionId) -> None:
        epoch = self._ended.get(session_id)
        if epoch is None:
            return
        await self._store.delete(session_id, epoch=epoch)
        if self._ended.get(session_id) == epoch:
            del self._ended[session_id]

    async def _sweep(self) -> None:
        """Rewraps what is under an older key, and deletes what is of links that have ended."""
        for session_id in await self._store.own_sessions():
            rewrapped = await self._store.rewrap(session_id)
            if rewrapped:
                self._tell("snapshots_rewrapped", session_id, f"{rewrapped} under the first key")
            # Before the account is looked at: what is stored later is of a link that has been recorded.
            stored = await self._store.versions(session_id)
            try:
                me = (await self._session(session_id)).me
            except NotFoundError:
                me = None
            gone = [
                each.version
                for each in stored
                if me is None or (each.label is not None and each.label.account != me.jid)
            ]
            if gone:
                await self._store.delete(session_id, epoch=0, up_to=max(gone))
                self._tell("snapshots_swept", session_id, f"{len(gone)} of a link that has ended")

    # Health.

    @property
    @override
    def name(self) -> str:
        return "snapshots"

    @property
    @override
    def is_needed(self) -> bool:
        return False

    @override
    async def check(self) -> str | None:
        now = self._clock.now()
        late = [
            watched
            for watched in self._watched.values()
            if watched.failing_since is not None and now - watched.failing_since >= _OVERDUE
        ]
        if not late:
            return None
        oldest = min(late, key=lambda watched: watched.failing_since or now)
        return (
            f"Snapshots of {len(late)} sessions are overdue, the oldest since "
            f"{oldest.failing_since:%Y-%m-%d %H:%M:%S} UTC: {oldest.problem}"
        )


class SessionSnapshots:
    """The snapshots of one session, under one lease."""

    def __init__(self, snapshots: Snapshots, session_id: SessionId, epoch: int) -> None:
        self._snapshots = snapshots
        self._session_id = session_id
        self._epoch = epoch

    async def prepare(self, session: Session, *, on_waiting: Waiting) -> None:
        """See ``SnapshotRestore.prepare``; all that it raises."""
        await self._snapshots.restore.prepare(session, self._epoch, on_waiting=on_waiting)

    def opening(self) -> None:
        """A page is about to be opened."""
        self._snapshots.opening(self._session_id)

    def opened(self, page: WhatsAppPage) -> None:
        """A page is open: a snapshot of it is due from the time on when it works."""
        self._snapshots.opened(self._session_id, page, self._epoch)

    async def closed(self, *, take: bool) -> None:
        """The page has been closed. See ``Snapshots.closed``."""
        await self._snapshots.closed(self._session_id, take=take)

    async def ended(self) -> None:
        """The link has ended. See ``Snapshots.ended``."""
        await self._snapshots.ended(self._session_id, self._epoch)
