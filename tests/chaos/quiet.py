"""Waiting until everything has come right after the faults, and saying what hasn't."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from tests.chaos import changes
from tests.chaos.clients import Client
from tests.chaos.gateways import Gateway
from tests.chaos.groups import untold_notices
from tests.chaos.ledger import FILES, OPERATIONS, Held, Kind, Ledger, Notice, Stored
from tests.chaos.levels import expected
from tests.chaos.phones import Person, Reader, read_log
from tests.chaos.restores import beyond_reach, restored
from tests.chaos.whatsapp import WhatsApp

_LOOK_SECONDS: Final = 1.0
_LEST_MORE_COMES: Final = 5.0
"""How long it must stay right: what is done twice may be done late."""

_EXCUSED_SECONDS: Final = 30.0
"""How long it must stay right where changes have no event that may be beyond reach: if one is told late, it wasn't."""

_ON_ITS_WAY: Final = frozenset({"QUEUED", "SENDING"})
_PAGE: Final = 500
_TYPES: Final = ",".join(sorted({kind.type for kind in Kind} | OPERATIONS))


@dataclass(slots=True)
class Calm:
    """How long nothing has been open. Moments are seconds on one clock."""

    _since: float | None = None

    def is_over(self, now: float, open_ends: Sequence[str], excused: Sequence[str]) -> bool:
        """Whether it has been right for long enough, by what was seen just now."""
        if open_ends:
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= (_EXCUSED_SECONDS if excused else _LEST_MORE_COMES)


@dataclass(slots=True)
class Quiet:
    """Looks at clients, people, gateways and phones until nothing is open."""

    gateways: Sequence[Gateway]
    clients: Sequence[Client]
    people: Sequence[Person]
    whatsapp: WhatsApp
    reader: Reader
    webhook: str
    ledger: Ledger
    say: Callable[[str], None]

    async def wait(self, seconds: float) -> None:
        """Waits for it at most so long, and for a last calm. What is open then is noted; what can be seen is read."""
        loop = asyncio.get_running_loop()
        end, calm = loop.time() + seconds, Calm()
        said: list[str] = []
        while True:
            open_ends = await self._look()
            excused = [] if open_ends else beyond(self.ledger)
            now = loop.time()
            if calm.is_over(now, open_ends, excused) or (open_ends and now > end):
                self.ledger.unfinished = open_ends
                return
            if [*open_ends, *excused] != said:
                said = [*open_ends, *excused]
                self.say(f"open: {'; '.join(said) or 'nothing'}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def look_at_files(self) -> None:
        """Has the phones download the files of what the sessions sent to them."""
        files = {send.body for send in self.ledger.sends if send.kind in FILES}
        for phone, messages in self.ledger.phones.items():
            for held in messages:
                if held.sender != phone and held.body in files:
                    held.digest = await self.whatsapp.digest(phone, held.id)

    async def _look(self) -> list[str]:
        """What is open. What was read goes into the ledger as a whole, or not at all: one verdict, one state."""
        try:
            stored = await self._messages()
            seen, events = await self._phones(), await read_log(self.gateways[0])
            while await self.reader.read():
                continue
            open_ends = [*self._unanswered(), *await self._sessions(), *await self._webhook()]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return [f"a gateway or the sandbox doesn't answer: {type(error).__name__} {error}"]
        self.ledger.stored, self.ledger.events = stored, events
        self.ledger.phones = {phone: held for phone, (held, _) in seen.items()}
        self.ledger.notices = {phone: notices for phone, (_, notices) in seen.items()}
        self.ledger.restores = restored(gateway.log for gateway in self.gateways)
        return [*open_ends, *_on_their_way(stored), *untold(self.ledger)]

    def _unanswered(self) -> list[str]:
        return [
            f"client {client.name} has no answer for {client.under_way.label} after {client.under_way.tries} tries"
            for client in self.clients
            if client.under_way is not None
        ] + [f"{person.name} is still writing on a phone" for person in self.people if person.is_writing]

    async def _sessions(self) -> list[str]:
        """What each gateway says of them: they must agree."""
        told = [session for gateway in self.gateways for session in (await gateway.call("GET", "/sessions"))["items"]]
        return [
            f"session {session['id']} is {session['status']} ({session['status_reason']})"
            for session in told
            if session["status"] != "WORKING"
        ]

    async def _messages(self) -> dict[str, Stored]:
        """What the gateway says of each message that it was given."""
        found = {}
        for session in self.ledger.sessions:
            token = ""
            while token is not None:
                query = f"session_id={session}&direction=outbound&types={_TYPES}&page_size={_PAGE}"
                query += f"&page_token={token}" if token else ""
                page = await self.gateways[0].call("GET", f"/messages?{query}")
                for each in page["items"]:
                    failure = (each.get("error") or {}).get("reason")
                    short = str(each["whatsapp_id"]).split("_")[2]
                    content = each[each["type"]]
                    digest = content.get("sha256") if isinstance(content, dict) else None
                    found[each["id"]] = Stored(each["status"], failure, short, digest)
                token = page["next_page_token"]
        return found

    async def _phones(self) -> dict[str, tuple[list[Held], list[Notice]]]:
        recipients = (phone for send in self.ledger.sends for phone in self.ledger.holders(send.recipient))
        numbers = {*self.ledger.sessions.values(), *recipients}
        return {number: await self.whatsapp.held(number) for number in sorted(numbers)}

    async def _webhook(self) -> list[str]:
        report = await self.gateways[0].call("GET", f"/webhooks/{self.webhook}")
        if report["backlog"] or report["dead_letters"]:
            return [f"webhook: {report['backlog']} events wait, {report['dead_letters']} were given up"]
        return []


def _on_their_way(stored: Mapping[str, Stored]) -> list[str]:
    waiting = [key for key, each in stored.items() if each.status in _ON_ITS_WAY]
    return [f"{len(waiting)} messages are still on their way, {waiting[0]} for instance"] if waiting else []


def untold(ledger: Ledger) -> list[str]:
    """What the phones show and no event tells of, by session; but for what may be beyond reach."""
    found = []
    for session, phone in ledger.sessions.items():
        held = ledger.had(phone)
        messages = {short for short, _ in ledger.message_events(session)}
        undone = _without_event(ledger, session)
        excused = beyond_reach(ledger, session, undone)
        for what, missing in (
            ("messages", [each.id for each in held if each.id not in messages]),
            ("edits, deletions, reactions, pins, stars and votes", [each for each in undone if each not in excused]),
            ("changes of groups", untold_notices(ledger, session)),
        ):
            if missing:
                found.append(f"{len(missing)} {what} of session {session} have no event yet, {missing[0]} for instance")
    return found


def beyond(ledger: Ledger) -> list[str]:
    """The changes that no event tells of and that may be beyond reach, by session."""
    found = {each: beyond_reach(ledger, each, _without_event(ledger, each)) for each in ledger.sessions}
    return [
        f"{len(excused)} changes of session {session} may be beyond its page's reach"
        for session, excused in found.items()
        if excused
    ]


def _without_event(ledger: Ledger, session: str) -> list[changes.Change]:
    told = changes.told(ledger.events, session, ledger.lids)
    return [each for each in expected(ledger, session) if not told[each]]
