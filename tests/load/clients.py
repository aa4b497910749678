"""Clients that call one after the other, and write down what came of it."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.load.calls import STATUSES, Answer, Caller, Wrong
from tests.load.plan import TRANSPORTS, ClientPlan
from tests.load.tally import Sent, Tally

_MIX: Final = {"send": 30, "message": 22, "status": 20, "events": 18, "wrong": 10}
"""How often what is asked, in a hundred."""

_WAITS: Final = 0.5
"""How often a send waits until WhatsApp has the message."""

_REPEATS: Final = 0.1
"""How often one is repeated with its key after it was answered."""

_BEHIND: Final = 200
"""How far before the newest that it knows a client lists events from."""

_TRIES: Final = 5
_NOWHERE: Final = "nowhere"
_NO_MESSAGE: Final = "msg_00000000000000000000000000"
_RETRY_SECONDS: Final = 0.2


@dataclass(slots=True)
class Client:
    """One client. Everything that it sees goes into its transport's tally."""

    plan: ClientPlan
    caller: Caller
    tally: Tally
    begin: int
    pause: float
    dice: random.Random
    _sent: list[Sent] = field(default_factory=list)
    _key: str = ""

    async def run(self, end: float) -> None:
        """Calls until a time of the monotonic clock, and then until the last call is answered.

        They don't all begin at once, which they wouldn't either.
        """
        if not self.plan.greedy:
            await asyncio.sleep(self.dice.uniform(0, 2 * self.pause))
        while time.monotonic() < end:
            if self.plan.greedy:
                await self._do_wrong(Wrong.PHONE)
            else:
                await self._do(self.dice.choices(list(_MIX), list(_MIX.values()))[0])
                await asyncio.sleep(self.dice.uniform(0, 2 * self.pause))

    async def _do(self, what: str) -> None:
        match what:
            case "send":
                await self._send()
            case "message" if self._sent:
                wanted = self.dice.choice(self._sent).message_id or _NO_MESSAGE
                answer = await self._ask(what, lambda: self.caller.message(wanted))
                if answer.is_good and answer.message_id != wanted:
                    self.tally.errors["message: another one"] += 1
            case "events":
                await self._ask(what, lambda: self.caller.events(self.begin, _BEHIND))
            case "wrong":
                await self._do_wrong(self.dice.choice(list(Wrong)))
            case _:
                await self._ask("status", lambda: self.caller.status(self.plan.session))

    async def _send(self) -> None:
        """With one key until it is answered, and sometimes once more."""
        self._key = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        plan, body = self.plan, f"{self.plan.name}: {len(self._sent) + 1}"
        sent = Sent(plan.name, plan.session, plan.recipient, body)
        self._sent.append(sent)
        self.tally.sent.append(sent)
        waits = self.dice.random() < _WAITS
        what = "send, waits" if waits else "send"
        while sent.message_id is None and sent.tries < _TRIES:
            sent.tries += 1
            answer = await self._ask(what, lambda: self._post(body, waits=waits))
            sent.message_id = answer.message_id
            if sent.message_id is None:
                await asyncio.sleep(_RETRY_SECONDS)
        if sent.message_id is not None and self.dice.random() < _REPEATS:
            self.tally.repeats += 1
            again = await self._ask("send, repeated", lambda: self._post(body, waits=False))
            if again.is_good and again.message_id != sent.message_id:
                self.tally.errors["send, repeated: another message"] += 1

    async def _post(self, body: str, *, waits: bool) -> Answer:
        return await self.caller.send(self.plan.session, f"+{self.plan.recipient}", body, self._key, waits=waits)

    async def _do_wrong(self, wrong: Wrong) -> None:
        """Asks for what must be refused, and how is known."""
        if wrong is Wrong.REUSED and not (self._sent and self._sent[-1].message_id):
            return
        answer = await self._ask("wrong", lambda: self._wrong(wrong), expected=wrong)
        if answer.said == f"{STATUSES[wrong][TRANSPORTS.index(self.tally.transport)]} {wrong.value}":
            self.tally.refused[wrong.value] += 1
        else:
            self.tally.errors[f"{wrong.name.lower()} is wrong: {answer.said}"] += 1

    async def _wrong(self, wrong: Wrong) -> Answer:
        match wrong:
            case Wrong.MESSAGE:
                return await self.caller.message(_NO_MESSAGE)
            case Wrong.SESSION:
                return await self.caller.status(_NOWHERE)
            case Wrong.PHONE:
                return await self.caller.send(self.plan.session, "+12", "never", str(uuid.uuid4()), waits=True)
            case Wrong.PAGE_SIZE:
                return await self.caller.events(self.begin, 100_000)
            case Wrong.REUSED:
                return await self._post("never", waits=True)
            case Wrong.ROLE:
                return await self.caller.endpoints()
            case Wrong.KEY:
                return await self.caller.with_another_key()

    async def _ask(self, what: str, call: Callable[[], Awaitable[Answer]], expected: Wrong | None = None) -> Answer:
        """An answer that is no refusal for a rate: those are waited out, as long as they say."""
        was_limited = False
        while True:
            began = time.perf_counter()
            answer = await call()
            took = (time.perf_counter() - began) * 1_000
            if not answer.is_limited:
                break
            self._note_limited(answer, again=was_limited)
            was_limited = True
            await asyncio.sleep(answer.retry_after or 1.0)
        if answer.is_good or expected is not None:
            self.tally.took[what].append(round(took, 2))
        if not answer.is_good and expected is None:
            self.tally.errors[f"{what}: {answer.said}"] += 1
        return answer

    def _note_limited(self, answer: Answer, *, again: bool) -> None:
        self.tally.limited[answer.policy] += 1
        if answer.status not in {"429", "RESOURCE_EXHAUSTED"}:
            self.tally.disobeyed[f"with status {answer.status}"] += 1
        if answer.retry_after is None or answer.retry_after <= 0:
            self.tally.disobeyed["said nothing of when to come back"] += 1
        if again:
            # Nobody else has this client's key: what came back is its alone.
            self.tally.disobeyed["came again when it had been obeyed"] += 1
