"""What others did to messages that are on record and that a session's page lacks."""

from collections.abc import Iterable
from datetime import datetime

from application.messages.record_page_news import RecordPageNews
from application.ports.page_events import ChangesSeen, SeenMessage
from application.ports.whatsapp_driver import MessagingPage
from application.workers.page_inbox import PageInbox
from domain.errors import PomboError
from domain.ids import SessionId, WhatsAppMessageId


class LackedMessages:
    """Asks a page for the reactions to messages that it lacks, and their pins, once for each message and connection.

    A page that came from an older snapshot lacks messages. It keeps a reaction to one, and tells it when it comes: not
    if that is before anybody listens, and in vain if its gateway is killed before it has stored it.
    """

    def __init__(self, session_id: SessionId, page: MessagingPage, news: RecordPageNews, inbox: PageInbox) -> None:
        self._session_id = session_id
        self._page = page
        self._news = news
        self._inbox = inbox
        self._held: set[WhatsAppMessageId] = set()
        self._asked: set[WhatsAppMessageId] = set()

    def connected(self) -> None:
        """Begins anew: what came while the page wasn't connected may be untold."""
        self._held.clear()
        self._asked.clear()

    def held(self, known: Iterable[SeenMessage]) -> None:
        """Notes messages that the page has: it tells what was done to them with them."""
        self._held.update(message.whatsapp_id for message in known)

    async def look(self, since: datetime, limit: int) -> None:
        """Asks for those of the newest on record that haven't been asked for since the page connected.

        What fails is asked at the next look.
        """
        try:
            recorded = await self._news.recorded_since(self._session_id, since, limit)
        except PomboError:
            return
        lacked = [each for each in recorded if each not in self._held and each not in self._asked]
        if not lacked:
            return
        try:
            changes = await self._page.changes(lacked)
        except PomboError:
            return
        self._asked.update(lacked)
        if changes:
            self._inbox.put(ChangesSeen(changes=changes))
