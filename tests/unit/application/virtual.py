"""Gateways without transports in virtual time: hours pass in a moment, and limits are what they are."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp
from application.ports.whatsapp_driver import PageHealth, Probe
from application.workers.keeper_settings import KeeperSettings
from domain.ids import SessionId
from domain.session import Session, SessionStatus, StatusChange, StatusReason
from tests.simulation.clocks import VirtualClock
from tests.simulation.loop import VirtualLoop

from .world import ANA, BEN, CARLA, SESSION, World, running

MINUTE = 60.0
HOUR = 60 * MINUTE


def in_virtual_time(
    scenario: Callable[["Scene"], Coroutine[Any, Any, None]], *, database: MemoryDatabase | None = None, **settings: Any
) -> None:
    """Plays a scenario to its end."""
    loop = VirtualLoop(lambda: None, step_limit=20_000_000)
    try:
        loop.run_until_complete(_play(scenario, loop, database, KeeperSettings(**settings)))
        assert loop.errors == []
    finally:
        loop.dispose()


async def _play(
    scenario: Callable[["Scene"], Coroutine[Any, Any, None]],
    loop: VirtualLoop,
    database: MemoryDatabase | None,
    settings: KeeperSettings,
) -> None:
    clock = VirtualClock(loop)
    whatsapp = MemoryWhatsApp(clock)
    for phone in (ANA, BEN, CARLA):
        whatsapp.add_account(phone)
    async with running(World(clock, whatsapp, database, settings=settings)) as world:
        await scenario(Scene(world, whatsapp))


class Scene:
    """A running gateway, and what may be done and asked about it."""

    def __init__(self, world: World, whatsapp: MemoryWhatsApp) -> None:
        self.world = world
        self.whatsapp = whatsapp
        self._now = asyncio.get_running_loop().time

    async def until(self, look: Callable[[], Awaitable[bool]], within: float) -> float:
        """Waits until something is so; tells how long that took, in seconds."""
        began = self._now()
        while not await look():
            assert self._now() - began <= within, f"not within {within} s: {await self.world.session()}"
            await asyncio.sleep(0.25)
        return self._now() - began

    async def reached(self, status: SessionStatus, reason: StatusReason, *, within: float) -> float:
        async def look() -> bool:
            session = await self.world.session()
            return (session.status, session.status_reason) == (status, reason)

        return await self.until(look, within)

    async def working(self, *, within: float = MINUTE) -> float:
        return await self.reached(SessionStatus.WORKING, StatusReason.CONNECTED, within=within)

    async def session(self) -> Session:
        return await self.world.session()

    async def history(self, session_id: str = SESSION) -> list[StatusChange]:
        """All changes, oldest first."""
        async with self.world.database.begin() as uow:
            return list(reversed(await uow.sessions.history(SessionId(session_id), limit=10_000)))

    async def reasons(self) -> list[StatusReason]:
        return [change.reason for change in await self.history()]

    @staticmethod
    async def syncing(_: object) -> Probe:
        """What a page says that synchronises."""
        return Probe(health=PageHealth.SYNCING, state="CONNECTED")
