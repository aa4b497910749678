"""One life of a session's page, from its opening to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import Final, assert_never

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.page_events import (
    BridgeReady,
    BridgeRolledBack,
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    MessagesSeen,
    PageDied,
    PageEvent,
    PasskeyDemanded,
    QrBatchEnded,
    QrShown,
    ReceiptsSeen,
    SeenMessage,
    Syncing,
)
from application.ports.whatsapp_driver import WhatsAppPage
from application.workers.dispatcher import OutboxDispatcher
from application.workers.page_inbox import PageInbox
from application.workers.reconciler import Reconciler
from application.workers.session_record import SessionRecord
from domain.bridge import Bridge
from domain.errors import TRANSIENT, PomboError
from domain.session import Me, Session, SessionStatus, StatusReason

_AT_ONCE: Final = 500
"""Messages in one transaction: neither a burst nor a long absence makes one that the database would break off."""
_PROBE_EVERY: Final = timedelta(seconds=30)
_PROBE_DEADLINE_SECONDS: Final = 15.0
_PROBES_UNANSWERED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a page's life ended, and whether the session had worked in it."""

    reason: StatusReason
    detail: str | None
    had_worked: bool


class PageLife:
    """Follows a page: records what it tells, and sends through it while it is connected."""

    def __init__(
        self,
        session: Session,
        page: WhatsAppPage,
        record: SessionRecord,
        news: RecordPageNews,
        dispatcher: OutboxDispatcher,
        clock: Clock,
    ) -> None:
        self._session = session
        self.page = page
        self._record = record
        self._news = news
        self._dispatcher = dispatcher
        self._clock = clock
        self._inbox = PageInbox()
        self._reconciler = Reconciler(session, page, news, self._inbox, clock)
        self._connected: asyncio.Task[None] | None = None
        self._linked = session.me is not None
        self._had_worked = False
        self._unresponsive = False
        self._logging_out = self._logged_out = False
        self._one_logout = asyncio.Lock()
        self.ending: Ending | None = None
        """Why the life ended; None while it lasts, and when it was ended from outside."""
        self.closed = asyncio.Event()
        """Set by the owner when the page is closed."""

    async def logout(self) -> None:
        """Has the page end the link; this life then ends by itself."""
        async with self._one_logout:
            if self._logged_out:
                return
            self._logging_out = True
            try:
                await self.page.logout()
            except PomboError as error:
                if self._link_has_ended():
                    return  # the page told of the end, and was closed before it could answer
                # While the outcome is unknown, an end of the link that the page tells of later is this one.
                self._logging_out = error.kind in TRANSIENT
                raise
            self._logged_out = True
            self._inbox.put(LoggedOut())

    def _link_has_ended(self) -> bool:
        return self.ending is not None and self.ending.reason is StatusReason.LOGGED_OUT_BY_API

    async def run(self) -> Ending:
        """Follows the page until its end. The caller closes the page."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._inbox.fill(self.page)),
                tasks.create_task(self._keep_probing()),
            ]
            try:
                await self._record.insist(self._reconciler.prepare)
                while True:
                    self.ending = await self._handle(await self._inbox.get(), tasks)
                    if self.ending is not None:
                        return self.ending
            finally:
                for helper in helpers:
                    helper.cancel()
                await self._disconnect()

    async def _handle(self, event: PageEvent, tasks: asyncio.TaskGroup) -> Ending | None:
        match event:
            case MessagesSeen(messages=messages, backfilled=backfilled):
                for part in batched(messages, _AT_ONCE):
                    await self._record.insist(partial(self._store, part, backfilled=backfilled))
            case ReceiptsSeen(receipts=receipts):
                await self._record.insist(lambda: self._news.receipts(self._session.id, receipts))
            case Connected(me=me):
                await self._connect(me, tasks)
            case LoggedOut():
                reason = StatusReason.LOGGED_OUT_BY_API if self._logging_out else StatusReason.UNLINKED_BY_PHONE
                return await self._log_out(reason)
            case QrShown() | QrBatchEnded() if self._linked:
                return await self._log_out(StatusReason.LINK_LOST)
            case PageDied(detail=detail):
                reason = StatusReason.PAGE_UNRESPONSIVE if self._unresponsive else StatusReason.BROWSER_CRASHED
                return self._ending(reason, detail)
            case BridgeReady():
                pass  # what it says is kept by the page and read from there
            case BridgeRolledBack(bridge=bridge):
                await self._record.observe(
                    SessionStatus.STARTING, StatusReason.BRIDGE_ROLLED_BACK, detail=_rollback(bridge)
                )
            case _:
                await self._observe(event)
        return None

    async def _store(self, messages: Sequence[SeenMessage], *, backfilled: bool) -> None:
        await self._news.messages(self._session.id, messages, backfilled=backfilled)

    async def _observe(
        self, event: QrShown | QrBatchEnded | PasskeyDemanded | Syncing | ConnectionLost | ConflictDetected
    ) -> None:
        await self._disconnect()
        if isinstance(event, QrShown):
            await self._record.show_qr(event.qr)
            return
        await self._record.hide_qr()
        match event:
            case QrBatchEnded():
                await self._record.observe(SessionStatus.SCAN_QR_CODE, StatusReason.QR_BATCH_ENDED)
            case PasskeyDemanded():
                await self._record.observe(SessionStatus.PASSKEY_REQUIRED, StatusReason.PASSKEY_DEMANDED)
            case Syncing():
                await self._record.observe(SessionStatus.STARTING, StatusReason.SYNCING)
            case ConnectionLost(state=state):
                await self._record.observe(SessionStatus.DEGRADED, StatusReason.CONNECTION_LOST, detail=state)
            case ConflictDetected():
                await self._record.observe(SessionStatus.DEGRADED, StatusReason.CONFLICT)
            case _:
                assert_never(event)

    async def _connect(self, me: Me, tasks: asyncio.TaskGroup) -> None:
        await self._record.hide_qr()
        await self._record.connected(me)
        self._had_worked = self._linked = True
        self._logging_out = False
        if self._connected is None or self._connected.done():
            self._connected = tasks.create_task(self._work(me))

    async def _disconnect(self) -> None:
        task, self._connected = self._connected, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _work(self, me: Me) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._dispatcher.run(self.page, me))
            tasks.create_task(self._reconciler.run())

    async def _log_out(self, reason: StatusReason) -> Ending:
        await self._disconnect()
        await self._record.hide_qr()
        await self._record.logged_out(reason)
        return self._ending(reason, None)

    async def _keep_probing(self) -> None:
        unanswered = 0
        while unanswered < _PROBES_UNANSWERED:
            await self._clock.sleep(_PROBE_EVERY)
            try:
                async with asyncio.timeout(_PROBE_DEADLINE_SECONDS):
                    await self.page.probe()
            except (TimeoutError, PomboError):
                unanswered += 1
            else:
                unanswered = 0
        self._unresponsive = True
        self._inbox.put(PageDied(detail="the page doesn't answer its probes"))

    def _ending(self, reason: StatusReason, detail: str | None) -> Ending:
        return Ending(reason=reason, detail=detail, had_worked=self._had_worked)


def _rollback(bridge: Bridge) -> str:
    """A rollback for people."""
    replaced = bridge.rolled_back_from
    now = f"wa-js {bridge.version or 'of unknown version'} ({bridge.sha256[:12]}) runs"
    if replaced is None:
        return now
    return f"{now} instead of {replaced.version or 'unknown'} ({(replaced.sha256 or '')[:12]}), which {replaced.detail}"
