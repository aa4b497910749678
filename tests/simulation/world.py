"""The world around the gateway: what outlives its process, and who deals with it."""

import asyncio
import random
from collections import defaultdict
from contextvars import Context
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp
from adapters.memory.link_code_cache import MemoryLinkCodeCache
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.state import MessageRow, State
from application.ports.session_store import NewSnapshot
from domain.errors import PomboError
from domain.ids import EventId, MessageId, SessionId, WhatsAppMessageId
from domain.lease import Lease
from domain.session import Session, StatusReason
from domain.webhook import WebhookEndpoint
from tests.simulation import invariants
from tests.simulation.actors.base import Actor, Part
from tests.simulation.asked import Command, Done, Send
from tests.simulation.clocks import CountingIds, VirtualClock
from tests.simulation.disks import Disks
from tests.simulation.files import SOUNDS, put_files
from tests.simulation.invariants.base import Invariant
from tests.simulation.loop import VirtualLoop
from tests.simulation.plan import Plan
from tests.simulation.planting import Plant
from tests.simulation.process import DisconnectedError, GatewayProcess
from tests.simulation.receivers import Receivers
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.actors.consumers import Consumer

_LONGEST_QUIET: Final = 900.0
"""Seconds of virtual time after which what hasn't come won't."""
_AFTERMATH: Final = 2.0
_TENDED_EVERY: Final = 5.0


class ViolationError(AssertionError):
    """Something that must be true isn't."""


class ObservedState(State):
    """Committed state that tells of each message it takes."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def put_message(self, row: MessageRow) -> None:
        before = self.messages.get(row.message.id)
        State.put_message(self, row)
        for invariant in self._world.on_message:
            invariant.message(before.message if before else None, row.message)


class World:
    """Everything in one run."""

    def __init__(self, chance: random.Random, plan: Plan, plant: Plant, step_limit: int) -> None:
        self.chance = chance
        self.plan = plan
        self.plant = plant
        self.loop = VirtualLoop(self._on_step, step_limit=step_limit)
        self.trace = Trace(self.loop.time)
        self.clock = VirtualClock(self.loop)
        self.whatsapp = MemoryWhatsApp(VirtualClock(self.loop))
        self.disks = Disks(self.whatsapp)
        self.codes = MemoryLinkCodeCache(self.clock)
        self.snapshots = MemorySessionStore()
        self.ids = CountingIds()
        self.database = MemoryDatabase(self._on_committed, VirtualClock(self.loop).now)
        self.state = self.database._state = ObservedState(self)
        self.fresh_events = False
        self.calm = False
        self.away: set[str] = set()
        self.processes: list[GatewayProcess] = []
        self._living: list[GatewayProcess] = []
        self._deaths = 0
        self._violation: str | None = None
        self._counted = self._placed = 0
        self.accounts = {
            SessionId(f"s{number}"): self.whatsapp.add_account(f"1555010010{number}") for number in range(plan.sessions)
        }
        self.peers = [
            self.whatsapp.add_account(f"1555010020{number}", reads="reads" in plan.features)
            for number in range(plan.chats)
        ]
        self.recipients = (*self.peers, *self.accounts.values())
        self.sends: list[Send] = []
        self.operations: list[Done] = []
        self.commands: list[Command] = []
        self.stranger = self.whatsapp.add_account("15550100300")
        """Somebody to whom nobody writes."""
        self.lost_files: set[str] = set()
        """The digests of files that are in no store any more."""
        self.given_up: set[MessageId] = set()
        self.orphans: dict[SessionId, list[set[WhatsAppMessageId]]] = defaultdict(list)
        """What was done to these messages each page learnt that didn't have them: it tells that once, if at all."""
        self.lacked: set[tuple[SessionId, WhatsAppMessageId]] = set()
        """Messages on a phone that a page was to delete and didn't have: asked again, they look deleted."""
        self.phone_sends: set[tuple[SessionId, str]] = set()
        self.unheard = [*range(len(SOUNDS))]
        """The files without words that nobody has sent yet, by their numbers."""
        self.receivers = Receivers()
        self.consumers: list[Consumer] = []
        self._watch([invariant(self) for invariant in invariants.ALL])

    def _watch(self, watching: list[Invariant]) -> None:
        def having(hook: str) -> list[Invariant]:
            return [one for one in watching if getattr(type(one), hook) is not getattr(Invariant, hook)]

        self.invariants = watching
        self.on_message, self._on_event = having("message"), having("event")
        self.on_handed = having("handed")
        self._on_position, self._on_each_step = having("position"), [each.step for each in having("step")]

    # What goes on.

    async def run(self, actors: list[Actor]) -> None:
        """One run: things go wrong for a while, then nothing does, and all must come right."""
        await self._set_up()
        for node in range(1, self.plan.nodes + 1):
            self._start_process(node)
        tasks = {actor: self.loop.spawn(self._act(actor)) for actor in actors}
        await asyncio.sleep(self.plan.span)
        await asyncio.wait([task for actor, task in tasks.items() if actor.part is Part.TROUBLE])
        self._calm_down()
        await self._start_sessions()
        working = [task for actor, task in tasks.items() if actor.part is Part.WORK]
        await asyncio.wait(working, timeout=_LONGEST_QUIET)
        if any(not task.done() for task in working):
            self.violate("clients get answers", "an actor of the world is still at it")
        await self._quiesce()
        self.trace.add("world", "all is well")

    async def _act(self, actor: Actor) -> None:
        try:
            await actor.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must say so
            self.violate("the harness works", f"{actor.name}: {error!r}")

    async def _set_up(self) -> None:
        await put_files(self.database, self.clock)
        async with self.database.begin() as uow:
            for session_id, account in self.accounts.items():
                profile = self.whatsapp.profile(session_id)
                profile.account = account
                account.devices[session_id] = profile
                session = Session.create(id=session_id, name=session_id, start=True, metadata={}, now=self.clock.now())
                await uow.sessions.add(session.link(account.me, self.clock.now()))
                await self.snapshots.save(
                    NewSnapshot(
                        session_id=session_id,
                        account=account.me.jid,
                        epoch=0,
                        taken_at=self.clock.now(),
                        image=self.whatsapp.image(profile),
                    )
                )
            for endpoint in self._endpoints():
                await uow.webhooks.add(endpoint)

    def _endpoints(self) -> list[WebhookEndpoint]:
        """One that wants everything, and one that chooses."""
        now = self.clock.now()
        choices: list[tuple[tuple[str, ...], tuple[SessionId, ...]]] = [((), ())]
        choices.append((("message.received", "message.sent"), (self.chance.choice(list(self.accounts)),)))
        return [
            WebhookEndpoint(
                id=self.ids.webhook_id(),
                url=f"https://receiver-{number}.test/",
                secret="whsec_",
                created_at=now,
                updated_at=now,
                types=types,
                session_ids=session_ids,
            )
            for number, (types, session_ids) in enumerate(choices[: self.plan.webhooks])
        ]

    def wanted_by(self, endpoint: WebhookEndpoint, session_id: SessionId | None) -> list[EventId]:
        """The events of a lane, in order."""
        return [
            event.id
            for event in self.state.log
            if event.session_id == session_id and endpoint.wants(event.type, session_id)
        ]

    def _start_process(self, node: int) -> None:
        process = GatewayProcess(self, len(self.processes) + 1, node)
        self.processes.append(process)
        self._living.append(process)
        process.start()

    def on_death(self, process: GatewayProcess) -> None:
        """A new process comes after a while, on the same node."""
        self._living.remove(process)
        longest = 5 if self.plan.nodes == 1 else 15
        pause = 0.5 if self.calm else self.chance.random() ** 2 * longest
        self.loop.spawn(self._start_again(process.node, pause), Context())

    async def _start_again(self, node: int, pause: float) -> None:
        await asyncio.sleep(pause)
        self._start_process(node)

    def running(self) -> list[GatewayProcess]:
        """The processes that live."""
        return [process for process in self._living if process.alive]

    def serving(self) -> GatewayProcess | None:
        """One of those that take calls."""
        serving = [process for process in self.running() if process.serves]
        if len(serving) > 1:
            return self.chance.choice(serving)
        return serving[0] if serving else None

    def may_die(self) -> bool:
        self._deaths += 1
        return self._deaths <= self.plan.deaths and not self.calm

    async def reach(self) -> GatewayProcess:
        """The running process; waits for one."""
        while (process := self.serving()) is None:
            await asyncio.sleep(0.1 + self.chance.random() * 0.2)
        return process

    # The end.

    def _calm_down(self) -> None:
        self.trace.add("world", "nothing goes wrong from here on")
        self.calm = True
        self.away.clear()
        for process in self.running():
            process.thaw()
        self.clock.skew = timedelta(0)
        for account in self.recipients:
            account.online = True
        for session_id in self.accounts:
            profile = self.whatsapp.profile(session_id)
            profile.muted = False
            if profile.page is not None and not profile.page.connected:
                self.whatsapp.restore_connection(session_id)

    async def _start_sessions(self) -> None:
        for session_id in self.accounts:
            await self._start_session(session_id)
        self.loop.spawn(self._tend_sessions())

    async def _start_session(self, session_id: SessionId) -> None:
        while True:
            process = await self.reach()
            try:
                await process.call(process.use_cases.start_session.execute(session_id))
                break
            except (DisconnectedError, PomboError):
                await asyncio.sleep(0.5)

    async def _tend_sessions(self) -> None:
        """Somebody starts what was closed in a conflict: by intent it isn't opened again by itself.

        Its page may have died before all was well, and its gateway have learnt of that only after it was started.
        """
        while True:
            await asyncio.sleep(_TENDED_EVERY)
            for row in list(self.state.sessions.values()):
                closed = self.whatsapp.profile(row.session.id).page is None
                if closed and row.session.status_reason is StatusReason.CONFLICT:
                    await self._start_session(row.session.id)

    async def _quiesce(self) -> None:
        """Waits until all has come right, and a while for what comes twice or too late."""
        await self._all_met()
        await asyncio.sleep(_AFTERMATH)
        await self._all_met()

    async def _all_met(self) -> None:
        start = self.loop.time()
        while (missing := self._first_unmet()) is not None:
            if self.loop.time() > start + _LONGEST_QUIET:
                self.violate(missing[0], f"{self.loop.time() - start:.0f} s after the last fault: {missing[1]}")
            await asyncio.sleep(0.5)

    def _first_unmet(self) -> tuple[str, str] | None:
        for invariant in self.invariants:
            what = invariant.unmet()
            if what is not None:
                return invariant.name, what
        return None

    # What is watched.

    def check_right(self, process: GatewayProcess, session_id: SessionId) -> None:
        """Nobody may open a session's page without the right to."""
        if not process.watchdog.has_right(session_id):
            self.violate("one gateway per session", f"{process.name} opens {session_id} without the right to it")

    def check_free(self, process: GatewayProcess, session_id: SessionId) -> None:
        """Nobody else may have a session's page open when one is being opened."""
        for other in self.running():
            page = self.whatsapp.profile(session_id).page
            if other is not process and page is not None and other.pages.get(session_id) is page:
                self.violate("one gateway per session", f"{other.name} has {session_id} open, {process.name} opens it")

    def check_fence(self, fence: Lease) -> None:
        """What was committed just now had to be under the newest lease."""
        row = self.state.leases.rows.get(fence.session_id)
        if row is None or (row.epoch, row.owner) != (fence.epoch, fence.owner):
            self.violate("no stale owner writes", f"{fence} was written under, the newest is {row}")

    def violate(self, invariant: str, what: str) -> None:
        """Says that something isn't as it must be. The run ends with this step."""
        if self._violation is None:
            self._violation = f"{invariant}: {what}"
            self.trace.add("world", f"VIOLATED {self._violation}")

    def _on_committed(self) -> None:
        self.fresh_events = True

    def _on_step(self) -> None:
        state = self.state
        total = len(state.log) + len(state.unsettled)
        if total != self._counted:
            for event in state.unsettled[self._counted - total :]:
                for invariant in self._on_event:
                    invariant.event(event)
            self._counted = total
        while self._placed < len(state.log):
            for invariant in self._on_position:
                invariant.position(state.log[self._placed])
            self._placed += 1
        for step in self._on_each_step:
            step()
        if self._violation is not None:
            raise ViolationError(self._violation)
