"""What a page told and nobody has dealt with yet."""

import asyncio
from collections import deque
from collections.abc import Sequence

from application.ports.page_events import ChangesSeen, MessagesSeen, PageDied, ReceiptsSeen
from application.ports.whatsapp_driver import WhatsAppPage
from application.workers.page_phase import InboxItem


class PageInbox:
    """Keeps a page's events in order, and merges neighbours of one kind, so that a burst is stored in few steps."""

    def __init__(self) -> None:
        self._events: deque[InboxItem] = deque()
        self._filled = asyncio.Event()

    def put(self, event: InboxItem) -> None:
        """Adds an event at the end."""
        match self._events[-1] if self._events else None, event:
            case MessagesSeen() as last, MessagesSeen() if last.backfilled == event.backfilled:
                self._events[-1] = MessagesSeen(messages=last.messages + event.messages, backfilled=event.backfilled)
            case ReceiptsSeen() as last, ReceiptsSeen():
                self._events[-1] = ReceiptsSeen(receipts=last.receipts + event.receipts)
            case ChangesSeen() as last, ChangesSeen():
                self._events[-1] = ChangesSeen(changes=last.changes + event.changes)
            case _:
                self._events.append(event)
        self._filled.set()

    async def get(self) -> InboxItem:
        """Takes the first event; waits for one."""
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()

    def rest(self) -> Sequence[InboxItem]:
        """Takes all that is there."""
        events, self._events = tuple(self._events), deque()
        return events

    async def fill(self, page: WhatsAppPage) -> None:
        """Takes over all that a page tells, until its stream ends."""
        async for event in page.events():
            self.put(event)
        self.put(PageDied(detail="the page tells nothing any more"))
