"""The browser and its pages as one simulated process reaches them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from contextvars import Context
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, override

from adapters.memory.accounts import stored_news
from adapters.memory.driver import MemoryWhatsAppDriver
from adapters.memory.page import MemoryWhatsAppPage
from application.ports.chat_page import ChatPage
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.group_page import GroupPage
from application.ports.message_page import MessagePage
from application.ports.page_events import PageEvent, SeenMessage
from application.ports.watchdog import Watchdog
from application.ports.whatsapp_driver import LocalLogin, Outgoing, OutgoingOperation, StoredNews, WhatsAppPage
from domain.errors import ConflictError, DeadlineExceededError, PomboError, UnprocessableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.proxy import Proxy
from domain.snapshot import ProfileImage
from tests.simulation.gate import BROWSER, PAGE, Gate, Gated, unavailable
from tests.simulation.page_parts import SimulatedParts

if TYPE_CHECKING:
    from tests.simulation.process import GatewayProcess

_TROUBLES = ("before", "after", "late", "dies before", "dies after", "hangs", "refused")


class SimulatedDriver:
    """Opens pages through the gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._disks = gate.world.disks
        self._node = gate.process.node
        self._driver = MemoryWhatsAppDriver(gate.world.whatsapp)

    async def open(self, session_id: SessionId, epoch: int, proxy: Proxy | None = None) -> WhatsAppPage:
        gate = self._gate

        opened: list[WhatsAppPage] = []
        gate.world.check_right(gate.process, session_id)

        async def act() -> WhatsAppPage:
            if not gate.process.watchdog.has_right(session_id):
                # It was stopped on its way to this: the watchdog kills the browser as it starts.
                raise unavailable(BROWSER)
            gate.world.check_free(gate.process, session_id)
            self._mount(session_id)
            page = gate.process.pages[session_id] = await self._driver.open(session_id, epoch, proxy)
            opened.append(page)
            gate.process.watchdog.look(session_id)
            return page

        try:
            page = await gate.call("open", act, BROWSER, detail=session_id)
        except asyncio.CancelledError:
            for page in opened:
                await page.close()  # a driver whose caller goes away leaves no browser behind
            raise
        return gate.world.plant.page(gate, session_id, page)

    async def login(self, session_id: SessionId) -> LocalLogin:
        async def act() -> LocalLogin:
            if self._disks.mount(self._node, session_id):
                return await self._driver.login(session_id)
            stored = self._disks.stored(self._node, session_id)
            linked = stored.link is not None
            return LocalLogin(linked=linked, epoch=stored.epoch, unread=linked and stored.unread)

        return await self._gate.call("login", act, BROWSER)

    async def image(self, session_id: SessionId) -> ProfileImage | None:
        return await self._gate.call("image", self._here(session_id, self._driver.image), BROWSER)

    async def restore(self, session_id: SessionId, image: ProfileImage, epoch: int) -> None:
        async def act() -> None:
            self._mount(session_id)
            await self._driver.restore(session_id, image, epoch)

        await self._gate.call("restore", act, BROWSER)

    async def unread(self) -> Mapping[SessionId, int]:
        async def act() -> Mapping[SessionId, int]:
            stored = {name: self._disks.stored(self._node, name) for name in self._gate.world.accounts}
            return {name: each.epoch for name, each in stored.items() if each.link is not None and each.unread}

        return await self._gate.call("unread", act, BROWSER)

    async def stored_news(
        self,
        session_id: SessionId,
        *,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
        proxy: Proxy | None = None,  # noqa: ARG002 - the real driver's own signature
    ) -> StoredNews:
        async def act() -> StoredNews:
            if self._disks.is_open(self._node, session_id):
                raise ConflictError("PROFILE_IN_USE", "Simulated: its page is open.")
            stored = self._disks.stored(self._node, session_id)
            if stored.link is None:
                raise ConflictError("NOT_LINKED", "Simulated: it holds no login.")
            return stored_news(stored.messages, stored.states, since, recorded)

        return await self._gate.call("stored news", act, BROWSER, detail=session_id)

    async def note_read(self, session_id: SessionId, epoch: int) -> None:
        async def act() -> None:
            if self._disks.is_open(self._node, session_id):
                raise ConflictError("PROFILE_IN_USE", "Simulated: its page is open.")
            self._disks.note_read(self._node, session_id, epoch)

        await self._gate.call("note read", act, BROWSER, detail=session_id)

    async def memory(self) -> Mapping[SessionId, int]:
        return await self._driver.memory()

    async def forget(self, session_id: SessionId) -> None:
        await self._gate.call("forget", self._here(session_id, self._driver.forget), BROWSER)

    def _here[T](self, session_id: SessionId, act: Callable[[SessionId], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        async def on_own_disk() -> T:
            self._mount(session_id)
            return await act(session_id)

        return on_own_disk

    def _mount(self, session_id: SessionId) -> None:
        if not self._disks.mount(self._node, session_id):
            raise ConflictError("PROFILE_IN_USE", "Simulated: another node has the session's page open.")


class SimulatedWatchdog(Watchdog):
    """A process of its own: it acts on time, whatever has become of the gateway."""

    def __init__(self, process: "GatewayProcess") -> None:
        self._process = process
        self._loop = process.world.loop
        self.until: dict[SessionId, float] = {}
        """Up to when the gateway has the right to each session's page."""

    def has_right(self, session_id: SessionId) -> bool:
        return self._process.alive and self.until.get(session_id, -1) >= self._loop.moment

    @override
    async def allow(self, until: Mapping[SessionId, timedelta]) -> None:
        loop = self._process.world.loop
        for session_id, end in until.items():
            self.until[session_id] = end.total_seconds()
            loop.call_at(end.total_seconds(), self.look, session_id, context=Context())
            self.look(session_id)

    @override
    async def dismiss(self, session_ids: Collection[SessionId]) -> None:
        for session_id in session_ids:
            self.until.pop(session_id, None)

    def look(self, session_id: SessionId) -> None:
        """Kills a browser that is there without a right to be."""
        if self.until.get(session_id, 0) <= self._process.world.loop.time():
            self._process.kill_page(session_id)


class SimulatedPage(Gated):
    """A page through the gate; its sends have troubles of their own."""

    def __init__(self, gate: Gate, session_id: SessionId, inner: WhatsAppPage) -> None:
        super().__init__(gate, inner, f"page[{session_id}]", PAGE)
        self.session_id = session_id
        self.page = inner
        assert isinstance(inner, MemoryWhatsAppPage)
        gate.world.orphans[session_id].append(inner._profile.orphans)
        self._under_way: dict[WhatsAppMessageId, asyncio.Task[None]] = {}
        self._parts = SimulatedParts(gate, self)

    async def events(self) -> AsyncIterator[PageEvent]:
        async for event in self.page.events():
            if not self._gate.world.calm:
                await self._gate.pause()
            self._gate.trace(f"{self._name} tells {_short(event)}")
            yield event

    async def close(self) -> None:
        await self.page.close()
        self._gate.trace(f"{self._name}.close")

    async def send(self, message: Outgoing) -> SeenMessage:
        detail = message.whatsapp_id[-6:]
        for invariant in self._gate.world.on_handed:
            invariant.handed(self.session_id, message)
        trouble = self.trouble(f"{self._name}.send {detail}")
        if trouble is None:
            return await self._gate.call(
                f"{self._name}.send", lambda: self.page.send(message), PAGE, unknown=True, detail=detail
            )
        await self.let(trouble, lambda: self.page.send(message), "SEND_REFUSED")
        raise DeadlineExceededError("SEND_UNCONFIRMED", "Simulated: WhatsApp didn't confirm it in time.")

    async def perform(self, operation: OutgoingOperation) -> datetime:
        detail = f"{type(operation.content).__name__} {operation.whatsapp_id[-6:]}"
        if (under_way := self._under_way.get(operation.whatsapp_id)) is not None:
            # What the page is at it isn't begun with anew.
            await asyncio.wait({under_way})
        trouble = self.trouble(f"{self._name}.perform {detail}")
        if trouble is None:
            return await self._gate.call(
                f"{self._name}.perform", lambda: self.page.perform(operation), PAGE, unknown=True, detail=detail
            )
        late = await self.let(trouble, lambda: self.page.perform(operation), "SEND_REFUSED")
        if late is not None:
            self._under_way[operation.whatsapp_id] = late
        raise DeadlineExceededError("SEND_UNCONFIRMED", "Simulated: WhatsApp didn't confirm it in time.")

    def trouble(self, what: str, *, times: int = 1, late: bool = True) -> str | None:
        """What trouble the page has with something; None, as a rule: none.

        ``times``: so much more often. ``late``: it can come about when nobody waits for it any more.
        """
        world = self._gate.world
        if world.calm or world.chance.random() >= times * world.plan.page_trouble:
            return None
        trouble = world.chance.choice(_TROUBLES)
        if trouble == "late" and not late:
            trouble = "before"
        self._gate.trace(f"{what}: {trouble}")
        return trouble

    async def let(self, trouble: str, act: Callable[[], Awaitable[object]], refusal: str) -> asyncio.Task[None] | None:
        """Lets a page have its trouble with something. Who asked for it has no answer, whether this raises or not.

        Gives what goes on still: the page was slow, not idle, and its caller gives up long before it acts.
        """
        world = self._gate.world
        await self._gate.pause()
        match trouble:
            case "before":
                raise unavailable(PAGE)
            case "after":
                await act()
            case "late":
                return world.loop.spawn(self.later(act, world.chance.random() * 6), Context())
            case "dies before":
                self._die()
                raise unavailable(PAGE)
            case "dies after":
                await act()
                self._die()
            case "hangs":
                await asyncio.sleep(world.chance.random() * 10)
            case "refused":
                raise UnprocessableError(refusal, "Simulated: WhatsApp refuses it for good.")
        return None

    async def later(self, act: Callable[[], Awaitable[object]], delay: float) -> None:
        """Does something when its caller has given up long ago."""
        await asyncio.sleep(delay)
        with suppress(PomboError):
            await act()

    @property
    def groups(self) -> GroupPage:
        return self._parts.get("groups")  # type: ignore[no-any-return]

    @property
    def chats(self) -> ChatPage:
        return self._parts.get("chats")  # type: ignore[no-any-return]

    @property
    def contacts(self) -> ContactPage:
        return self._parts.get("contacts")  # type: ignore[no-any-return]

    @property
    def blocklist(self) -> BlocklistPage:
        return self._parts.get("blocklist")  # type: ignore[no-any-return]

    @property
    def messages(self) -> MessagePage:
        return self._parts.get("messages")  # type: ignore[no-any-return]

    def _die(self) -> None:
        if self._gate.world.whatsapp.profile(self.session_id).page is self.page:
            self._gate.world.whatsapp.kill_page(self.session_id)


def _short(event: PageEvent) -> str:
    messages: tuple[Any, ...] = getattr(event, "messages", None) or getattr(event, "receipts", ())
    told = ",".join(f"{item.whatsapp_id[-6:]}:{item.status}" for item in messages)
    return f"{type(event).__name__} {told}"
