"""Drives one session from what is observed to what is wanted."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.workers.dispatcher import OutboxDispatcher
from application.workers.page_life import Ending, PageLife
from application.workers.session_record import SessionRecord
from domain.errors import ConflictError, NotFoundError, PomboError
from domain.session import AT_REST, Session, SessionStatus, StatusReason, Wanted

_FIRST_DELAY: Final = timedelta(seconds=1)
_LONGEST_DELAY: Final = timedelta(seconds=60)
_MAX_ATTEMPTS: Final = 6
_LAST_WORD_SECONDS: Final = 2.0
"""How long a cancelled keeper tries to put its end on record: a gateway that stops doesn't wait for a database."""
_LINK_ENDED: Final = frozenset({StatusReason.LOGGED_OUT_BY_API, StatusReason.UNLINKED_BY_PHONE, StatusReason.LINK_LOST})
_CLAIMS_A_PAGE: Final = frozenset(
    {SessionStatus.WORKING, SessionStatus.DEGRADED, SessionStatus.SCAN_QR_CODE, SessionStatus.PASSKEY_REQUIRED}
)
_NO_EPOCH: Final = 0
_HOPELESS: Final = frozenset({StatusReason.BROWSER_MISSING})

_REASON_OF: Final = {reason.value: reason for reason in StatusReason} | {
    "BROWSER_FAILED": StatusReason.BROWSER_CRASHED,
    "PROFILE_IN_USE": StatusReason.BROWSER_CRASHED,
}


class SessionKeeper:
    """One supervised task: opens the page when the session is wanted, closes it when it isn't.

    A page that dies is opened again, after a pause that grows with each attempt; after six attempts in a row
    without success the session is ``FAILED``, and tried again when somebody starts it.
    """

    def __init__(
        self,
        record: SessionRecord,
        driver: WhatsAppDriver,
        news: RecordPageNews,
        dispatcher: OutboxDispatcher,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._record = record
        self._driver = driver
        self._news = news
        self.dispatcher = dispatcher
        self._clock = clock
        self._jitter = jitter
        self._life: PageLife | None = None
        self._nudged = asyncio.Event()
        self._asked = 0
        self._answered = 0
        self._moved = asyncio.Event()
        self._restart = False
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
        """Ends the link through the page, and returns when the page is closed."""
        life = self._living()
        await life.logout()
        await life.closed.wait()
        if life.ending is None or life.ending.reason not in _LINK_ENDED:
            # Something else ended the page's life before it could record what it had confirmed.
            await self._record.logged_out(StatusReason.LOGGED_OUT_BY_API)
        self.nudge()
        await self.settled()

    async def run(self) -> None:
        """Works until cancelled or until the session is deleted. Cancelled, it closes the page and says so."""
        attempts = 0
        try:
            await self._take_over()
            self.taken_over.set()
            while True:
                # Only what was asked before the session is read is answered by what the reading leads to.
                asked = self._asked
                try:
                    attempts = await self._step(attempts, asked)
                except NotFoundError:
                    if self._asked == asked:
                        return
        except asyncio.CancelledError:
            await self._say_stopped()
            raise

    async def give_up(self) -> None:
        """After a fault of ours: says so, and waits until somebody asks for the session again."""
        self.taken_over.set()
        self._answer(self._asked)
        with suppress(NotFoundError):  # deleted: the next run finds that, too
            session = await self._record.load()
            if session.wanted is Wanted.RUNNING or session.status not in AT_REST:
                await self._record.hide_qr()
                await self._record.observe(
                    SessionStatus.FAILED, StatusReason.INTERNAL_FAULT, detail="a fault of the gateway; see its log"
                )
            await self._wait_for_nudge()

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

    async def _step(self, attempts: int, asked: int) -> int:
        session = await self._record.load()
        if session.wanted is Wanted.STOPPED:
            await self._rest(session)
            return 0
        return await self._try(session, attempts, asked)

    async def _rest(self, session: Session) -> None:
        await self._end(session)
        await self._wait_for_nudge()

    async def _end(self, session: Session) -> None:
        if session.status not in AT_REST:
            await self._record.hide_qr()
            await self._record.observe(SessionStatus.STOPPED, StatusReason.REQUESTED)

    async def _try(self, session: Session, attempts: int, asked: int) -> int:
        ending = await self._live(session, asked)
        if ending is None or ending.reason in _LINK_ENDED:
            return 0
        attempts = 1 if ending.had_worked else attempts + 1
        await self._record.hide_qr()
        if ending.reason in _HOPELESS or attempts >= _MAX_ATTEMPTS:
            await self._record.observe(SessionStatus.FAILED, ending.reason, detail=ending.detail)
            await self._wait_for_nudge()
            return 0
        await self._record.observe(SessionStatus.STARTING, ending.reason, detail=ending.detail)
        await self._pause(attempts)
        return attempts

    async def _live(self, session: Session, asked: int) -> Ending | None:
        """One life of the page. None when it was ended from here: stopped or restarted."""
        self._restart = self._closing = False
        self._answer(asked)
        task = asyncio.create_task(self._open_and_follow(session))
        ended_from_here = False
        try:
            while not ended_from_here and await self._is_nudged_during(task):
                asked = self._asked
                self._nudged.clear()
                wanted = (await self._record.load()).wanted
                if task.done() or self._is_ending():
                    self._nudged.set()  # for whoever comes after this life
                elif self._restart or wanted is Wanted.STOPPED:
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
        await self._record.observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING)
        try:
            page = await self._driver.open(session.id, _NO_EPOCH)
        except PomboError as error:
            reason = _REASON_OF.get(error.reason, StatusReason.INTERNAL_FAULT)
            return Ending(reason=reason, detail=error.message, had_worked=False)
        life = self._life = PageLife(session, page, self._record, self._news, self.dispatcher, self._clock)
        try:
            ending = await self._follow(life)
            if ending.reason in _LINK_ENDED:
                await self._driver.forget(session.id)
            return ending
        finally:
            life.closed.set()

    async def _follow(self, life: PageLife) -> Ending:
        try:
            return await life.run()
        finally:
            self._life = None
            self._closing = True
            await life.page.close()

    async def _wait_for_nudge(self) -> None:
        if not self._nudged.is_set():
            self._answer(self._asked)
        await self._nudged.wait()
        self._nudged.clear()
        self._restart = False

    async def _pause(self, attempts: int) -> None:
        delay = min(_FIRST_DELAY * 2 ** (attempts - 1), _LONGEST_DELAY) * (0.5 + self._jitter())
        pause = asyncio.create_task(self._clock.sleep(delay))
        nudge = asyncio.create_task(self._nudged.wait())
        try:
            await asyncio.wait({pause, nudge}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            nudge.cancel()
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
            raise ConflictError("SESSION_NOT_RUNNING", "The session has no page open; start it first.")
        return self._life


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
    return Ending(reason=StatusReason.BROWSER_CRASHED, detail="the page's work was broken off", had_worked=False)
