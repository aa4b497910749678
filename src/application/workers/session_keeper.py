"""Drives one session from what is observed to what is wanted."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.observability import catalogue
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.metrics import Metrics
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.workers.back_off import LONGEST_PAUSE, PASSING, UNREACHABLE, BackOff
from application.workers.dispatcher import OutboxDispatcher
from application.workers.fence import is_stale
from application.workers.keeper_settings import KeeperSettings
from application.workers.page_life import Ending, PageLife, ToldInVain
from application.workers.page_phase import Phase
from application.workers.pause import pause_until
from application.workers.session_record import SessionRecord
from application.workers.snapshots import SessionSnapshots
from application.workers.start_gate import StartGate, Turn
from domain.errors import ConflictError, NotFoundError, PomboError
from domain.ids import SessionId
from domain.proxy import Proxy
from domain.session import AT_REST, Session, SessionStatus, StatusReason, Wanted

_LAST_WORD_SECONDS: Final = 2.0
"""How long a cancelled keeper tries to put its end on record: a gateway that stops doesn't wait for a database."""
_LINK_ENDED: Final = frozenset(
    {
        StatusReason.LOGGED_OUT_BY_API,
        StatusReason.UNLINKED_BY_PHONE,
        StatusReason.LINK_LOST,
        StatusReason.BANNED,
    }
)
_LOGIN_LOST: Final = frozenset({StatusReason.LOGIN_MISSING, StatusReason.SNAPSHOT_UNREADABLE})
"""Of a session that has failed: linked, and no page can be opened that has its login."""
_CLAIMS_A_PAGE: Final = frozenset(
    {SessionStatus.WORKING, SessionStatus.DEGRADED, SessionStatus.SCAN_QR_CODE, SessionStatus.PASSKEY_REQUIRED}
)

_HELD_FOR: Final = {StatusReason.CONFLICT: Phase.CONFLICT, StatusReason.PASSKEY_DEMANDED: Phase.PASSKEY}
_REASON_OF: Final = {reason.value: reason for reason in StatusReason} | {
    "BROWSER_FAILED": StatusReason.BROWSER_CRASHED,
    "SNAPSHOT_CORRUPT": StatusReason.SNAPSHOT_UNREADABLE,
    "SNAPSHOT_FOREIGN": StatusReason.SNAPSHOT_UNREADABLE,
    "SNAPSHOT_UNSUPPORTED": StatusReason.SNAPSHOT_UNREADABLE,
    "SNAPSHOT_KEY_UNKNOWN": StatusReason.SNAPSHOT_UNREADABLE,
    "SNAPSHOT_TOO_LARGE": StatusReason.SNAPSHOT_UNREADABLE,
}


class SessionKeeper:
    """One supervised task: opens the page when the session is wanted, closes it when it isn't.

    A page that ends by itself is opened again, after a pause that grows with each time; after six in a row that
    didn't work the session is ``FAILED``, and tried again when somebody starts it. That WhatsApp is out of reach never
    makes it fail.
    """

    def __init__(
        self,
        record: SessionRecord,
        driver: WhatsAppDriver,
        news: RecordPageNews,
        dispatcher: OutboxDispatcher,
        clock: Clock,
        jitter: Callable[[], float],
        gate: StartGate,
        settings: KeeperSettings,
        snapshots: SessionSnapshots,
        *,
        epoch: int,
        check_lease: Callable[[], None],
        on_told_in_vain: Callable[[SessionId, Sequence[ToldInVain]], None],
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._metrics = metrics
        self._record = record
        self._driver = driver
        self._news = news
        self.dispatcher = dispatcher
        self._clock = clock
        self._jitter = jitter
        self._gate = gate
        self._settings = settings
        self._snapshots = snapshots
        self._back_off = BackOff(jitter)
        self._proxy: Proxy | None = None
        """That of the last try to open the page."""
        self._opening: tuple[StatusReason, str | None] = (StatusReason.PAGE_LOADING, None)
        self._recycled_at: float | None = None
        self._restoring = False
        """Whether the login was missing, and no page has worked since a snapshot was put in its place."""
        self._epoch = epoch
        self._check_lease = check_lease
        self._on_told_in_vain = on_told_in_vain
        self._abandoned = False
        self._life: PageLife | None = None
        self._nudged = asyncio.Event()
        self._asked = 0
        self._answered = 0
        self._moved = asyncio.Event()
        self._restart = False
        self._forget = False
        self._closing = False
        self.taken_over = asyncio.Event()
        """Set when the session's status doesn't claim any more what an earlier gateway saw."""

    @property
    def page(self) -> WhatsAppPage:
        """The open page.

        Raises:
            ConflictError: ``SESSION_NOT_RUNNING``.
        """
        return self._living().page

    def nudge(self) -> None:
        """Says that what is wanted may have changed."""
        self._asked += 1
        self._nudged.set()

    async def settled(self) -> None:
        """Waits until every nudge so far has been acted on, or until this keeper's end."""
        target = self._asked
        while self._answered < target:
            await self._moved.wait()

    async def restart(self) -> None:
        """Closes the page; it is opened again when the session is wanted."""
        self._restart = True
        self.nudge()
        await self.settled()

    async def logout(self) -> None:
        """Ends the link through the page, and returns when the page is closed.

        Where the login is lost the link is forgotten: there is nothing left that could tell WhatsApp.
        """
        if self._life is None and _has_lost_login(await self._record.load()):
            await self._forget_link()
            return
        life = self._living()
        await life.logout()
        await life.closed.wait()
        if life.ending is None or life.ending.reason not in _LINK_ENDED:
            # Something else ended the page's life before it could record what it had confirmed.
            await self._record.logged_out(StatusReason.LOGGED_OUT_BY_API)
            await self._snapshots.ended()
        self.nudge()
        await self.settled()

    async def _forget_link(self) -> None:
        self._forget = True
        try:
            self.nudge()
            await self.settled()
        finally:
            self._forget = False
        if (await self._record.load()).me is not None:
            raise _not_running()  # somebody has started it at this moment

    async def run(self) -> None:
        """Works until cancelled, or until nobody has to run the session. Cancelled, it closes the page and says so."""
        try:
            await self._take_over()
            self.taken_over.set()
            at_work = True
            while at_work:
                # Only what was asked before the session is read is answered by what the reading leads to.
                asked = self._asked
                try:
                    at_work = await self._step(asked)
                except NotFoundError:
                    at_work = self._asked != asked
        except asyncio.CancelledError:
            if not self._abandoned:
                await self._say_stopped()
            raise

    def abandon(self) -> None:
        """Says that the session is another gateway's business by now: what becomes of the page isn't told."""
        self._abandoned = True
        if self._life is not None:
            self._life.abandon()

    async def after_fault(self) -> None:
        """After a fault of ours: says so, and has the session opened again after a pause, six times in a row at most.

        Then, and where another page would do harm, it waits until somebody asks for the session.
        """
        self.taken_over.set()
        self._answer(self._asked)
        with suppress(NotFoundError):  # deleted: the next run finds that, too
            session = await self._record.load()
            ending = self._fault_of(session)
            self._back_off.note(ending)
            if session.wanted is Wanted.RUNNING or session.status not in AT_REST:
                await self._record.hide_qr()
            if session.wanted is Wanted.RUNNING and not (ending.is_held or self._back_off.gives_up(ending)):
                await self._open_later(ending)
                return
            if session.wanted is Wanted.RUNNING or session.status not in AT_REST:
                await self._record.observe(SessionStatus.FAILED, ending.reason, detail=ending.detail)
            await self._rest_until_asked()

    def _fault_of(self, session: Session) -> Ending:
        """What a fault has ended, as far as the record tells."""
        has_worked = session.status is SessionStatus.WORKING
        return Ending(
            reason=StatusReason.INTERNAL_FAULT,
            detail="a fault of the gateway; see its log",
            had_worked=has_worked,
            sound_for=self._clock.now() - session.status_at if has_worked else timedelta(0),
            phase=_HELD_FOR.get(session.status_reason, Phase.LOADING),
        )

    def end(self) -> None:
        """Nobody needs to wait for this keeper any more."""
        self.taken_over.set()
        self._answer(sys.maxsize)

    async def _take_over(self) -> None:
        with suppress(NotFoundError):
            session = await self._record.load()
            # Left by a gateway that was killed: no page is open now, and the status must not say so.
            if session.status in _CLAIMS_A_PAGE and session.wanted is Wanted.RUNNING:
                await self._record.observe(SessionStatus.STARTING, StatusReason.GATEWAY_STARTED)
            elif session.status in _CLAIMS_A_PAGE:
                await self._end(session)

    async def _step(self, asked: int) -> bool:
        """Tells whether there is more to do; else the session is at rest."""
        session = await self._record.load()
        if self._forget and _has_lost_login(session):
            await self._record.logged_out(StatusReason.LOGGED_OUT_BY_API)
            await self._forget_login(session)
        elif session.wanted is Wanted.RUNNING:
            await self._try(session, asked)
            return True
        else:
            await self._end(session)
        self._start_afresh()
        return self._asked != asked

    def _start_afresh(self) -> None:
        self._restoring = False
        self._back_off.reset()
        self._opening = (StatusReason.PAGE_LOADING, None)

    async def _end(self, session: Session) -> None:
        if session.status not in AT_REST:
            await self._record.hide_qr()
            await self._record.observe(SessionStatus.STOPPED, StatusReason.REQUESTED)

    async def _try(self, session: Session, asked: int) -> None:
        if session.proxy != self._proxy:
            # What went wrong with another one says nothing of this one.
            self._back_off.reset()
            self._proxy = session.proxy
        ending = await self._live(session, asked)
        if ending is not None and ending.reason not in _LINK_ENDED:
            self._metrics.add(catalogue.RESTARTS, "opened", ending.reason)
        if ending is not None and ending.without_login:
            await self._seek_login(ending)
            return
        if ending is None or ending.reason in _LINK_ENDED:
            self._start_afresh()
            return
        if self._restoring and ending.reason is StatusReason.LOGIN_MISSING:
            # There is no snapshot: what the page said stands.
            await self._record.logged_out(StatusReason.LINK_LOST)
            await self._forget_login(session)
            self._start_afresh()
            return
        if ending.had_worked:
            self._restoring = False
        if ending.reason is StatusReason.BROWSER_RECYCLED:
            self._recycled_at = asyncio.get_running_loop().time()
            self._opening = (ending.reason, ending.detail)
            return
        self._back_off.note(ending)
        await self._record.hide_qr()
        if ending.is_held:
            await self._hold(ending)
        elif self._back_off.gives_up(ending):
            await self._record.observe(SessionStatus.FAILED, ending.reason, detail=ending.detail)
            await self._rest_until_asked()
        else:
            await self._open_later(ending)

    async def _seek_login(self, ending: Ending) -> None:
        """Has the next opening find that there is no login here, and restore the newest snapshot."""
        self._restoring = True
        self._opening = (ending.reason, f"{ending.detail}; the newest snapshot of it is restored, if there is one")
        await self._record.hide_qr()

    def _may_recycle(self) -> bool:
        since = self._recycled_at
        span = self._settings.recycle_every.total_seconds()
        return since is None or asyncio.get_running_loop().time() - since >= span

    async def _hold(self, ending: Ending) -> None:
        """Keeps what is so without a page: the next one would fight with another browser, or ask for more QRs."""
        status, reason = (
            (SessionStatus.DEGRADED, StatusReason.CONFLICT)
            if ending.phase is Phase.CONFLICT
            else (SessionStatus.PASSKEY_REQUIRED, StatusReason.PASSKEY_DEMANDED)
        )
        await self._record.observe(status, reason, detail=f"its page is closed ({ending.detail or ending.reason})")
        await self._rest_until_asked()

    async def _rest_until_asked(self) -> None:
        await self._wait_for_nudge()
        self._start_afresh()

    async def _open_later(self, ending: Ending) -> None:
        pause = self._back_off.pause()
        detail = ending.detail or "the page has ended"
        if ending.reason in PASSING:
            # One and the same for as long as it lasts: an outage of hours is one entry of the history.
            reason = StatusReason.PAGE_UNREACHABLE if ending.reason in UNREACHABLE else ending.reason
            minutes = LONGEST_PAUSE.total_seconds() / 60
            detail = f"{detail.removesuffix('.')}; it is tried again, at least every {minutes:.0f} minutes or so"
            self._opening = (reason, detail)
            await self._record.observe(SessionStatus.STARTING, reason, detail=detail)
        else:
            self._opening = (StatusReason.PAGE_LOADING, None)
            detail = f"{detail.removesuffix('.')}; opened again in {pause.total_seconds():.0f} s"
            await self._record.observe(SessionStatus.STARTING, ending.reason, detail=detail)
        await self._pause(pause)

    async def _live(self, session: Session, asked: int) -> Ending | None:
        """One life of the page. None when it was ended from here: stopped, restarted, or to go by another proxy."""
        self._restart = self._closing = False
        # Whoever waits for the last page's end mustn't find its status.
        await self._say_opening()
        self._answer(asked)
        task = asyncio.create_task(self._open_and_follow(session))
        ended_from_here = False
        try:
            while not ended_from_here and await self._is_nudged_during(task):
                asked = self._asked
                self._nudged.clear()
                now = await self._record.load()
                if task.done() or self._is_ending():
                    self._nudged.set()  # for whoever comes after this life
                elif self._restart or now.wanted is Wanted.STOPPED or now.proxy != session.proxy:
                    ended_from_here = True
                else:
                    self._answer(asked)
        finally:
            if not self._is_ending():
                task.cancel()
            await _finished(task)
        return _close_of(task, ended_from_here=ended_from_here)

    async def _is_nudged_during(self, task: asyncio.Task[Ending]) -> bool:
        """Waits for a nudge; False when the life comes to its end first, by itself."""
        nudge = asyncio.create_task(self._nudged.wait())
        try:
            await asyncio.wait({task, nudge}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nudge.cancel()
        return not task.done() and not self._is_ending()

    def _is_ending(self) -> bool:
        """Whether the life has come to an end that must not be disturbed."""
        return self._closing or (self._life is not None and self._life.ending is not None)

    async def _open_and_follow(self, session: Session) -> Ending:
        try:
            await self._snapshots.prepare(session, on_waiting=self._say_waiting)
        except PomboError as error:
            return _not_opened(error)
        async with self._gate.turn() as turn:
            return await self._open_in_turn(session, turn)

    async def _say_opening(self) -> None:
        reason, detail = self._opening
        if self._gate.is_crowded and reason is StatusReason.PAGE_LOADING:
            reason = StatusReason.WAITING_TO_START
        await self._record.observe(SessionStatus.STARTING, reason, detail=detail)

    async def _open_in_turn(self, session: Session, turn: Turn) -> Ending:
        reason, detail = self._opening
        await self._record.observe(SessionStatus.STARTING, reason, detail=detail)
        self._snapshots.opening()
        self._check_lease()
        try:
            page = await self._driver.open(session.id, self._epoch, session.proxy)
        except PomboError as error:
            return _not_opened(error)
        turn.opened()
        self._snapshots.opened(page)
        life = self._life = PageLife(
            session,
            page,
            self._record,
            self._news,
            self.dispatcher,
            self._clock,
            self._settings,
            jitter=self._jitter,
            on_up=turn.over,
            may_recycle=self._may_recycle,
            may_restore=lambda: not self._restoring,
            metrics=self._metrics,
        )
        try:
            ending = await self._follow(life)
            if ending.reason in _LINK_ENDED and not ending.without_login:
                await self._forget_login(session)
            return ending
        finally:
            life.closed.set()

    async def _forget_login(self, session: Session) -> None:
        await self._snapshots.ended()
        await self._driver.forget(session.id)

    async def _follow(self, life: PageLife) -> Ending:
        try:
            return await life.run()
        except BaseException as error:
            if self._abandoned or is_stale(error):
                self._on_told_in_vain(self._record.session_id, await life.told_in_vain())
            raise
        finally:
            self._life = None
            self._closing = True
            await life.page.close()
            await self._snapshots.closed(take=life.has_login and not self._abandoned)

    async def _say_waiting(self, why: str) -> None:
        await self._record.observe(SessionStatus.STARTING, StatusReason.WAITING_FOR_SNAPSHOTS, detail=why)

    async def _wait_for_nudge(self) -> None:
        if not self._nudged.is_set():
            self._answer(self._asked)
        await self._nudged.wait()
        self._nudged.clear()
        self._restart = False

    async def _pause(self, span: timedelta) -> None:
        await pause_until(self._nudged, span, self._clock)
        self._nudged.clear()

    def _answer(self, asked: int) -> None:
        self._answered = max(self._answered, asked)
        self._moved.set()
        self._moved = asyncio.Event()

    async def _say_stopped(self) -> None:
        # What can't be said now is said by the next start, which finds a status that nothing stands for.
        with suppress(TimeoutError, PomboError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                session = await self._record.load()
                if session.status not in {*AT_REST, SessionStatus.FAILED}:
                    await self._record.hide_qr()
                    await self._record.observe(SessionStatus.STOPPED, StatusReason.GATEWAY_STOPPED)

    def _living(self) -> PageLife:
        if self._life is None:
            raise _not_running()
        return self._life


def _not_running() -> ConflictError:
    return ConflictError("SESSION_NOT_RUNNING", "The session has no page open; start it first.")


def _has_lost_login(session: Session) -> bool:
    return session.status is SessionStatus.FAILED and session.status_reason in _LOGIN_LOST


def _not_opened(error: PomboError) -> Ending:
    reason = _REASON_OF.get(error.reason, StatusReason.INTERNAL_FAULT)
    return Ending(reason=reason, detail=error.message)


async def _finished(task: asyncio.Task[Ending]) -> None:
    """Waits for a task's end, whatever becomes of the waiter: its page must be closed before anything else happens."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


def _close_of(task: asyncio.Task[Ending], *, ended_from_here: bool) -> Ending | None:
    """What a finished life came to. Its fault, if it had one, is raised here."""
    if not task.cancelled():
        ending = task.result()
        return None if ended_from_here else ending
    if ended_from_here:
        return None
    return Ending(reason=StatusReason.BROWSER_CRASHED, detail="the page's work was broken off")
