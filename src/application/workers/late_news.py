"""What pages told in vain, put on record after all."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import batched
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.ports.clock import Clock
from application.ports.page_events import ChangesSeen, MessagesSeen
from application.ports.unit_of_work import UnitOfWorkFactory
from application.workers.page_life import AT_ONCE, ToldInVain
from domain.errors import TRANSIENT, NotFoundError, PomboError
from domain.ids import SessionId

_AGAIN: Final = timedelta(seconds=1)


class LateNews:
    """Records what a page told of messages while its gateway couldn't, and whose session has another owner by now.

    WhatsApp doesn't send again what a page has taken, and the new owner's profile is older: nobody else will ever tell.
    No lease is needed for it. A message is stored once whoever tells it, and what is known of it only moves forward.
    """

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        news: RecordPageNews,
        clock: Clock,
        on_fault: Callable[[SessionId, BaseException], None],
    ) -> None:
        self._uow = uow
        self._news = news
        self._clock = clock
        self._on_fault = on_fault
        self._told: asyncio.Queue[tuple[SessionId, ToldInVain]] = asyncio.Queue()

    def put(self, session_id: SessionId, told: Sequence[ToldInVain]) -> None:
        """Adds what a page told."""
        for event in told:
            match event:
                case MessagesSeen(messages=messages):
                    for part in batched(messages, AT_ONCE):
                        self._told.put_nowait((session_id, MessagesSeen(messages=part)))
                case ChangesSeen(changes=changes):
                    for some in batched(changes, AT_ONCE):
                        self._told.put_nowait((session_id, ChangesSeen(changes=some)))

    async def run(self) -> None:
        """Works until cancelled, and tries each until the database takes it."""
        while True:
            session_id, event = await self._told.get()
            try:
                while not await self._record(session_id, event):
                    await self._clock.sleep(_AGAIN)
            except Exception as fault:  # noqa: BLE001 - whatever it is, the others are recorded, and the sessions go on
                self._on_fault(session_id, fault)

    async def _record(self, session_id: SessionId, event: ToldInVain) -> bool:
        try:
            async with self._uow.begin() as uow:
                await uow.sessions.get(session_id)
            match event:
                case MessagesSeen(messages=messages):
                    await self._news.messages(session_id, messages, backfilled=True)
                case ChangesSeen(changes=changes):
                    await self._news.changes(session_id, changes)
        except NotFoundError:
            return True  # deleted meanwhile
        except PomboError as error:
            if error.kind not in TRANSIENT:
                raise
            return False
        return True
