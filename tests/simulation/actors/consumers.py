"""Programs that read the event log."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar, override

from application.events.list_events import ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery
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

    @override
    async def _read(self, process: GatewayProcess) -> None:
        query = StreamEventsQuery(selection=EventSelection(), after=self.cursor)
        stream = await process.call(process.use_cases.stream_events.execute(query))
        while True:
            self.take(await process.call(_next(stream)))
            if not self.world.calm and self.chance.random() < 0.02:
                return  # it goes away and comes back


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


async def _next(stream: AsyncIterator[Event]) -> Event:
    return await anext(stream)
