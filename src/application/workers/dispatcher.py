"""Hands a session's queued messages to its page."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, assert_never

from application.messages import progress
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.page_events import SeenMessage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.whatsapp_driver import MessagingPage, Outgoing
from domain.errors import ErrorKind, PomboError
from domain.event import NewEvent, Payload
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Failure, Message, MessageStatus

_IN_FLIGHT: Final = 32
"""Most messages with the page at once. Beyond this the page's own work is the limit, not the waiting."""

_POLL_SECONDS: Final = 1.0
_RETRY_AFTER: Final = timedelta(seconds=3)

type _Outcome = SeenMessage | Failure | None
"""What became of a send: done, refused for good, or (None) not known."""


class OutboxDispatcher:
    """Sends what waits, in order within a chat and side by side across chats.

    A message's outcome is either known (it has left, or was refused) or it isn't: the page died, or didn't answer in
    time. Then it stays ``SENDING`` and is looked up by its id, and sent again with the same id when it isn't there.
    """

    def __init__(
        self,
        session_id: SessionId,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        waiters: MessageWaiters,
    ) -> None:
        self._session_id = session_id
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._waiters = waiters
        self._wake = asyncio.Event()
        self._busy: dict[Jid, asyncio.Task[None]] = {}
        self._done: list[tuple[Message, _Outcome]] = []

    def nudge(self) -> None:
        """Says that a message waits."""
        self._wake.set()

    async def run(self, page: MessagingPage) -> None:
        """Works until cancelled, on a page that is connected. What was in flight is left to the next run."""
        async with asyncio.TaskGroup() as tasks:
            self._done.clear()
            recovered = False
            try:
                while True:
                    self._wake.clear()
                    # A database that is away is tried again with the next turn; nothing is claimed meanwhile.
                    with suppress(PomboError):
                        recovered = recovered or await self._recover(page, tasks)
                        await self._turn(page, tasks)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_SECONDS):
                            await self._wake.wait()
            finally:
                self._busy.clear()

    async def _recover(self, page: MessagingPage, tasks: asyncio.TaskGroup) -> bool:
        async with self._uow.begin() as uow:
            unfinished = await uow.outbox.unfinished(self._session_id)
        for message in unfinished:
            if message.chat not in self._busy:
                self._start(page, tasks, message, look_first=True)
        return True

    async def _turn(self, page: MessagingPage, tasks: asyncio.TaskGroup) -> None:
        """One transaction: what was done is recorded, what waits is claimed."""
        done, self._done = self._done, []
        try:
            async with self._uow.begin() as uow:
                changed = await self._settle(uow, done)
                free = _IN_FLIGHT - len(self._busy)
                claimed: Sequence[Message] = ()
                if free > 0:
                    claimed = await uow.outbox.claim(self._session_id, busy=tuple(self._busy), limit=free)
        except BaseException:
            self._done = done + self._done
            raise
        for message in changed:
            self._waiters.tell(message)
        for message in claimed:
            self._start(page, tasks, message, look_first=False)
        if claimed or self._done:
            self.nudge()

    def _start(self, page: MessagingPage, tasks: asyncio.TaskGroup, message: Message, *, look_first: bool) -> None:
        self._busy[message.chat] = tasks.create_task(self._deliver(page, message, look_first=look_first))

    async def _deliver(self, page: MessagingPage, message: Message, *, look_first: bool) -> None:
        while (outcome := await self._attempt(page, message, look_first=look_first)) is None:
            look_first = True
            await self._clock.sleep(_RETRY_AFTER)
        self._done.append((message, outcome))
        self._busy.pop(message.chat, None)
        self._wake.set()

    async def _attempt(self, page: MessagingPage, message: Message, *, look_first: bool) -> _Outcome:
        outgoing = Outgoing(
            whatsapp_id=message.whatsapp_id, chat=message.chat, content=message.content, reply_to=message.reply_to
        )
        try:
            if look_first:
                found = await page.find(message.whatsapp_id)
                if found is not None and found.status is not None:
                    return found
            return await page.send(outgoing)
        except PomboError as error:
            return Failure(reason=error.reason, message=error.message) if _is_final(error.kind) else None

    async def _settle(self, uow: UnitOfWork, done: Sequence[tuple[Message, _Outcome]]) -> Sequence[Message]:
        if not done:
            return ()
        known = await uow.messages.lock(self._session_id, {message.whatsapp_id for message, _ in done})
        changed: list[Message] = []
        events: list[NewEvent] = []
        for sent, outcome in done:
            message = known.get(sent.whatsapp_id)
            if message is None or outcome is None:
                continue
            now = self._clock.now()
            after, payloads = _conclude(message, outcome, now)
            if after is not message:
                changed.append(after)
            events += [
                NewEvent(id=self._ids.event_id(), session_id=self._session_id, time=now, payload=payload)
                for payload in payloads
            ]
        await uow.messages.save(changed)
        await uow.events.append(events)
        return changed


def _conclude(message: Message, outcome: SeenMessage | Failure, now: datetime) -> tuple[Message, Sequence[Payload]]:
    if isinstance(outcome, Failure):
        return progress.fail(message, outcome, now)
    return progress.advance(message, outcome.status or MessageStatus.SENT, now)


def _is_final(kind: ErrorKind) -> bool:
    """Whether an error says that the message did not leave and won't."""
    match kind:
        case ErrorKind.UNAVAILABLE | ErrorKind.DEADLINE_EXCEEDED | ErrorKind.INTERNAL:
            return False
        case (
            ErrorKind.INVALID_ARGUMENT
            | ErrorKind.UNAUTHENTICATED
            | ErrorKind.PERMISSION_DENIED
            | ErrorKind.NOT_FOUND
            | ErrorKind.ALREADY_EXISTS
            | ErrorKind.CONFLICT
            | ErrorKind.GONE
            | ErrorKind.TOO_LARGE
            | ErrorKind.UNSUPPORTED_MEDIA
            | ErrorKind.UNPROCESSABLE
            | ErrorKind.RATE_LIMITED
            | ErrorKind.CAPABILITY_UNAVAILABLE
        ):
            return True
        case _:
            assert_never(kind)
