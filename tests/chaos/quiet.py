"""Waiting until everything has come right after the faults, and saying what hasn't."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp

from tests.chaos.clients import Client
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Doing, Held, Kind, Ledger, Stored
from tests.chaos.phones import Reader, read_log
from tests.chaos.whatsapp import WhatsApp

_LOOK_SECONDS: Final = 1.0
_LEST_MORE_COMES: Final = 5.0
"""How long it must stay right: what is done twice may be done late."""

_ON_ITS_WAY: Final = frozenset({"QUEUED", "SENDING"})
_PAGE: Final = 500
_TYPES: Final = ",".join([*Kind, *Doing])


@dataclass(slots=True)
class Quiet:
    """Looks at clients, gateways and phones until nothing is open."""

    gateways: Sequence[Gateway]
    clients: Sequence[Client]
    whatsapp: WhatsApp
    reader: Reader
    webhook: str
    ledger: Ledger

    async def wait(self, seconds: float) -> None:
        """Waits for it at most so long. What is open then is noted, and what can be seen is read."""
        loop = asyncio.get_running_loop()
        end, since = loop.time() + seconds, None
        while True:
            open_ends = await self._look()
            now = loop.time()
            since = None if open_ends else since or now
            if now > end or (since is not None and now - since >= _LEST_MORE_COMES):
                self.ledger.unfinished = open_ends
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def look_at_files(self) -> None:
        """Has the phones download the files of what the sessions sent to them."""
        files = {send.body for send in self.ledger.sends if send.digest is not None}
        for phone, messages in self.ledger.phones.items():
            for held in messages:
                if held.sender != phone and held.body in files:
                    held.digest = await self.whatsapp.digest(phone, held.id)

    async def _look(self) -> list[str]:
        try:
            return [*self._unanswered(), *await self._sessions(), *await self._messages(), *await self._events()]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return [f"a gateway or the sandbox doesn't answer: {type(error).__name__} {error}"]

    def _unanswered(self) -> list[str]:
        return [
            f"client {client.name} has no answer for {client.under_way.label} after {client.under_way.tries} tries"
            for client in self.clients
            if client.under_way is not None
        ]

    async def _sessions(self) -> list[str]:
        """What each gateway says of them: they must agree."""
        told = [session for gateway in self.gateways for session in (await gateway.call("GET", "/sessions"))["items"]]
        return [
            f"session {session['id']} is {session['status']} ({session['status_reason']})"
            for session in told
            if session["status"] != "WORKING"
        ]

    async def _messages(self) -> list[str]:
        """What the gateway says of each message that it was given."""
        self.ledger.stored = {}
        for session in self.ledger.sessions:
            token = ""
            while token is not None:
                query = f"session_id={session}&direction=outbound&types={_TYPES}&page_size={_PAGE}"
                query += f"&page_token={token}" if token else ""
                page = await self.gateways[0].call("GET", f"/messages?{query}")
                for each in page["items"]:
                    failure = (each.get("error") or {}).get("reason")
                    short = str(each["whatsapp_id"]).split("_")[2]
                    self.ledger.stored[each["id"]] = Stored(each["status"], failure, short)
                token = page["next_page_token"]
        waiting = [key for key, each in self.ledger.stored.items() if each.status in _ON_ITS_WAY]
        return [f"{len(waiting)} messages are still on their way, {waiting[0]} for instance"] if waiting else []

    async def _events(self) -> list[str]:
        numbers = {*self.ledger.sessions.values(), *(send.recipient for send in self.ledger.sends)}
        self.ledger.phones = {number: await self.whatsapp.held(number) for number in sorted(numbers)}
        self.ledger.events = await read_log(self.gateways[0])
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            while await self.reader.read():
                continue
        found = []
        for session, phone in self.ledger.sessions.items():
            if missing := _untold(self.ledger, session, self.ledger.phones[phone]):
                found.append(f"{missing} messages of session {session} have no event yet")
        report = await self.gateways[0].call("GET", f"/webhooks/{self.webhook}")
        if report["backlog"] or report["dead_letters"]:
            found.append(f"webhook: {report['backlog']} events wait, {report['dead_letters']} were given up")
        return found


def _untold(ledger: Ledger, session: str, held: Sequence[Held]) -> int:
    told = {
        event["payload"]["message"]["whatsapp_id"].split("_")[2]
        for event in ledger.events
        if event["session_id"] == session and event["type"] in {"message.received", "message.sent"}
    }
    return sum(each.id not in told for each in held)
