"""Drives one session from what is observed to what is wanted."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.workers.dispatcher import OutboxDispatcher
from application.workers.page_life import Ending, PageLife
from application.workers.session_record import SessionRecord
from domain.errors import ConflictError, NotFoundError, PomboError
from domain.session import Session, SessionStatus, StatusReason, Wanted

_FIRST_DELAY: Final = timedelta(seconds=1)
_LONGEST_DELAY: Final = timedelta(seconds=60)
_MAX_ATTEMPTS: Final = 6
_LINK_ENDED: Final = frozenset({StatusReason.LOGGED_OUT_BY_API, StatusReason.UNLINKED_BY_PHONE, StatusReason.LINK_LOST})
_CLAIMS_A_PAGE: Final = frozenset(
    {SessionStatus.WORKING, SessionStatus.DEGRADED, SessionStatus.SCAN_QR_CODE, SessionStatus.PASSKEY_REQUIRED}
)
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
        self._progress = asyncio.Condition()
        self._restart = False
        self._closing = False

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
        """Waits until every nudge so far has been acted on."""
        target = self._asked
        async with self._progress:
            await self._progress.wait_for(lambda: self._answered >= target)

    async def restart(self) -> None:
        """Closes the page; it is opened again when the session is wanted."""
        self._restart = True
        self.nudge()
        await self.settled()

    async def logout(self) -> None:
        """Ends the link through the page."""
        await self._living().logout()
        self.nudge()
        await self.settled()

    async def run(self) -> None:
        """Works until cancelled or until the session is deleted. Cancelled, it closes the page and says so."""
        attempts = 0
        try:
            session = await self._record.load()
            if session.wanted is Wanted.RUNNING and session.status in _CLAIMS_A_PAGE:
                # Left by a gateway that was killed: no page is open now, and the status must not say so.
                await self._record.observe(SessionStatus.STARTING, StatusReason.GATEWAY_STARTED)
            while True:
                session = await self._record.load()
                if session.wanted is Wanted.STOPPED:
                    await self._rest(session)
                    attempts = 0
                else:
                    attempts = await self._try(session, attempts)
        except NotFoundError:
            await self._answer(self._asked)
        except asyncio.CancelledError:
            await self._say_stopped()
            raise

    async def _rest(self, session: Session) -> None:
        if session.status not in {SessionStatus.STOPPED, SessionStatus.LOGGED_OUT}:
            await self._record.hide_qr()
            await self._record.observe(SessionStatus.STOPPED, StatusReason.REQUESTED)
        await self._wait_for_nudge()

    async def _try(self, session: Session, attempts: int) -> int:
        ending = await self._live(session)
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

    async def _live(self, session: Session) -> Ending | None:
        """One life of the page. None when it was ended from here: stopped or restarted."""
        self._restart = self._closing = False
        await self._answer(self._asked)
        task = asyncio.create_task(self._open_and_follow(session))
        try:
            while True:
                nudge = asyncio.create_task(self._nudged.wait())
                try:
                    await asyncio.wait({task, nudge}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    nudge.cancel()
                if task.done() or self._closing:
                    await _finished(task)
                    return task.result()
                asked = self._asked
                self._nudged.clear()
                if self._restart or (await self._record.load()).wanted is Wanted.STOPPED:
                    self._restart = False
                    return None
                await self._answer(asked)
        finally:
            if not self._closing:
                task.cancel()
            await _finished(task)

    async def _open_and_follow(self, session: Session) -> Ending:
        await self._record.observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING)
        try:
            page = await self._driver.open(session.id)
        except PomboError as error:
            reason = _REASON_OF.get(error.reason, StatusReason.INTERNAL_FAULT)
            return Ending(reason=reason, detail=error.message, had_worked=False)
        self._life = PageLife(session, page, self._record, self._news, self.dispatcher, self._clock)
        try:
            ending = await self._life.run()
        finally:
            self._life = None
            self._closing = True
            await page.close()
        if ending.reason in _LINK_ENDED:
            await self._driver.forget(session.id)
        return ending

    async def _wait_for_nudge(self) -> None:
        if not self._nudged.is_set():
            await self._answer(self._asked)
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

    async def _answer(self, asked: int) -> None:
        async with self._progress:
            self._answered = max(self._answered, asked)
            self._progress.notify_all()

    async def _say_stopped(self) -> None:
        try:
            session = await self._record.load()
        except NotFoundError:
            return
        if session.status not in {SessionStatus.STOPPED, SessionStatus.LOGGED_OUT, SessionStatus.FAILED}:
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
