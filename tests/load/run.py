"""One run: sessions are linked, everybody calls for a while, and then all that was asked for has to be there."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.load import crowd, memory
from tests.load.plan import POSTED, SESSIONS, TRANSPORTS, ClientPlan, Settings, clients, streams
from tests.load.streams import Stream, until_read
from tests.load.tally import Logged, Read, Seen
from tests.load.world import World, link, open_world

_PAGE: Final = 1_000
_MESSAGES_PAGE: Final = 500
_SAMPLE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.5
_TELL_SECONDS: Final = 10.0
_QUIET_LOOKS: Final = 4
"""How often nothing new must be seen until all is taken for done."""

_MOST_HELD: Final = 1_000
"""What a phone tells of a chat at most."""


@dataclass(slots=True)
class Run:
    """The clients, the streams and the receiver of a run; what they saw is in `seen` afterwards."""

    settings: Settings
    say: Callable[[str], None]
    seen: Seen = field(default_factory=Seen)
    _plans: dict[str, Sequence[ClientPlan]] = field(default_factory=dict)

    async def execute(self) -> None:
        """Does it. Its programs have ended when this returns or raises."""
        wanted = self.settings
        self._plans = {transport: clients(transport, wanted.clients) for transport in TRANSPORTS}
        self.say("starting the sandbox and the gateway, and linking the sessions")
        async with open_world(wanted.home, self.seen.posts) as world, asyncio.TaskGroup() as tasks:
            linking = tasks.create_task(link(world, self._phones))
            keys = {
                transport: [await world.gateway.key("sender", plan.name) for plan in plans]
                for transport, plans in self._plans.items()
            }
            await linking
            self.seen.begin = await self._end_of_log(world, 0)
            await self._hook(world)
            opened = await self._streams(world)
            going = [tasks.create_task(stream.run()) for stream in opened]
            self.say(f"{wanted.clients} REST and {wanted.clients} gRPC clients for {wanted.seconds:.0f} s")
            watching = [
                tasks.create_task(memory.watch(world.gateway.process.pid, _SAMPLE_SECONDS, self.seen.memory)),
                tasks.create_task(self._watch_backlog(world)),
            ]
            before = memory.processor(world.gateway.process.pid)
            self.seen.tallies = await asyncio.gather(*(self._crowd(world, each, keys[each]) for each in TRANSPORTS))
            for part, seconds in memory.processor(world.gateway.process.pid).items():
                self.seen.processor[part] = seconds - before.get(part, 0.0)
            for task in watching:
                task.cancel()
            posts = self.seen.posts
            posts.at_end = len(posts.taken)
            posts.backlog.append(await self._backlog(world))
            self.say("nobody calls any more; waiting until what is under way has come")
            world.receiver.hurry()
            await self._quiet(world)
            await self._collect(world, opened)
            for task in going:
                task.cancel()
        self.seen.log_lines = _errors(world)

    @property
    def _phones(self) -> list[str]:
        numbers = {plan.recipient for plans in self._plans.values() for plan in plans}
        return sorted(numbers - set(SESSIONS.values()))

    async def _crowd(self, world: World, transport: str, keys: Sequence[str]) -> Any:
        gateway, wanted = world.gateway, self.settings
        return await crowd.run(
            crowd.Orders(
                transport=transport,
                address=gateway.url if transport == "rest" else gateway.grpc_address,
                seconds=wanted.seconds,
                pause=wanted.pause,
                seed=wanted.seed,
                begin=self.seen.begin,
                keys=keys,
                clients=self._plans[transport],
            ),
            wanted.home,
        )

    async def _hook(self, world: World) -> None:
        made = await world.gateway.call("POST", "/webhooks", {"url": world.receiver.url, "types": list(POSTED)})
        world.receiver.secret, world.webhook = made["secret"], made["id"]

    async def _streams(self, world: World) -> list[Stream]:
        key = await world.gateway.key("reader", "streams")
        made = []
        for plan in streams(self.settings.streams):
            read = Read(plan.name, plan.session, plan.types)
            self.seen.reads.append(read)
            made.append(Stream(plan, world.gateway.url, world.gateway.grpc_address, key, read, self.seen.begin))
        return made

    async def _watch_backlog(self, world: World) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            try:
                backlog = await self._backlog(world)
            except aiohttp.ClientError as error:
                self.seen.unfinished.append(f"the webhook's backlog wasn't told: {error}"[:200])
                continue
            self.seen.posts.backlog.append(backlog)
            sample = self.seen.memory[-1]
            self.say(
                f"… {sum(len(read.sequences) for read in self.seen.reads)} events read, "
                f"{len(self.seen.posts.taken)} posted, {backlog} wait; {sample.total:.0f} MiB"
            )

    async def _backlog(self, world: World) -> int:
        return int((await world.gateway.call("GET", f"/webhooks/{world.webhook}"))["backlog"])

    async def _end_of_log(self, world: World, after: int) -> int:
        """The cursor behind the newest event."""
        while (page := await world.gateway.call("GET", f"/events?page_size={_PAGE}&after={after}"))["items"]:
            after = int(page["next_page_token"])
        return after

    async def _quiet(self, world: World) -> None:
        """Waits until no message is under way, nothing happens any more, and every event has been posted."""
        end, quiet, newest = time.monotonic() + self.settings.patience, 0, self.seen.begin
        left: list[str] = []
        while quiet < _QUIET_LOOKS:
            if time.monotonic() > end:
                self.seen.unfinished += left or ["things happen still"]
                return
            last, newest = newest, await self._end_of_log(world, newest)
            left = [
                f"messages are {status}"
                for status in ("QUEUED", "SENDING")
                if (await world.gateway.call("GET", f"/messages?status={status}&page_size=1"))["items"]
            ]
            if backlog := await self._backlog(world):
                left.append(f"{backlog} events wait to be posted")
            quiet = quiet + 1 if last == newest and not left else 0
            await asyncio.sleep(_LOOK_SECONDS)
        self.seen.posts.backlog.append(0)

    async def _collect(self, world: World, opened: list[Stream]) -> None:
        seen, after = self.seen, self.seen.begin
        while (page := await world.gateway.call("GET", f"/events?page_size={_PAGE}&after={after}"))["items"]:
            seen.log += [_logged(event) for event in page["items"]]
            after = int(page["next_page_token"])
        last = {
            stream.plan.name: max((e.sequence for e in seen.log if stream.plan.wants(e.session, e.type)), default=0)
            for stream in opened
        }
        if not await until_read(opened, last, self.settings.patience):
            seen.unfinished.append("streams haven't had all that happened")
        token = ""
        while True:
            path = f"/messages?direction=outbound&page_size={_MESSAGES_PAGE}&page_token={token}"
            page = await world.gateway.call("GET", path.removesuffix("&page_token="))
            seen.statuses |= {message["id"]: message["status"] for message in page["items"]}
            if not (token := page["next_page_token"] or ""):
                break
        for number in (*self._phones, *SESSIONS.values()):
            seen.phones[number] = await self._held(world, number)

    async def _held(self, world: World, number: str) -> list[str]:
        """What a phone holds from others, chat by chat, each in its order."""
        held: list[str] = []
        for sender in sorted(set(SESSIONS.values()) - {number}):
            path = f"/accounts/{number}/messages?chat={sender}&limit={_MOST_HELD}"
            messages = (await world.whatsapp.call("GET", path))["messages"]
            if len(messages) >= _MOST_HELD:
                self.seen.unfinished.append(f"phone {number} has more messages than it tells of: a shorter run")
            held += [message["body"] for message in messages if not message["from_me"]]
        return held


def _logged(event: dict[str, Any]) -> Logged:
    message = event["payload"].get("message") or {}
    came = event["type"] == "message.received" and message.get("type") == "text"
    return Logged(event["sequence"], event.get("session_id"), event["type"], message["text"]["body"] if came else "")


def _errors(world: World) -> list[str]:
    """What the gateway itself calls an error, each kind once with how often."""
    counts: dict[str, int] = {}
    for line in world.gateway.log.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            entry = json.loads(line)
            if entry.get("level") in {"error", "critical"}:
                name = f"{entry.get('event')} {entry.get('reason') or entry.get('error') or ''}".strip()[:120]
                counts[name] = counts.get(name, 0) + 1
    return [f"{name} ({number} times)" for name, number in counts.items()]
