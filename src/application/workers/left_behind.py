"""What profiles on this machine hold of sessions that another gateway runs by now."""

from collections.abc import Callable
from datetime import timedelta
from itertools import batched
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.whatsapp_driver import WhatsAppDriver
from application.workers.page_life import AT_ONCE
from domain.errors import TRANSIENT, ConflictError, NotFoundError, PomboError
from domain.ids import SessionId

_LOOK_EVERY: Final = timedelta(seconds=10)
_SPAN: Final = timedelta(days=30)
"""How far back a profile is read. A machine that was away for longer has little left that anybody waits for."""
_TRIES: Final = 6
_AGAIN: Final = timedelta(seconds=1)
"""After the first try; then twice as long each time."""

_NOT_ITS_OWN: Final = frozenset({"PROFILE_IN_USE", "DATABASE_UNAVAILABLE"})
"""What says nothing of the profile."""

Tell = Callable[[str, SessionId, str], None]
"""Takes what is worth a line in the log: the event, the session, and what there is to say."""


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
        self._told: set[SessionId] = set()

    async def run(
        self, is_run_here: Callable[[SessionId], bool], on_fault: Callable[[SessionId | None, BaseException], None]
    ) -> None:
        """Works until cancelled: reads the profiles of sessions that others have run since, one after another."""
        while True:
            try:
                await self._look(is_run_here)
            except Exception as fault:  # noqa: BLE001 - whatever it is, the sessions go on
                on_fault(None, fault)
            await self._clock.sleep(_LOOK_EVERY)

    async def _look(self, is_run_here: Callable[[SessionId], bool]) -> None:
        try:
            unread = {name: epoch for name, epoch in (await self._driver.unread()).items() if not is_run_here(name)}
            if not unread:
                return
            async with self._uow.begin() as uow:
                newest = await uow.leases.epochs(unread.keys())
        except PomboError:
            return  # at the next look, then
        for session_id, epoch in unread.items():
            if newest.get(session_id, 0) > epoch and not is_run_here(session_id):
                await self._try(session_id, epoch)

    async def _try(self, session_id: SessionId, epoch: int) -> None:
        try:
            await self.read(session_id, epoch)
        except PomboError as error:
            # Told once; it is tried for as long as it lies here.
            if error.reason not in _NOT_ITS_OWN and session_id not in self._told:
                self._told.add(session_id)
                self._tell("left_profile_unreadable", session_id, error.message)

    async def read(self, session_id: SessionId, epoch: int) -> None:
        """Reads a profile that was opened under this epoch last, and whose page is closed.

        Raises:
            PomboError: what ``WhatsAppDriver.stored_messages`` and ``note_read`` raise.
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
        found = await self._driver.stored_messages(session_id, since=since)
        new = 0
        for part in batched(found, AT_ONCE):
            new += await self._news.messages(session_id, part, backfilled=True)
        await self._driver.note_read(session_id, epoch)
        self._told.discard(session_id)
        self._tell("left_profile_read", session_id, f"{new} of {len(found)} messages weren't on record")

    async def read_before_loss(self, session_id: SessionId, epoch: int) -> None:
        """Reads a profile that is about to be replaced. One that can't be read in several tries is given up."""
        pause = _AGAIN
        tries = 0
        while True:
            try:
                await self.read(session_id, epoch)
            except PomboError as error:
                # Without the database there is no session to run; a profile that can't be read mustn't keep it from it.
                tries += error.reason != "DATABASE_UNAVAILABLE"
                if tries >= _TRIES or (error.kind not in TRANSIENT and not isinstance(error, ConflictError)):
                    self._tell("left_profile_lost", session_id, error.message)
                    return
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LOOK_EVERY)
