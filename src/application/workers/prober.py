"""Asks a page how it is, again and again, and tells where that isn't what its status says."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.whatsapp_driver import PageHealth, Probe, WhatsAppPage
from application.workers.page_inbox import PageInbox
from application.workers.page_phase import AGREES, SIGNING_IN, Disagreement, Phase, Unanswered
from domain.errors import PomboError

DEADLINE: Final = timedelta(seconds=15)
"""For the answer to one probe."""
CONFIRM_AFTER: Final = timedelta(seconds=5)
"""Between a probe that surprises and the one that confirms it: a connection that is made anew isn't a lost one."""
_UNANSWERED: Final = 2
_SURPRISES: Final = 2
_SURPRISES_SIGNING_IN: Final = 4
"""A page that signs in is without a connection for a while."""


class Prober:
    """One page's probes: through the page and the bridge to the socket's state.

    So a status is true, or on its way to be mended, within the interval, two deadlines and the pause between them,
    whatever the page tells or fails to tell by itself.
    """

    def __init__(
        self, page: WhatsAppPage, inbox: PageInbox, clock: Clock, every: timedelta, phase: Callable[[], Phase]
    ) -> None:
        self._page = page
        self._inbox = inbox
        self._clock = clock
        self._every = every
        self._phase = phase
        self._silent = 0
        self._surprise: PageHealth | None = None
        self._surprises = 0
        self.document = 1
        """Counts the loads of the page: what was found out of one says nothing of the next."""

    def start_over(self) -> None:
        """The page is loaded anew."""
        self.document += 1
        self._silent = self._surprises = 0

    async def run(self) -> None:
        """Works until cancelled."""
        pause = self._every
        while True:
            await self._clock.sleep(pause)
            document = self.document
            found = await self._ask()
            if document == self.document:
                self._note(found)
            again = self._silent > 0 or (self._surprises > 0 and self._phase() not in SIGNING_IN)
            pause = min(CONFIRM_AFTER, self._every) if again else self._every

    async def _ask(self) -> Probe | None:
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                return await self._page.probe()
        except (TimeoutError, PomboError):
            return None

    def _note(self, found: Probe | None) -> None:
        if found is None:
            self._silent += 1
            if self._silent >= _UNANSWERED:
                self._silent = 0
                self._inbox.put(Unanswered(document=self.document))
            return
        self._silent = 0
        if found.health in AGREES[self._phase()]:
            self._surprises = 0
            return
        self._surprises = self._surprises + 1 if found.health is self._surprise else 1
        self._surprise = found.health
        enough = _SURPRISES_SIGNING_IN if self._phase() in SIGNING_IN else _SURPRISES
        if self._surprises >= enough or found.health is PageHealth.SOUND:
            self._surprises = 0
            self._inbox.put(Disagreement(probe=found, document=self.document))
