"""Whether a number is on WhatsApp, asked once in a while."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.sessions.workers import SessionPage
from domain.errors import UnprocessableError
from domain.ids import SessionId
from domain.jid import Jid

_KNOWN_FOR: Final = timedelta(hours=24)
_MAX_ENTRIES: Final = 50_000


class RecipientDirectory:
    """Remembers users that exist. That one doesn't exist is never remembered: people join."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[SessionId, Jid], datetime] = {}
        self._asking: dict[tuple[SessionId, Jid], asyncio.Lock] = {}

    def knows(self, session_id: SessionId, jid: Jid) -> bool:
        """Whether nobody needs to be asked: the user is known to exist, or the address isn't a user's."""
        return not jid.is_user or self._fresh((session_id, jid))

    async def check(self, session_id: SessionId, page: SessionPage, jid: Jid) -> None:
        """Checks a user's address; other addresses pass.

        Raises:
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``.
            UnavailableError: ``PAGE_UNAVAILABLE``.
            DeadlineExceededError: ``LOOKUP_TIMEOUT``, ``OWNER_SILENT``.
        """
        if self.knows(session_id, jid):
            return
        key = (session_id, jid)
        # One question at a time per address: a burst to a new recipient asks once.
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if self._fresh(key):
                    return
                if await page.resolve(jid) is None:
                    raise UnprocessableError(
                        "NUMBER_NOT_ON_WHATSAPP", "There is no WhatsApp account with this address.", field="to"
                    )
                self._remember(key)
        finally:
            if not lock.locked():
                self._asking.pop(key, None)

    def _fresh(self, key: tuple[SessionId, Jid]) -> bool:
        since = self._known.get(key)
        return since is not None and self._clock.now() - since < _KNOWN_FOR

    def _remember(self, key: tuple[SessionId, Jid]) -> None:
        if len(self._known) >= _MAX_ENTRIES:
            del self._known[next(iter(self._known))]
        self._known[key] = self._clock.now()
