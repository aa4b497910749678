"""What goes wrong around the gateway, beside its own calls."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar, override

from domain.errors import PomboError
from domain.ids import SessionId
from tests.simulation.actors.base import Actor, Part
from tests.simulation.files import DIGESTS, NAMES
from tests.simulation.gate import DATABASE
from tests.simulation.process import DisconnectedError, GatewayProcess


class Mishaps(Actor):
    """Lets the planned mishaps happen, each at a time of its own."""

    part: ClassVar[Part] = Part.TROUBLE

    @override
    async def run(self) -> None:
        await asyncio.gather(*(self._let(kind) for kind in self.world.plan.mishaps))

    async def _let(self, kind: str) -> None:
        await self.wait(self.world.plan.span)
        session_id = self.chance.choice(list(self.world.accounts))
        self.trace(f"{kind} ({session_id})")
        await getattr(self, f"_{kind}")(session_id)

    async def _kill(self, _: SessionId) -> None:
        if self.world.running() and self.world.may_die():
            self._any().kill()

    async def _stop(self, _: SessionId) -> None:
        if self.world.running():
            process = self._any()
            if not process.stopping and not process.stopped:
                await process.stop()

    async def _freeze(self, _: SessionId) -> None:
        if self.world.running():
            process = self._any()
            if not process.stopping and not process.stopped:
                if self.chance.random() < 0.5:
                    await self._in_transaction(process)
                if process.alive and not process.stopping and not process.stopped:
                    await process.freeze(self.chance.choice((1, 6, 9, 20)) * self.chance.random())

    async def _in_transaction(self, process: GatewayProcess) -> None:
        """Waits a while until it has written what it hasn't committed: the worst moment to stop it in."""
        for _ in range(300):
            if any(not transaction.is_empty for transaction in process.transactions.values()):
                return
            await asyncio.sleep(0.01)

    def _any(self) -> GatewayProcess:
        return self.chance.choice(self.world.running())

    async def _page(self, session_id: SessionId) -> None:
        if self.world.whatsapp.profile(session_id).page is not None:
            self.world.whatsapp.kill_page(session_id)

    async def _wedge(self, session_id: SessionId) -> None:
        """The page lives and never answers again, until it is loaded anew, or even then."""
        page = self.world.whatsapp.profile(session_id).page
        # One in a conflict isn't opened again by itself, by intent.
        if page is not None and page.connected:
            self.world.whatsapp.wedge(session_id, for_good=self.chance.random() < 0.5)

    async def _drop(self, session_id: SessionId) -> None:
        page = self.world.whatsapp.profile(session_id).page
        if page is not None and page.connected:
            self.world.whatsapp.drop_connection(session_id)
            await self._restore(session_id)

    async def _conflict(self, session_id: SessionId) -> None:
        page = self.world.whatsapp.profile(session_id).page
        if page is not None and page.connected:
            self.world.whatsapp.conflict(session_id)
            await self._restore(session_id)

    async def _restore(self, session_id: SessionId) -> None:
        page = self.world.whatsapp.profile(session_id).page
        await self.wait(8)
        if page is self.world.whatsapp.profile(session_id).page and page is not None and not page.connected:
            self.world.whatsapp.restore_connection(session_id)

    async def _mute(self, session_id: SessionId) -> None:
        """The page's events are missed: a look at what the page holds finds what they would have told."""
        self.world.whatsapp.mute(session_id)
        await self.wait(3)
        self.world.whatsapp.mute(session_id, muted=False)
        if self.chance.random() < 0.5:
            await self._page(session_id)

    async def _database(self, _: SessionId) -> None:
        self.world.away.add(DATABASE)
        await self.wait(self.chance.choice((0.2, 2, 10)))
        self.world.away.discard(DATABASE)

    async def _bus(self, _: SessionId) -> None:
        self.world.away.add("bus")
        await self.wait(5)
        self.world.away.discard("bus")

    async def _receivers(self, _: SessionId) -> None:
        self.world.away.add("receivers")
        await self.wait(6)
        self.world.away.discard("receivers")

    async def _files(self, _: SessionId) -> None:
        """A file's content is gone, as with the disk that had it; with luck it is found again."""
        sounds = [digest for number, digest in enumerate(NAMES) if number not in self.world.unheard]
        digest = self.chance.choice([*DIGESTS, *sounds])
        self.world.lost_files.add(digest)
        if self.chance.random() < 0.5:
            await self.wait(6)
            self.world.lost_files.discard(digest)

    async def _clock(self, _: SessionId) -> None:
        self.world.clock.skew += timedelta(seconds=self.chance.choice((-7200, -60, -1, 1, 60, 7200)))

    async def _phone(self, session_id: SessionId) -> None:
        account = self.chance.choice([*self.world.peers, self.world.accounts[session_id]])
        account.online = False
        await self.wait(10)
        account.online = True

    async def _operator(self, session_id: SessionId) -> None:
        """Somebody stops, starts and restarts a session."""
        for _ in range(self.chance.randint(1, 3)):
            process = self.world.serving()
            if process is None:
                return
            use_cases = process.use_cases
            call = self.chance.choice((use_cases.stop_session, use_cases.start_session, use_cases.restart_session))
            with suppress(DisconnectedError, PomboError):
                await process.call(call.execute(session_id))
            await self.wait(2)
