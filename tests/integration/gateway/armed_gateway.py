"""The gateway as it is, with a trap: at a point that a test names, the process kills itself with SIGKILL.

A test-only program, started like ``pombo serve``. Its ports are those of the ordinary gateway behind thin covers that
only watch what goes through. As long as no order lies in the file that ``TEST_TRAP`` names, they change nothing.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, override

from dependency_injector import providers

from application.idempotency import once
from application.ports.group_page import Creation
from application.ports.page_events import MessagesSeen, PageEvent, SeenMessage
from application.ports.whatsapp_driver import Outgoing
from domain.content import Content, Text
from domain.event import NewEvent
from domain.group import CreatedGroup
from domain.ids import SessionId, WhatsAppMessageId
from domain.lease import Lease, Owner
from domain.message import Message
from domain.proxy import Proxy
from entrypoints.cli.program import all_loaded
from entrypoints.cli.serve import LineAnnouncer
from entrypoints.container import Container
from entrypoints.logging import configure_logging
from entrypoints.runtime.announcer import Announcer
from entrypoints.runtime.gateway import Gateway
from entrypoints.settings import Settings, load_settings


class Point(StrEnum):
    """Where a gateway can be made to die. All that isn't a page's is seen from the transaction it belongs to."""

    ACCEPT_WRITTEN = "message.queued before the commit"
    ACCEPT_COMMITTED = "message.queued after the commit"
    CLAIM_WRITTEN = "claim before the commit"
    CLAIM_COMMITTED = "claim after the commit"
    SEND_CALLED = "before the page is told to send"
    SEND_UNDER_WAY = "when the page has the message and hasn't confirmed it"
    SEND_ANSWERED = "after the page has confirmed the message"
    SENT_WRITTEN = "message.sent before the commit"
    SENT_COMMITTED = "message.sent after the commit"
    LOOKED_UP = "after a message of unknown outcome was looked up in the page"
    NEWS_TOLD = "when the page tells of a message"
    RECEIVED_WRITTEN = "message.received before the commit"
    RECEIVED_COMMITTED = "message.received after the commit"
    RECEIVED_SETTLED = "after the log has placed message.received, before anybody is told"
    BACKFILL_READ = "when the page has told what it knows, at a connect"
    FOUNDING_CALLED = "before the page is told to found a group"
    FOUNDING_ANSWERED = "after the page has founded a group"


_TRANSACTIONS = {
    "message.queued": (Point.ACCEPT_WRITTEN, Point.ACCEPT_COMMITTED),
    "message.sent": (Point.SENT_WRITTEN, Point.SENT_COMMITTED),
    "message.received": (Point.RECEIVED_WRITTEN, Point.RECEIVED_COMMITTED),
    "claim": (Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED),
}


class Trap:
    """Waits for one point, with one message; then moves the order aside, for the test to see, and kills."""

    def __init__(self, order: Path) -> None:
        self._order = order

    @staticmethod
    def set(order: Path, point: Point, body: str) -> None:
        """Gives the order; the trap may be at work already."""
        whole = order.with_suffix(".new")
        whole.write_text(json.dumps([point, body]))
        whole.rename(order)

    @staticmethod
    def sprung(order: Path) -> Path:
        """Where the order lies when it has been carried out."""
        return order.with_suffix(".sprung")

    def waits(self, point: Point, bodies: Iterable[str]) -> bool:
        """Whether a point with one of these messages is the one."""
        try:
            wanted, body = json.loads(self._order.read_text())
        except FileNotFoundError:
            return False
        return wanted == point and body in bodies

    def reach(self, point: Point, bodies: Iterable[str]) -> None:
        """Says how far the gateway is."""
        if self.waits(point, bodies):
            self._order.rename(self.sprung(self._order))
            os.kill(os.getpid(), signal.SIGKILL)


class _Cover:
    """All of what it covers, but what a subclass changes."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner = inner
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Work:
    """What a transaction has done so far: bodies of messages, by the type of their event."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.done: dict[str, list[str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def note(self, kind: str, messages: Iterable[Message]) -> None:
        self.done.setdefault(kind, []).extend(_bodies(message.content for message in messages))

    @property
    def events(self) -> "_Events":
        return _Events(self._inner.events, self)

    @property
    def outbox(self) -> "_Outbox":
        return _Outbox(self._inner.outbox, self)


class _Events:
    def __init__(self, inner: Any, work: _Work) -> None:
        self._inner = inner
        self._work = work

    async def append(self, events: Sequence[NewEvent]) -> None:
        await self._inner.append(events)
        for event in events:
            if event.payload.TYPE in _TRANSACTIONS:
                self._work.note(event.payload.TYPE, [event.payload.message])  # type: ignore[union-attr]  # these have one


class _Outbox:
    def __init__(self, inner: Any, work: _Work) -> None:
        self._inner = inner
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def claim(self, *arguments: Any, **named: Any) -> Sequence[Message]:
        claimed: Sequence[Message] = await self._inner.claim(*arguments, **named)
        self._work.note("claim", claimed)
        return claimed


class _Database(_Cover):
    def __init__(self, inner: Any, trap: Trap, committed: Callable[[Iterable[str]], None]) -> None:
        super().__init__(inner, trap)
        self._committed = committed

    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[Any]:
        return self._begin(fence)

    @asynccontextmanager
    async def _begin(self, fence: Lease | None) -> AsyncIterator[_Work]:
        async with self._inner.begin(fence) as uow:
            work = _Work(uow)
            yield work
            for kind, bodies in work.done.items():
                self._trap.reach(_TRANSACTIONS[kind][0], bodies)
        for kind, bodies in work.done.items():
            self._trap.reach(_TRANSACTIONS[kind][1], bodies)
        self._committed(work.done.get("message.received", ()))


class _EventLog(_Cover):
    def __init__(self, inner: Any, trap: Trap) -> None:
        super().__init__(inner, trap)
        self._waiting: list[str] = []

    def committed(self, bodies: Iterable[str]) -> None:
        self._waiting.extend(bodies)

    async def settle(self) -> int:
        waiting, self._waiting = self._waiting, []
        head: int = await self._inner.settle()
        self._trap.reach(Point.RECEIVED_SETTLED, waiting)
        return head


class _Driver(_Cover):
    async def open(self, session_id: SessionId, epoch: int, proxy: Proxy | None = None) -> "_Page":
        return _Page(await self._inner.open(session_id, epoch, proxy), self._trap)


class _Groups(_Cover):
    async def create(self, creation: Creation) -> CreatedGroup:
        self._trap.reach(Point.FOUNDING_CALLED, [creation.subject])
        created: CreatedGroup = await self._inner.create(creation)
        self._trap.reach(Point.FOUNDING_ANSWERED, [creation.subject])
        return created


class _Page(_Cover):
    @property
    def groups(self) -> _Groups:
        return _Groups(self._inner.groups, self._trap)

    async def send(self, message: Outgoing) -> SeenMessage:
        bodies = _bodies([message.content])
        self._trap.reach(Point.SEND_CALLED, bodies)
        sending = asyncio.ensure_future(self._inner.send(message))
        try:
            if self._trap.waits(Point.SEND_UNDER_WAY, bodies):
                while not sending.done() and await self._inner.find(message.whatsapp_id) is None:
                    pass  # each look goes through the page and back
                self._trap.reach(Point.SEND_UNDER_WAY, bodies)
            seen: SeenMessage = await sending
        finally:
            sending.cancel()
        self._trap.reach(Point.SEND_ANSWERED, bodies)
        return seen

    async def find(self, whatsapp_id: WhatsAppMessageId) -> SeenMessage | None:
        found: SeenMessage | None = await self._inner.find(whatsapp_id)
        self._trap.reach(Point.LOOKED_UP, _bodies([] if found is None else [found.content]) or [NOT_FOUND])
        return found

    async def recent(self, **named: Any) -> tuple[SeenMessage, ...]:
        known: tuple[SeenMessage, ...] = await self._inner.recent(**named)
        self._trap.reach(Point.BACKFILL_READ, _bodies(message.content for message in known))
        return known

    async def events(self) -> AsyncIterator[PageEvent]:
        async for event in self._inner.events():
            if isinstance(event, MessagesSeen):
                self._trap.reach(Point.NEWS_TOLD, _bodies(message.content for message in event.messages))
            yield event


NOT_FOUND = "(not found)"
"""Stands for the text of a message that was looked up and isn't there."""


def _bodies(contents: Iterable[Content]) -> list[str]:
    return [content.body for content in contents if isinstance(content, Text)]


class ArmedGateway(Gateway):
    """The ordinary gateway, its ports covered."""

    def __init__(self, settings: Settings, announcer: Announcer, trap: Trap) -> None:
        super().__init__(settings, announcer)
        self._trap = trap

    @override
    async def _assemble(self, stack: AsyncExitStack, owner: Owner) -> Container:
        container = await super()._assemble(stack, owner)
        event_log = _EventLog(container.whole_event_log(), self._trap)
        database = _Database(container.whole_uow(), self._trap, event_log.committed)
        for provider, cover in (
            (container.whole_event_log, event_log),
            (container.whole_uow, database),
            (container.driver, _Driver(container.driver(), self._trap)),
        ):
            provider.override(providers.Object(cover))
        return container


async def main() -> None:
    all_loaded()
    # A client's next try takes over from a call whose gateway has died once this is over; no test waits so long.
    once.BUSY = timedelta(seconds=5)  # type: ignore[misc]  # it is final to all others
    settings = load_settings()
    configure_logging(level=settings.log_level, format="json")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await ArmedGateway(settings, LineAnnouncer(), Trap(Path(os.environ["TEST_TRAP"]))).run(stop)
