"""Ports over peer calls: what goes there and comes back is what it was."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NewType, Protocol, override

import pytest

from application.workers import peer_ports
from application.workers.peer_calls import Json
from domain.jid import Jid

Name = NewType("Name", str)
ANA = Jid.parse("15550100@c.us")


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    side: int
    colour: Colour = Colour.RED


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    radius: float
    at: datetime | None = None


type Shape = Square | Circle


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    name: Name
    owner: Jid
    shapes: tuple[Shape, ...]
    last: Shape | None
    seals: Mapping[str, bytes]
    took: timedelta
    twin: "Drawing | None" = None


class Brush(Protocol):
    @abstractmethod
    async def widths(self, names: frozenset[Name]) -> dict[str, float]:
        """Of each."""


class Easel(Protocol):
    @property
    @abstractmethod
    def brush(self) -> Brush:
        """A part."""

    @abstractmethod
    async def redraw(self, drawing: Drawing, *, only: Shape | None = None, times: int = 1) -> tuple[Drawing, ...]:
        """So many."""

    @abstractmethod
    async def wipe(self) -> None:
        """Gives nothing."""


class HereBrush(Brush):
    @override
    async def widths(self, names: frozenset[Name]) -> dict[str, float]:
        return dict.fromkeys(names, 0.5)


class Here(Easel):
    def __init__(self) -> None:
        self.only: Shape | None = None
        self.wiped = 0

    @property
    @override
    def brush(self) -> Brush:
        return HereBrush()

    @override
    async def redraw(self, drawing: Drawing, *, only: Shape | None = None, times: int = 1) -> tuple[Drawing, ...]:
        self.only = only
        return (drawing,) * times

    @override
    async def wipe(self) -> None:
        self.wiped += 1


DRAWING = Drawing(
    name=Name("one"),
    owner=ANA,
    shapes=(Square(side=1), Circle(radius=0.5, at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)), Circle(radius=1)),
    last=None,
    seals={"a": b"\x00\xff"},
    took=timedelta(seconds=1.5),
    twin=Drawing(name=Name("two"), owner=ANA, shapes=(), last=Square(side=2), seals={}, took=timedelta(0)),
)


class Wire:
    """Carries calls as text, as the bus does."""

    def __init__(self, here: Here) -> None:
        async def find(asked: Json) -> object:
            assert asked["session_id"] == "shop"
            return here

        self._handlers = peer_ports.handlers(Easel, "easel", find)
        self.asked: list[tuple[str, timedelta]] = []
        self.alter: dict[str, Any] = {}

    async def ask(self, call: str, arguments: Json, within: timedelta) -> Json:
        self.asked.append((call, within))
        asked = json.loads(json.dumps({"session_id": "shop", **arguments}))
        asked["arguments"].update(self.alter)
        answer: Json = json.loads(json.dumps(await self._handlers[call](asked)))
        return answer


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
def wire(here: Here) -> Wire:
    return Wire(here)


def easel(wire: Wire) -> Easel:
    made: Easel = peer_ports.remote(Easel, "easel", wire.ask, {"easel.wipe": timedelta(seconds=1)})
    return made


async def test_values_come_back_as_they_were(here: Here, wire: Wire) -> None:
    assert await easel(wire).redraw(DRAWING, only=Circle(radius=2), times=2) == (DRAWING, DRAWING)
    assert here.only == Circle(radius=2)
    assert wire.asked == [("easel.redraw", peer_ports.ORDINARY)]


async def test_defaults_and_nothing(here: Here, wire: Wire) -> None:
    remote = easel(wire)
    assert await remote.redraw(DRAWING) == (DRAWING,)
    assert here.only is None
    await remote.wipe()
    assert (here.wiped, wire.asked[-1]) == (1, ("easel.wipe", timedelta(seconds=1)))


async def test_a_part_of_a_port_is_asked_through_it(wire: Wire) -> None:
    assert await easel(wire).brush.widths(frozenset({Name("a"), Name("b")})) == {"a": 0.5, "b": 0.5}
    assert wire.asked == [("easel.brush.widths", peer_ports.ORDINARY)]


async def test_a_field_of_a_later_version_is_left_out(wire: Wire) -> None:
    wire.alter = {"only": {"_kind": "Circle", "radius": 3, "shade": "dark"}}
    assert await easel(wire).redraw(DRAWING) == (DRAWING,)


async def test_a_value_of_another_type_is_refused(wire: Wire) -> None:
    with pytest.raises(TypeError):
        await easel(wire).redraw(DRAWING, only=Colour.RED)
