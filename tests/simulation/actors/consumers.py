"""Programs that read the event log."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar, override

from application.events.list_events import ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery, StreamItem
from domain.errors import PomboError
from domain.event import Event
from tests.simulation.actors.base import Actor, Part
from tests.simulation.process import DisconnectedError, GatewayProcess

if TYPE_CHECKING:
    from tests.simulation.world import World


class Consumer(Actor):
    """Keeps a cursor, and goes on from it whatever happens to the gateway."""

    part: ClassVar[Part] = Part.READING

    def __init__(self, world: "World", number: int = 1) -> None:
        super().__init__(world, number)
        self.cursor = 0
        world.consumers.append(self)

    @override
    async def run(self) -> None:
        while True:
            process = await self.world.reach()
            try:
                await self._read(process)
            except (DisconnectedError, PomboError) as error:
                self.trace(f"loses its connection at {self.cursor}: {error!r}")
            await asyncio.sleep(0.05 + self.chance.random() * 0.5)

    async def _read(self, process: GatewayProcess) -> None:
        raise NotImplementedError

    @property
    def left(self) -> int:
        """How many events it hasn't had."""
        return len(self.world.state.log) - self.cursor

    def take(self, event: Event) -> None:
        """Each event once, in order, and none left out."""
        log = self.world.state.log
        if event.sequence != self.cursor + 1:
            self.world.violate("consumers get every event once", f"{self.name}: {event.sequence} after {self.cursor}")
        elif event.sequence > len(log) or log[event.sequence - 1].id != event.id:
            self.world.violate("consumers get what the log holds", f"{self.name}: {event.sequence} is {event.id}")
        self.cursor = event.sequence


class Follower(Consumer):
    """Reads a stream."""

    selection = EventSelection()

    @override
    async def _read(self, process: GatewayProcess) -> None:
        query = StreamEventsQuery(selection=self.selection, after=self.cursor)
        stream = await process.call(process.use_cases.stream_events.execute(query))
        while True:
            item = await process.call(_next(stream))
            if isinstance(item, Event):
                self.take(item)
            if not self.world.calm and self.chance.random() < 0.02:
                return  # it goes away and comes back


class Chooser(Follower):
    """Reads a stream of some events only."""

    def __init__(self, world: "World", number: int = 1) -> None:
        super().__init__(world, number)
        session_id = world.chance.choice([None, *world.accounts])
        types = world.chance.choice([(), ("message.received",), ("message.sent", "session.status")])
        self.selection = EventSelection(session_id=session_id, types=frozenset(types))

    @property
    @override
    def left(self) -> int:
        return sum(self._wants(event) for event in self.world.state.log[self.cursor :])

    @override
    def take(self, event: Event) -> None:
        passed = self.world.state.log[self.cursor : event.sequence]
        wanted = [each.id for each in passed if self._wants(each)]
        if wanted != [event.id]:
            self.world.violate("consumers get what they chose once", f"{self.name}: {event.id} instead of {wanted}")
        self.cursor = event.sequence

    def _wants(self, event: Event) -> bool:
        chosen = self.selection
        return chosen.session_id in {None, event.session_id} and (not chosen.types or event.type in chosen.types)


class Lister(Consumer):
    """Asks for a page of events now and then."""

    @override
    async def _read(self, process: GatewayProcess) -> None:
        query = ListEventsQuery(selection=EventSelection(), after=self.cursor, limit=self.chance.choice((1, 3, 100)))
        page = await process.call(process.use_cases.list_events.execute(query))
        for event in page.items:
            self.take(event)
        if page.cursor != self.cursor:
            self.world.violate("a page's cursor is its last event's", f"{page.cursor} and {self.cursor}")
        if len(page.items) < query.limit:
            await asyncio.sleep(1)


async def _next(stream: AsyncIterator[StreamItem]) -> StreamItem:
    return await anext(stream)
