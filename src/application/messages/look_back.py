"""Asking a page for all that it knows."""

from datetime import datetime

from application.ports.page_events import SeenMessage
from application.ports.whatsapp_driver import MessagingPage


async def known_since(page: MessagingPage, since: datetime, limit: int) -> tuple[SeenMessage, ...]:
    """All that a page knows from then on, oldest first.

    A page leaves out what it can't read, so that fewer than the limit may be all that it gives of too many: it is asked
    for twice as many until it gives no more than half of them.

    Raises:
        UnavailableError: ``PAGE_UNAVAILABLE``.
    """
    while len(known := await page.recent(since=since, limit=limit)) > limit // 2:
        limit *= 2
    return known
