"""One run: sessions are linked, traffic and faults go on for a while, and everything has to come right afterwards."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.chaos.clients import Client
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Ledger
from tests.chaos.phones import Person, Reader, read_log
from tests.chaos.plan import Strike
from tests.chaos.quiet import Quiet
from tests.chaos.strikes import Striker
from tests.chaos.world import World, open_world

_LINK_SECONDS: Final = 600.0
"""A bound, not a measure, as all of these are: other work may leave a run a tenth of a processor."""

_TELL_SECONDS: Final = 10.0
_READ_MS: Final = 300

NUMBERS: Final = ("15550100001", "15550100002", "15550100003", "15550100004")
"""Of the sessions' accounts."""

OTHERS: Final = ("15550100101", "15550100102")
"""Of people without a session."""

_IN_GROUP: Final = 2
"""How many sessions are in the group, with all the others: those that have one client more, which sends into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is asked for; `patience` is how long the aftermath may take, in seconds."""

    seed: int
    seconds: float
    sessions: int
    gateways: int
    patience: float
    home: Path
    strikes: Sequence[Strike]


@dataclass(slots=True)
class Run:
    """The traffic and the faults of a run."""

    settings: Settings
    say: Callable[[str], None]
    ledger: Ledger = field(default_factory=Ledger)
    _clients: list[Client] = field(default_factory=list)
    _people: list[Person] = field(default_factory=list)
    _is_done: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self) -> None:
        """Does it; the ledger has everything afterwards. Its programs have ended when this returns or raises."""
        wanted = self.settings
        self.say(f"starting PostgreSQL, Valkey, the sandbox and {wanted.gateways} gateway(s)")
        async with (
            open_world(wanted.home, seed=wanted.seed, gateways=wanted.gateways, ledger=self.ledger) as world,
            asyncio.TaskGroup() as tasks,
        ):
            self.say(f"linking {wanted.sessions} sessions")
            await self._link(world)
            await self._found_group(world)
            webhook = await self._hook(world)
            reader = Reader(world.gateways, self.ledger, random.Random(wanted.seed))
            goes_on = [tasks.create_task(reader.run()), tasks.create_task(self._tell(world))]
            traffic = [tasks.create_task(each.run()) for each in self._traffic(world)]
            await self._strike(world)
            self.say("no more faults, and nobody begins anything new; waiting until everything has come right")
            quiet = Quiet(
                gateways=world.gateways,
                clients=self._clients,
                people=self._people,
                whatsapp=world.whatsapp,
                reader=reader,
                webhook=webhook,
                ledger=self.ledger,
                say=self.say,
            )
            await quiet.wait(wanted.patience)
            await quiet.look_at_files()
            for task in (*goes_on, *traffic):
                task.cancel()

    async def _strike(self, world: World) -> None:
        begin = asyncio.get_running_loop().time()
        began = time.monotonic()

        def say(line: str) -> None:
            self.say(f"{time.monotonic() - began:5.1f} s  {line}")

        striker = Striker(
            gateways=world.gateways,
            postgres=world.postgres,
            valkey=world.valkey,
            whatsapp=world.whatsapp,
            receiver=world.receiver,
            accounts=self._numbers,
            ledger=self.ledger,
            say=say,
        )
        try:
            await striker.run(self.settings.strikes, begin)
            await asyncio.sleep(max(0.0, begin + self.settings.seconds - asyncio.get_running_loop().time()))
        finally:
            self._is_done.set()
            world.receiver.is_well = True
            await striker.end()

    @property
    def _numbers(self) -> Sequence[str]:
        return NUMBERS[: self.settings.sessions]

    async def _link(self, world: World) -> None:
        for number in (*self._numbers, *OTHERS):
            made = await world.whatsapp.call("POST", "/accounts", {"phone": number, "name": f"Phone {number[-3:]}"})
            self.ledger.lids[made["lid"].partition("@")[0]] = number
            await world.whatsapp.call("PATCH", f"/accounts/{number}", {"read_after_ms": _READ_MS})
        for place, number in enumerate(self._numbers):
            session = f"s{place + 1}"
            self.ledger.sessions[session] = number
            gateway = world.gateways[0]
            await gateway.call("POST", "/sessions", {"id": session})
            async with asyncio.timeout(_LINK_SECONDS):
                await world.whatsapp.call("POST", f"/accounts/{number}/scan", {"qr": await self._qr(world, session)})
                while (await gateway.call("GET", f"/sessions/{session}"))["status"] != "WORKING":  # noqa: ASYNC110 - a state of another process
                    await asyncio.sleep(0.1)

    async def _found_group(self, world: World) -> None:
        """Somebody without a session founds it; it is there when each session in it has told so."""
        sessions = list(self.ledger.sessions)[:_IN_GROUP]
        members = [*(self.ledger.sessions[each] for each in sessions), *OTHERS]
        founding = {"subject": "All of us", "participants": members[:-1]}
        made = await world.whatsapp.call("POST", f"/accounts/{members[-1]}/groups", founding)
        self.ledger.groups[made["group"]["id"]] = members
        async with asyncio.timeout(_LINK_SECONDS):
            while not set(sessions) <= await _in_groups(world.gateways[0]):  # noqa: ASYNC110 - a log of another process
                await asyncio.sleep(0.1)

    async def _qr(self, world: World, session: str) -> str:
        while True:
            try:
                return str((await world.gateways[0].call("GET", f"/sessions/{session}/qr?wait=20"))["qr"])
            except aiohttp.ClientResponseError:
                await asyncio.sleep(0.5)

    async def _hook(self, world: World) -> str:
        page = await world.gateways[0].call("GET", "/events?page_size=1000&after=0")
        self.ledger.webhook_from = int(page["next_page_token"])
        made = await world.gateways[0].call("POST", "/webhooks", {"url": world.receiver.url})
        world.receiver.secret = made["secret"]
        return str(made["id"])

    def _traffic(self, world: World) -> list[Client | Person]:
        """Each session writes to another and to a person; people write to sessions, and an account's own phone too.

        Those in the group write into it besides.
        """
        dice = random.Random(self.settings.seed * 7919 + 1)
        transports = itertools.cycle(("REST", "gRPC"))
        sessions = list(self.ledger.sessions.items())
        for place, (session, number) in enumerate(sessions):
            peer = sessions[(place + 1) % len(sessions)][1]
            other = OTHERS[place % len(OTHERS)]
            for recipient in (peer, other):
                if recipient == number:
                    continue
                self._add_client(world, next(transports), session, recipient, dice)
            next(transports)
            for phone, to in ((other, number), *(((number, other),) if place == 0 else ())):
                self._add_person(world, phone, to, dice)
        for group in self.ledger.groups:
            for (session, _), gives in zip(sessions[:_IN_GROUP], ("description", "subject"), strict=False):
                self._add_client(world, next(transports), session, group, dice, gives)
            self._add_person(world, OTHERS[0], group, dice)
        return [*self._clients, *self._people]

    def _add_client(
        self,
        world: World,
        transport: str,
        session: str,
        recipient: str,
        dice: random.Random,
        gives: str | None = None,
    ) -> None:
        self._clients.append(
            Client(
                name=f"c{len(self._clients) + 1}",
                transport=transport,
                session=session,
                sender=self.ledger.sessions[session],
                recipient=recipient,
                gateways=world.gateways,
                ledger=self.ledger,
                dice=random.Random(dice.getrandbits(64)),
                is_done=self._is_done,
                gives=gives,
            )
        )

    def _add_person(self, world: World, phone: str, to: str, dice: random.Random) -> None:
        self._people.append(
            Person(
                name=f"p{len(self._people) + 1}",
                phone=phone,
                to=to,
                whatsapp=world.whatsapp,
                dice=random.Random(dice.getrandbits(64)),
                is_done=self._is_done,
                votes=phone in OTHERS,
            )
        )

    async def _tell(self, world: World) -> None:
        """A line now and then."""
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            sends = self.ledger.sends
            answered = sum(send.answered is not None for send in sends)
            posts = sum(posted.taken > 0 for posted in self.ledger.posted.values())
            up = [gateway.name for gateway in world.gateways if await gateway.is_serving()]
            self.say(
                f"… {len(sends)} sends, {answered} answered, {len(self.ledger.followed)} events read, {posts} posted, "
                f"{len(self.ledger.faults)} faults; serving: {', '.join(up) or 'none'}"
            )


async def _in_groups(gateway: Gateway) -> set[object]:
    """The sessions that have told of a group that they are in."""
    return {event["session_id"] for event in await read_log(gateway) if event["type"] == "group.joined"}
