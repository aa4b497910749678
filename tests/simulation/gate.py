"""What every call of a port goes through: it may take time, fail, have an unknown outcome, or be the process's last."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from domain.errors import PomboError, UnavailableError

if TYPE_CHECKING:
    from tests.simulation.process import GatewayProcess

DATABASE: Final = "DATABASE_UNAVAILABLE"
CACHE: Final = "CACHE_UNAVAILABLE"
PAGE: Final = "PAGE_UNAVAILABLE"
BROWSER: Final = "BROWSER_FAILED"


def unavailable(reason: str) -> PomboError:
    return UnavailableError(reason, "Simulated: it doesn't answer.")


class Gate:
    """The calls of one process."""

    def __init__(self, process: "GatewayProcess") -> None:
        self.process = process
        self.world = process.world
        self._chance = process.world.chance

    async def call[T](
        self, name: str, act: Callable[[], Awaitable[T]], family: str, *, unknown: bool = False, detail: str = ""
    ) -> T:
        """One call. ``unknown``: it can have its effect and fail all the same."""
        if self.world.calm:
            return await act()
        plan, random = self.world.plan, self._chance.random
        # Each call comes by here: pause() is spelt out, as a coroutine more would cost more than all the rest.
        if random() < plan.slow:
            await asyncio.sleep(random() ** 2 * plan.slowest)
        if self.world.away:
            self._check_outage(name, family)
        draw = random()
        if draw < plan.die:
            await self.die(f"before {name}")
        elif draw < plan.die + plan.refuse:
            self.trace(f"{name} fails {detail}")
            raise unavailable(family)
        result = await act()
        self.trace(f"{name} {detail}")
        draw = random()
        if draw < plan.die:
            await self.die(f"after {name}")
        elif unknown and draw < plan.die + plan.unknown:
            self.trace(f"{name} has an unknown outcome")
            raise unavailable(family)
        if random() < plan.slow:
            await asyncio.sleep(random() ** 2 * plan.slowest)
        return result

    async def pause(self) -> None:
        """Takes some time, now and then."""
        plan = self.world.plan
        if self._chance.random() < plan.slow:
            await asyncio.sleep(self._chance.random() ** 2 * plan.slowest)

    async def die(self, where: str) -> None:
        """Ends the process here, unless it has died often enough."""
        if self.world.may_die():
            self.trace(f"dies {where}")
            self.process.kill()
            await asyncio.get_running_loop().create_future()

    def trace(self, what: str) -> None:
        self.world.trace.add(self.process.name, what)

    def _check_outage(self, name: str, family: str) -> None:
        if family in self.world.away:
            self.trace(f"{name}: away")
            raise unavailable(family)


class Gated:
    """Any port, each of whose coroutines goes through the gate; the rest is the port's own."""

    def __init__(
        self, gate: Gate, inner: object, name: str, family: str, unknown: frozenset[str] = frozenset()
    ) -> None:
        self._gate = gate
        self._inner = inner
        self._name = name
        self._family = family
        self._unknown = unknown

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if not _is_coroutine(type(self._inner), name):
            return attribute
        # It doesn't hold this object, so that both go as soon as nobody needs them, without the garbage collector.
        call, title, family, unknown = self._gate.call, f"{self._name}.{name}", self._family, name in self._unknown

        def gated(*args: Any, **options: Any) -> Awaitable[Any]:
            return call(title, partial(attribute, *args, **options), family, unknown=unknown)

        self.__dict__[name] = gated
        return gated


@cache
def _is_coroutine(kind: type, name: str) -> bool:
    return asyncio.iscoroutinefunction(getattr(kind, name, None))
