"""Finds what a session's page knows and the log doesn't."""

from datetime import datetime, timedelta
from itertools import count
from typing import Final

from application.messages.look_back import known_since
from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.page_events import MessagesSeen, SeenMessage
from application.ports.whatsapp_driver import MessagingPage
from application.workers.lacked_messages import LackedMessages
from application.workers.page_inbox import PageInbox
from domain.errors import PomboError
from domain.session import Session

_SPAN: Final = timedelta(days=7)
"""How far each connect looks back at least, since what came is no proof that nothing was missed before it."""
_MARGIN: Final = timedelta(days=1)
"""Before the newest message that is stored: one that WhatsApp held for longer may be older."""
_CLOCK_MARGIN: Final = timedelta(minutes=1)
"""WhatsApp's clock isn't ours, and its times are whole seconds."""
_PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300))
"""Between the tries at first: a page that is busy with its sign-in may not answer the first."""
_LIMIT: Final = 2_000

_EVERY: Final = timedelta(minutes=1)
_RECENT: Final = timedelta(minutes=10)
"""How far back the look in between goes: it finds messages and receipts that the page missed to tell."""
_RECENT_LIMIT: Final = 200
_LACKED_EVERY: Final = 5
"""After how many looks it is looked again for messages that the page lacks: some come on record later."""
_ON_ITS_WAY: Final = timedelta(seconds=15)
"""A message this young is most likely being told just now; if it isn't, the next look finds it."""


class Reconciler:
    """Asks the page, at each connect and then every minute, and hands on what it says as backfilled, oldest first.

    Most of it is known, which costs one reading. Nothing is passed over for being too much: a page that may know more
    than was asked for is asked for more.
    """

    def __init__(
        self, session: Session, page: MessagingPage, news: RecordPageNews, inbox: PageInbox, clock: Clock
    ) -> None:
        self._session = session
        self._page = page
        self._news = news
        self._inbox = inbox
        self._clock = clock
        self._from = session.created_at
        """Up to here the log is complete, as far as anybody knows."""
        self._complete_to: datetime | None = None
        self._lacked = LackedMessages(session.id, page, news, inbox)

    async def prepare(self) -> None:
        """Notes how far the log goes.

        To be called before anything of this page is stored: it tells of new messages while it signs in, and those say
        nothing of what came before them.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        newest = await self._news.newest_received(self._session.id)
        if newest is not None:
            self._from = newest - _MARGIN

    async def run(self) -> None:
        """Works until cancelled, on a page that is connected."""
        pauses = iter(_PAUSES)
        while not await self._look_far():
            await self._clock.sleep(next(pauses, _EVERY))
        await self._look_for_changes()
        for look in count(1):
            await self._clock.sleep(_EVERY)
            await self._look_near()
            if look % _LACKED_EVERY == 0:
                await self._look_for_changes()

    async def _look_far(self) -> bool:
        """Takes all that came while nobody looked. Tells whether the page answered."""
        now = self._clock.now()
        try:
            since = max(self._session.created_at - _CLOCK_MARGIN, min(self._from, now - _SPAN))
            known = await known_since(self._page, since, _LIMIT)
        except PomboError:
            # A page that is gone says so itself, and a page that lacks the function shows it in its capabilities.
            return False
        self._from, self._complete_to = now, now
        self._lacked.connected()
        self._lacked.held(known)
        self._tell(known)
        return True

    async def _look_near(self) -> None:
        now = self._clock.now()
        since = max(self._session.created_at - _CLOCK_MARGIN, min(self._complete_to or now, now) - _RECENT)
        try:
            known = await known_since(self._page, since, _RECENT_LIMIT)
        except PomboError:
            return
        self._complete_to = now
        self._lacked.held(known)
        self._tell(tuple(message for message in known if message.timestamp <= now - _ON_ITS_WAY))

    async def _look_for_changes(self) -> None:
        since = max(self._session.created_at, self._clock.now() - _SPAN)
        await self._lacked.look(since, _LIMIT)

    def _tell(self, known: tuple[SeenMessage, ...]) -> None:
        if known:
            self._inbox.put(MessagesSeen(messages=known, backfilled=True))
