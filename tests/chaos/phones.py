"""People who write on their phones, and a reader of the event log."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.chaos.contents import phone_content
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import EDITED, Doing, Kind, Ledger
from tests.chaos.whatsapp import WhatsApp

_PAUSES: Final = (0.3, 2.0)
_TEXTS: Final = 0.5
_DOES: Final = 0.3
_EMOJI: Final = ("🙏", "🎉", "😮")
_READ_SECONDS: Final = 0.5
_PAGE: Final = 1_000


@dataclass(slots=True)
class Person:
    """Writes to one account. What has been sent is asked of WhatsApp afterwards, whose answer may be lost here."""

    name: str
    phone: str
    to: str
    whatsapp: WhatsApp
    dice: random.Random
    is_done: asyncio.Event
    is_writing: bool = False
    _count: int = field(default=0)
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
            doing = self.dice.choice([each for each in Doing if each is not Doing.EDIT or kind is Kind.TEXT])
            what = {Doing.EDIT: {"text": label + EDITED}, Doing.REACTION: {"emoji": self.dice.choice(_EMOJI)}}
            path = {Doing.REACTION: "react"}.get(doing, doing.value)
            await self.whatsapp.call("POST", f"{account}/{path}", {"id": sent["id"], **what.get(doing, {})})
        if self.dice.random() < _DOES:
            await self._react()

    async def _react(self) -> None:
        """To the last that came, never twice alike: who comes back to a reaction has two events of it, rightly."""
        told = await self.whatsapp.call("GET", f"/accounts/{self.phone}/messages?chat={self.to}&limit=5")
        came = [each for each in told["messages"] if not each["from_me"] and each["revoked"] is None]
        if not came:
            return
        target = came[-1]["id"]
        if left := [emoji for emoji in _EMOJI if (target, emoji) not in self._reacted]:
            emoji = self.dice.choice(left)
            self._reacted.add((target, emoji))
            await self.whatsapp.call("POST", f"/accounts/{self.phone}/react", {"id": target, "emoji": emoji})


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
