"""One page of a session, from its opening to its end."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import Final, assert_never

from application.messages.record_page_news import RecordPageNews
from application.observability import catalogue
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.metrics import Metrics
from application.ports.page_events import (
    BridgeReady,
    BridgeRolledBack,
    BrowserTooLarge,
    ChangesSeen,
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    MessagesSeen,
    PageDied,
    PasskeyDemanded,
    QrBatchEnded,
    QrShown,
    ReceiptsSeen,
    SeenMessage,
    Syncing,
)
from application.ports.people_events import (
    CallRings,
    CallStopped,
    ChatChanged,
    ContactChanged,
    PresenceChanged,
)
from application.ports.whatsapp_driver import PageHealth, Probe, WhatsAppPage
from application.workers.dispatcher import OutboxDispatcher
from application.workers.keeper_settings import KeeperSettings
from application.workers.page_inbox import PageInbox
from application.workers.page_phase import HELD, Disagreement, InboxItem, Overdue, Phase, Unanswered
from application.workers.page_watch import PageWatch
from application.workers.prober import Prober
from application.workers.reconciler import Reconciler
from application.workers.session_record import SessionRecord
from domain.bridge import Bridge
from domain.errors import TRANSIENT, PomboError
from domain.session import Me, Session, SessionStatus, StatusReason

_LAST_WORDS_SECONDS: Final = 5.0
AT_ONCE: Final = 500
"""Messages in one transaction: neither a burst nor a long absence makes one that the database would break off."""

_MB: Final = 1024 * 1024
_OF_THE_PROXY: Final = {reason.value: reason for reason in (StatusReason.PROXY_UNREACHABLE, StatusReason.PROXY_REFUSED)}

ToldInVain = MessagesSeen | ChangesSeen
"""What is put on record all the same; receipts come again with what the next page knows."""
NewsOfMessages = MessagesSeen | ReceiptsSeen | ChangesSeen
StateEvent = QrShown | QrBatchEnded | PasskeyDemanded | Syncing | ConnectionLost | ConflictDetected


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a page's life ended.

    Attributes:
        had_worked: whether the session had worked in it.
        sound_for: for how long, at the end, it had worked or shown what a person can link by.
        phase: what the page was at.
        without_login: the page came up without the login that it should have, and the link isn't known to have ended.
    """

    reason: StatusReason
    detail: str | None
    had_worked: bool = False
    sound_for: timedelta = timedelta(0)
    phase: Phase = Phase.LOADING
    without_login: bool = False

    @property
    def is_held(self) -> bool:
        """Whether another page would do harm: it waits until somebody asks for it."""
        return self.phase in HELD


class PageLife:
    """Follows a page: records what it tells, asks it how it is, and sends through it while it is connected.

    A page that doesn't answer, or doesn't get on, is loaded anew, once; when that doesn't help this life ends.
    """

    def __init__(
        self,
        session: Session,
        page: WhatsAppPage,
        record: SessionRecord,
        news: RecordPageNews,
        dispatcher: OutboxDispatcher,
        clock: Clock,
        settings: KeeperSettings,
        *,
        jitter: Callable[[], float],
        on_up: Callable[[], None],
        may_recycle: Callable[[], bool],
        may_restore: Callable[[], bool],
        metrics: Metrics = UNMEASURED,
    ) -> None:
        """``on_up`` is called when the page has come to what it can be at for long, and more often.

        ``may_recycle`` tells whether a browser that has grown too large may be opened again just now, ``may_restore``
        whether a login that is missing may be sought in the snapshots.
        """
        self._session = session
        self._metrics = metrics
        self.page = page
        self._record = record
        self._news = news
        self._dispatcher = dispatcher
        self._settings = settings
        self._may_recycle = may_recycle
        self._may_restore = may_restore
        self._inbox = PageInbox()
        self._watch = PageWatch(self._inbox, clock, jitter, on_up)
        self._prober = Prober(page, self._inbox, clock, settings.probe_every, lambda: self._watch.phase)
        self._reconciler = Reconciler(session, page, news, self._inbox, clock)
        self._connected: asyncio.Task[None] | None = None
        self._linked = session.me is not None
        self._had_worked = False
        self._revived = self._stale = self._abandoned = False
        self._logging_out = self._logged_out = False
        self._one_logout = asyncio.Lock()
        self._in_hand: NewsOfMessages | None = None
        self.ending: Ending | None = None
        """Why the life ended; None while it lasts, and when it was ended from outside."""
        self.closed = asyncio.Event()
        """Set by the owner when the page is closed."""

    def abandon(self) -> None:
        """The session is another gateway's: nothing is waited for when this life ends."""
        self._abandoned = True

    async def told_in_vain(self) -> Sequence[ToldInVain]:
        """After this life's end: what the page has told of messages, or still tells, and nobody recorded.

        The page isn't closed yet. Its end is waited for, a few seconds at most: whose lease is lost is killed.
        """
        told = [self._in_hand] if isinstance(self._in_hand, MessagesSeen | ChangesSeen) else []
        told += [event for event in self._inbox.rest() if isinstance(event, MessagesSeen | ChangesSeen)]
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                async for event in self.page.events():
                    if isinstance(event, MessagesSeen | ChangesSeen):
                        told.append(event)
        return told

    def _closes_in_peace(self) -> bool:
        """Whether the page, which is about to be closed, can still send what it was handed."""
        if self._abandoned:
            return False
        return self.ending is None or self.ending.reason is StatusReason.BROWSER_RECYCLED

    @property
    def has_login(self) -> bool:
        """Whether the page has worked, and its link hasn't ended, as far as is known."""
        return self._had_worked and self._linked

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
                tasks.create_task(self._prober.run()),
                tasks.create_task(self._watch.run()),
            ]
            try:
                await self._record.insist(self._reconciler.prepare)
                while True:
                    self.ending = await self._handle(await self._inbox.get(), tasks)
                    if self.ending is not None:
                        return self.ending
            finally:
                if self._closes_in_peace():
                    await self._dispatcher.drain(self._settings.drain_within)
                for helper in helpers:
                    helper.cancel()
                await self._disconnect()

    async def _handle(self, event: InboxItem, tasks: asyncio.TaskGroup) -> Ending | None:
        match event:
            case MessagesSeen() | ReceiptsSeen() | ChangesSeen():
                self._in_hand = event
                await self._take(event)
                self._in_hand = None
            case ChatChanged() | PresenceChanged() | ContactChanged() | CallRings() | CallStopped():
                await self._record.insist(partial(self._news.people.execute, self._session.id, event))
            case LoggedOut(told=False) if self._may_restore_login():
                return self._without_login()
            case LoggedOut():
                return await self._log_out(self._why_logged_out(event))
            case PageDied(detail=detail):
                return self._ending(StatusReason.BROWSER_CRASHED, detail)
            case BridgeReady():
                self._stale = False  # what it says is kept by the page and read from there
                await self._record.announce()
            case Disagreement() | Unanswered() | Overdue() | BrowserTooLarge():
                return await self._doubt(event, tasks)
            case _ if self._stale and not isinstance(event, BridgeRolledBack):
                pass  # told by the document that was there before this one
            case _:
                return await self._hear(event, tasks)
        return None

    async def _take(self, event: NewsOfMessages) -> None:
        """Puts what the page tells of messages on record."""
        match event:
            case MessagesSeen(messages=messages, backfilled=backfilled):
                for part in batched(messages, AT_ONCE):
                    await self._record.insist(partial(self._store, part, backfilled=backfilled))
            case ReceiptsSeen(receipts=receipts):
                await self._record.insist(lambda: self._news.receipts(self._session.id, receipts))
            case ChangesSeen(changes=changes):
                for some in batched(changes, AT_ONCE):
                    await self._record.insist(partial(self._news.changes, self._session.id, some))
            case _:
                assert_never(event)

    async def _hear(self, event: StateEvent | Connected | BridgeRolledBack, tasks: asyncio.TaskGroup) -> Ending | None:
        """Takes what the page says of its state."""
        match event:
            case Connected(me=me):
                await self._connect(me, tasks)
            case QrShown() | QrBatchEnded() if self._may_restore_login():
                return self._without_login()
            case QrShown() | QrBatchEnded() if self._linked:
                return await self._log_out(StatusReason.LINK_LOST)
            case BridgeRolledBack(bridge=bridge):
                await self._record.observe(
                    SessionStatus.STARTING, StatusReason.BRIDGE_ROLLED_BACK, detail=_rollback(bridge)
                )
            case _:
                await self._observe(event)
        return None

    def _may_restore_login(self) -> bool:
        """Whether a login is missing that this page has never had: a snapshot can't take a good one's place."""
        return self._linked and not self._had_worked and not self._logging_out and self._may_restore()

    def _without_login(self) -> Ending:
        return replace(self._ending(StatusReason.LINK_LOST, "the page came up without its login"), without_login=True)

    def _why_logged_out(self, event: LoggedOut) -> StatusReason:
        if event.locked:
            return StatusReason.BANNED
        if self._logging_out:
            return StatusReason.LOGGED_OUT_BY_API
        return StatusReason.UNLINKED_BY_PHONE if event.told or self._had_worked else StatusReason.LINK_LOST

    async def _doubt(
        self, found: Disagreement | Unanswered | Overdue | BrowserTooLarge, tasks: asyncio.TaskGroup
    ) -> Ending | None:
        """Deals with what was found out about the page, unless the page has gone on since."""
        match found:
            case Disagreement(probe=probe, document=document):
                if document == self._prober.document and self._watch.contradicts(probe):
                    return await self._correct(probe, tasks)
            case Unanswered(document=document):
                if document == self._prober.document:
                    return await self._revive(StatusReason.PAGE_UNRESPONSIVE, "the page doesn't answer its probes")
            case BrowserTooLarge(used=used, limit=limit):
                # Only where it costs no QR, and takes nothing from another browser.
                if self._watch.phase is Phase.WORKING and self._may_recycle():
                    detail = f"the browser took {used // _MB} MB of at most {limit // _MB}, and is opened again"
                    return self._ending(StatusReason.BROWSER_RECYCLED, detail)
            case Overdue(entry=entry):
                if entry == self._watch.entry and self._watch.phase is Phase.LOST:
                    return await self._load_anew(StatusReason.CONNECTION_LOST, "WhatsApp has long been out of reach")
                if entry == self._watch.entry:
                    detail = f"the page has been {self._watch.phase} for {self._watch.limit_text}"
                    return await self._revive(StatusReason.PAGE_STUCK, detail)
            case _:
                assert_never(found)
        return None

    async def _correct(self, probe: Probe, tasks: asyncio.TaskGroup) -> Ending | None:
        """Takes what probes have found for true: the page failed to tell."""
        match probe.health:
            case PageHealth.SOUND:
                if probe.me is not None:
                    await self._connect(probe.me, tasks)
            case PageHealth.SYNCING:
                await self._observe(Syncing())
            case PageHealth.DISCONNECTED:
                await self._observe(ConnectionLost(state=probe.state))
            case PageHealth.CONFLICT:
                await self._observe(ConflictDetected())
            case PageHealth.PASSKEY:
                await self._observe(PasskeyDemanded())
            case PageHealth.UNLINKED:
                if self._linked:
                    return await self._log_out(StatusReason.LINK_LOST)
                await self._start_again()
            case _:
                assert_never(probe.health)
        return None

    async def _store(self, messages: Sequence[SeenMessage], *, backfilled: bool) -> None:
        await self._news.messages(self._session.id, messages, backfilled=backfilled)

    async def _observe(self, event: StateEvent) -> None:
        await self._disconnect()
        if isinstance(event, QrShown):
            self._watch.enter(Phase.QR)
            await self._record.show_qr(event.qr)
            return
        await self._record.hide_qr()
        match event:
            case QrBatchEnded():
                self._watch.enter(Phase.QR_ENDED)
                await self._record.observe(SessionStatus.SCAN_QR_CODE, StatusReason.QR_BATCH_ENDED)
            case PasskeyDemanded():
                self._watch.enter(Phase.PASSKEY)
                await self._record.observe(SessionStatus.PASSKEY_REQUIRED, StatusReason.PASSKEY_DEMANDED)
            case Syncing():
                self._watch.enter(Phase.SYNCING)
                await self._record.observe(SessionStatus.STARTING, StatusReason.SYNCING)
            case ConnectionLost(state=state, cause=cause):
                self._watch.enter(Phase.LOST)
                reason = StatusReason.CONNECTION_LOST if cause is None else _OF_THE_PROXY[cause.reason]
                detail = state if cause is None else cause.message
                await self._record.observe(SessionStatus.DEGRADED, reason, detail=detail)
            case ConflictDetected():
                self._watch.enter(Phase.CONFLICT)
                await self._record.observe(SessionStatus.DEGRADED, StatusReason.CONFLICT)
            case _:
                assert_never(event)

    async def _connect(self, me: Me, tasks: asyncio.TaskGroup) -> None:
        self._watch.enter(Phase.WORKING)
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
            tasks.create_task(self._record.insist(lambda: self._news.people.watch_again(self._session.id, self.page)))

    async def _log_out(self, reason: StatusReason) -> Ending:
        await self._disconnect()
        await self._record.hide_qr()
        await self._record.logged_out(reason)
        self._linked = False
        return self._ending(reason, None)

    async def _revive(self, reason: StatusReason, detail: str) -> Ending | None:
        """Loads the page anew, if that is worth a try."""
        if self._watch.phase in HELD or (self._revived and not self._watch.is_steady()):
            return self._ending(reason, detail)
        self._revived = True
        return await self._load_anew(reason, detail)

    async def _load_anew(self, reason: StatusReason, detail: str) -> Ending | None:
        self._metrics.add(catalogue.RESTARTS, "loaded", reason)
        status = SessionStatus.DEGRADED if self._watch.was_up() else SessionStatus.STARTING
        await self._disconnect()
        await self._record.hide_qr()
        await self._record.observe(status, reason, detail=f"{detail}; it is loaded anew")
        try:
            await self.page.reload()
        except PomboError as error:
            reason = _OF_THE_PROXY.get(error.reason, reason)
            return self._ending(reason, f"{detail}; loading it anew failed: {error.message}")
        self._stale = True
        self._prober.start_over()
        await self._start_again()
        return None

    async def _start_again(self) -> None:
        self._watch.start_over()
        await self._disconnect()
        await self._record.hide_qr()
        await self._record.observe(SessionStatus.STARTING, StatusReason.PAGE_LOADING)

    def _ending(self, reason: StatusReason, detail: str | None) -> Ending:
        return Ending(
            reason=reason,
            detail=detail,
            had_worked=self._had_worked,
            sound_for=self._watch.sound_for(),
            phase=self._watch.phase,
        )


def _rollback(bridge: Bridge) -> str:
    """A rollback for people."""
    replaced = bridge.rolled_back_from
    now = f"wa-js {bridge.version or 'of unknown version'} ({bridge.sha256[:12]}) runs"
    if replaced is None:
        return now
    return f"{now} instead of {replaced.version or 'unknown'} ({(replaced.sha256 or '')[:12]}), which {replaced.detail}"
