"""What profiles on this machine hold of sessions that another gateway runs by now."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Final
from weakref import WeakValueDictionary

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.page_events import SeenMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.whatsapp_driver import StoredNews, WhatsAppDriver
from application.workers.page_life import AT_ONCE as MESSAGES_AT_ONCE
from domain.errors import TRANSIENT, ConflictError, NotFoundError, PomboError, UnavailableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.session import Me, Session

_LOOK_EVERY: Final = timedelta(seconds=10)
_SPAN: Final = timedelta(days=30)
"""How far back a profile is read. A machine that was away for longer has little left that anybody waits for."""
_RECORDED: Final = 2_000
"""How many of the newest messages on record a profile that lacks them is asked about: what was done to them."""
_TRIES: Final = 6
_AGAIN: Final = timedelta(seconds=1)
"""After the first try; then twice as long each time."""
_SELDOMEST: Final = 360
"""In so many looks, an hour, a profile that can't be read is tried once: each try starts a browser."""
_READING_SECONDS: Final = 90.0
"""How long one reading may take. A browser that hangs mustn't keep the others from being read."""
_PATIENCE: Final = timedelta(seconds=90)
"""How long the tries before a loss may take altogether: no other is begun after it."""
_AT_ONCE: Final = 2
"""Browsers that read: sessions that start mustn't starve for them."""

_NOT_ITS_OWN: Final = frozenset({"PROFILE_IN_USE", "DATABASE_UNAVAILABLE"})
"""What says nothing of the profile."""

Tell = Callable[[str, SessionId, str], None]
"""Takes what is worth a line in the log: the event, the session, and what there is to say."""


@dataclass(frozen=True, slots=True)
class _PutOff:
    """A profile that couldn't be read.

    Attributes:
        epoch: that it was opened under last; once it is opened anew, the reason may be gone.
        due: at which look it is tried again.
        pause: how many looks there were to be between the last try and that one.
    """

    epoch: int
    due: int
    pause: int


class LeftBehind:
    """Puts on record what a page had taken when its gateway was killed, and another one took its session over.

    WhatsApp doesn't send again what a page has taken, and the next owner has an older image of the profile: what was
    taken in between is in this profile alone. It is read where it lies, without reaching WhatsApp. No lease is needed
    for it: a message is stored once whoever tells it, and what is known of it only moves forward.
    """

    def __init__(
        self, uow: UnitOfWorkFactory, driver: WhatsAppDriver, news: RecordPageNews, clock: Clock, tell: Tell
    ) -> None:
        self._uow = uow
        self._driver = driver
        self._news = news
        self._clock = clock
        self._tell = tell
        self._put_off: dict[SessionId, _PutOff] = {}
        self._looks = 0
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._copies: WeakValueDictionary[SessionId, asyncio.Lock] = WeakValueDictionary()

    async def run(
        self, is_run_here: Callable[[SessionId], bool], on_fault: Callable[[SessionId | None, BaseException], None]
    ) -> None:
        """Works until cancelled: reads the profiles of sessions that others have run since, one after another."""
        while True:
            try:
                await self._look(is_run_here, on_fault)
            except Exception as fault:  # noqa: BLE001 - whatever it is, the sessions go on
                on_fault(None, fault)
            await self._clock.sleep(_LOOK_EVERY)

    async def _look(
        self, is_run_here: Callable[[SessionId], bool], on_fault: Callable[[SessionId | None, BaseException], None]
    ) -> None:
        self._looks += 1
        try:
            unread = {name: epoch for name, epoch in (await self._driver.unread()).items() if not is_run_here(name)}
            if not unread:
                return
            async with self._uow.begin() as uow:
                newest = await uow.leases.epochs(unread.keys())
        except PomboError:
            return  # at the next look, then
        for session_id, epoch in unread.items():
            # Looked at for each: the readings before it take their time.
            if newest.get(session_id, 0) > epoch and not is_run_here(session_id) and self._is_due(session_id, epoch):
                await self._try(session_id, epoch, on_fault)

    async def _try(
        self, session_id: SessionId, epoch: int, on_fault: Callable[[SessionId | None, BaseException], None]
    ) -> None:
        try:
            await self.read(session_id, epoch)
        except PomboError as error:
            # Told once; it is tried for as long as it lies here.
            if error.reason not in _NOT_ITS_OWN and self._wait_longer(session_id, epoch):
                self._tell("left_profile_unreadable", session_id, error.message)
        except Exception as fault:  # noqa: BLE001 - one that breaks us mustn't keep the others from being read
            self._wait_longer(session_id, epoch)
            on_fault(session_id, fault)

    def _is_due(self, session_id: SessionId, epoch: int) -> bool:
        put_off = self._put_off.get(session_id)
        return put_off is None or put_off.epoch != epoch or put_off.due <= self._looks

    def _wait_longer(self, session_id: SessionId, epoch: int) -> bool:
        """Puts a profile off, for twice as long each time. Tells whether it is the first time."""
        before = self._put_off.get(session_id)
        first = before is None or before.epoch != epoch
        pause = 1 if before is None or first else min(before.pause * 2, _SELDOMEST)
        self._put_off[session_id] = _PutOff(epoch, self._looks + pause, pause)
        return first

    async def read(self, session_id: SessionId, epoch: int) -> None:
        """Reads a profile that was opened under this epoch last, and whose page is closed.

        Raises:
            PomboError: what ``WhatsAppDriver.stored_news`` and ``note_read`` raise.
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        try:
            async with self._uow.begin() as uow:
                session = await uow.sessions.get(session_id)
        except NotFoundError:
            await self._driver.note_read(session_id, epoch)
            return  # deleted meanwhile: nobody waits for it
        # Not before the session was made: the profile may be of one that was deleted, with the same id. And WhatsApp's
        # times are whole seconds.
        since = max(session.created_at.replace(microsecond=0), self._clock.now() - _SPAN)
        # One copy of a profile at a time: who comes second waits, and doesn't find it in use.
        async with self._copies.setdefault(session_id, asyncio.Lock()), self._places:
            recorded = await self._news.recorded_since(session_id, since, _RECORDED)
            found = await self._stored(session, since, recorded)
        if session.me is not None and _is_foreign(found.messages, session.me):
            await self._driver.note_read(session_id, epoch)
            self._tell("left_profile_foreign", session_id, "it is of an account that the session was linked to before")
            return
        new = 0
        for part in batched(found.messages, MESSAGES_AT_ONCE):
            new += await self._news.messages(session_id, part, backfilled=True)
        for changes in batched(found.changes, MESSAGES_AT_ONCE):
            await self._news.changes(session_id, changes)
        await self._driver.note_read(session_id, epoch)
        self._put_off.pop(session_id, None)
        self._tell("left_profile_read", session_id, f"{new} of {len(found.messages)} messages weren't on record")

    async def _stored(self, session: Session, since: datetime, recorded: Sequence[WhatsAppMessageId]) -> StoredNews:
        try:
            async with asyncio.timeout(_READING_SECONDS):
                return await self._driver.stored_news(session.id, since=since, recorded=recorded, proxy=session.proxy)
        except TimeoutError:
            raise UnavailableError("PAGE_UNAVAILABLE", "Reading the profile took too long.") from None

    async def read_before_loss(self, session_id: SessionId, epoch: int) -> None:
        """Reads a profile that is about to be replaced. One that can't be read in several tries is given up."""
        pause, tries, spent = _AGAIN, 0, timedelta(0)
        while True:
            began = self._clock.elapsed()
            try:
                await self.read(session_id, epoch)
            except PomboError as error:
                is_hopeless = error.kind not in TRANSIENT and not isinstance(error, ConflictError)
                # Without the database there is no session to run; a profile that can't be read mustn't keep it from it.
                counts, why = error.reason != "DATABASE_UNAVAILABLE", error.message
            except Exception as fault:  # noqa: BLE001 - nor must one that breaks us: it would do so at every start
                is_hopeless, counts, why = False, True, f"reading it failed: {type(fault).__name__}"
            else:
                return
            if counts:
                tries, spent = tries + 1, spent + self._clock.elapsed() - began
            if is_hopeless or tries >= _TRIES or spent >= _PATIENCE:
                self._tell("left_profile_lost", session_id, why)
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LOOK_EVERY)


def _is_foreign(found: Sequence[SeenMessage], me: Me) -> bool:
    """Whether messages are of another account's, as far as their own side of direct chats tells.

    Addresses of a form that isn't known of the account tell nothing.
    """
    own = {message.sender if message.from_me else message.recipient for message in found if message.chat.is_user}
    known = {each for each in (me.jid, me.lid) if each is not None}
    comparable = {each for each in own if any(each.server is form.server for form in known)}
    return bool(comparable) and not own & known
