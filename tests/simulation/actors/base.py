"""Whoever deals with the gateway from outside."""

import asyncio
from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from tests.simulation.world import World


class Part(Enum):
    """What an actor is there for."""

    WORK = "it has an end, which comes also after the faults"
    READING = "it goes on as long as the run does"
    TROUBLE = "the faults are over when it is"


class Actor(ABC):
    """Does its part."""

    part: ClassVar[Part] = Part.WORK

    def __init__(self, world: "World", number: int = 1) -> None:
        self.world = world
        self.chance = world.chance
        self.name = f"{type(self).__name__.lower()}-{number}"

    @abstractmethod
    async def run(self) -> None:
        """Its part."""

    async def wait(self, longest: float) -> None:
        """A while, chosen by chance."""
        await asyncio.sleep(self.chance.random() * longest)

    def trace(self, what: str) -> None:
        self.world.trace.add(self.name, what)
