"""People who write on their phones, and a reader of the event log."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.chaos.contents import OPTIONS, phone_content
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import EDITED, UNDOES, Doing, Json, Kind, Ledger
from tests.chaos.whatsapp import NOTICE, WhatsApp

_PAUSES: Final = (0.3, 2.0)
_TEXTS: Final = 0.5
_DOES: Final = 0.3
_DOINGS: Final = tuple(each for each in Doing if each not in {Doing.DELETE, Doing.PLAYED, *UNDOES.values()})
_UNDOES: Final = 0.5
"""How often what can be taken back is, at once."""

_PATHS: Final = {Doing.REACTION: "react", Doing.UNREACT: "react", Doing.VOTE: "vote", Doing.UNSTAR: "star"}
_NEWEST: Final = 50
_EMOJI: Final = ("🙏", "🎉", "😮")
_READ_SECONDS: Final = 0.5
_PAGE: Final = 1_000


@dataclass(slots=True)
class Person:
    """Writes to one account, or into one group.

    What has been sent is asked of WhatsApp afterwards, whose answer may be lost here.

    Attributes:
        to: a number, or the group's address.
        votes: whether they vote in polls that came. On a session's own phone nobody does: its clients do, and an
            account has one vote.
    """

    name: str
    phone: str
    to: str
    whatsapp: WhatsApp
    dice: random.Random
    is_done: asyncio.Event
    votes: bool = True
    is_writing: bool = False
    _count: int = field(default=0)
    _voted: set[str] = field(default_factory=set)
    _reacted: set[tuple[str, str]] = field(default_factory=set)

    async def run(self) -> None:
        while not self.is_done.is_set():
            self._count += 1
            self.is_writing = True
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self._write(f"{self.name}-{self._count:05}")
            self.is_writing = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self.is_done.wait(), self.dice.uniform(*_PAUSES))

    async def _write(self, label: str) -> None:
        kind = Kind.TEXT if self.dice.random() < _TEXTS else self.dice.choice(list(Kind))
        account = f"/accounts/{self.phone}"
        sent = await self.whatsapp.call("POST", f"{account}/send", {"to": self.to, **phone_content(kind, label)})
        if self.dice.random() < _DOES:
            only = {Doing.EDIT: Kind.TEXT, Doing.VOTE: Kind.POLL}
            # What they delete for themselves alone nobody could ask for afterwards.
            doing = self.dice.choice([each for each in _DOINGS if only.get(each, kind) is kind])
            await self._do(doing, sent["id"], label)
            if doing in UNDOES and self.dice.random() < _UNDOES:
                await self._do(UNDOES[doing], sent["id"], label)
        if self.dice.random() < _DOES:
            await self._react()
        if self.votes and self.dice.random() < _DOES:
            await self._vote()

    async def _do(self, doing: Doing, target: str, label: str) -> None:
        what = {
            Doing.EDIT: {"text": label + EDITED},
            Doing.REACTION: {"emoji": self.dice.choice(_EMOJI)},
            Doing.UNREACT: {"emoji": ""},
            Doing.VOTE: {"options": [self.dice.choice(OPTIONS)]},
            Doing.UNSTAR: {"starred": False},
        }
        path = f"/accounts/{self.phone}/{_PATHS.get(doing, doing.value)}"
        await self.whatsapp.call("POST", path, {"id": target, **what.get(doing, {})})

    async def _react(self) -> None:
        """To the last that came, never twice alike: who comes back to a reaction has two events of it, rightly."""
        if came := await self._came(5):
            target = came[-1]["id"]
            if left := [emoji for emoji in _EMOJI if (target, emoji) not in self._reacted]:
                emoji = self.dice.choice(left)
                self._reacted.add((target, emoji))
                await self.whatsapp.call("POST", f"/accounts/{self.phone}/react", {"id": target, "emoji": emoji})

    async def _vote(self) -> None:
        """In the last poll that came, once in each: another vote would take the place of the first."""
        polls = [each["id"] for each in await self._came(_NEWEST) if each["type"] == "poll_creation"]
        if polls and polls[-1] not in self._voted:
            self._voted.add(polls[-1])
            what = {"id": polls[-1], "options": [self.dice.choice(OPTIONS)]}
            await self.whatsapp.call("POST", f"/accounts/{self.phone}/vote", what)

    async def _came(self, most: int) -> list[Json]:
        """The newest of the chat that others wrote and didn't delete, oldest first."""
        told = await self.whatsapp.call("GET", f"/accounts/{self.phone}/messages?chat={self.to}&limit={most}")
        came = [each for each in told["messages"] if not each["from_me"] and each["type"] != NOTICE]
        return [each for each in came if each["revoked"] is None]


@dataclass(slots=True)
class Reader:
    """Follows the log by its cursor, at whichever gateway answers."""

    gateways: Sequence[Gateway]
    ledger: Ledger
    dice: random.Random
    cursor: str = "0"
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                await self.read()
            await asyncio.sleep(_READ_SECONDS)

    async def read(self) -> int:
        """Reads on; tells how many events there were. One reading at a time: it is one reader."""
        async with self._reading:
            gateway = self.dice.choice(self.gateways)
            page = await gateway.call("GET", f"/events?page_size={_PAGE}&after={self.cursor}")
            self.ledger.followed += page["items"]
            self.cursor = page["next_page_token"]
            return len(page["items"])


async def read_log(gateway: Gateway) -> list[dict[str, object]]:
    """The whole log."""
    events, cursor = [], "0"
    while True:
        page = await gateway.call("GET", f"/events?page_size={_PAGE}&after={cursor}")
        events += page["items"]
        cursor = page["next_page_token"]
        if not page["items"]:
            return events
