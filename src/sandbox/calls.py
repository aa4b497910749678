"""Calls: they ring on every device of who is called, and end in one of four ways. No sound is carried."""

import asyncio
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json, text_field
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.people import PeopleStore

RINGING_SECONDS: Final = 60.0
_KEPT: Final = 200


class CallState(StrEnum):
    """How far a call has come."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ENDED = "ended"
    MISSED = "missed"


_OVER: Final = frozenset({CallState.REJECTED, CallState.ENDED, CallState.MISSED})


@dataclass(slots=True)
class Call:
    """One call; `reaches` is false where who is called has blocked the caller: it rings with nobody."""

    id: str
    caller: str
    called: str
    video: bool
    offered_ms: int
    reaches: bool
    state: CallState = CallState.RINGING
    by_device: int | None = None
    timer: asyncio.TimerHandle | None = None


class Calls:
    """The calls that ring, and the last that did; they don't outlive the server."""

    def __init__(self, accounts: AccountStore, people: PeopleStore, hub: Hub, notices: Notices) -> None:
        self._accounts = accounts
        self._people = people
        self._hub = hub
        self._notices = notices
        self._calls: dict[str, Call] = {}
        self.operations: Operations = {"call_reject": self._reject}

    def stop(self) -> None:
        """Let no timer ring any more."""
        for call in self._calls.values():
            if call.timer is not None:
                call.timer.cancel()

    def offer(self, caller: Account, to: object, *, video: bool, ring_seconds: float = RINGING_SECONDS) -> Call:
        """The caller's phone calls; unanswered, it is missed after `ring_seconds`.

        Raises:
            SandboxError: 404 `NOT_ON_WHATSAPP`; 400 for oneself.
        """
        called = self._accounts.resolve(to)
        if called.phone == caller.phone:
            raise bad_request("nobody calls themselves")
        call = Call(
            id=secrets.token_hex(16).upper(),
            caller=caller.phone,
            called=called.phone,
            video=video,
            offered_ms=now_ms(),
            reaches=not self._people.has_blocked(called.phone, caller.phone),
        )
        while len(self._calls) >= _KEPT:
            oldest = self._calls.pop(next(iter(self._calls)))
            if oldest.timer is not None:
                oldest.timer.cancel()
        self._calls[call.id] = call
        loop = asyncio.get_running_loop()
        call.timer = loop.call_later(ring_seconds, self._settle, call, CallState.MISSED, None)
        self._tell(call, "offer")
        return call

    def end(self, account: Account, call_id: object) -> Call:
        """Either phone hangs up: what still rings is missed where the caller does it, rejected where the other does.

        Raises:
            SandboxError: 404 `CALL_NOT_FOUND`, 409 `CALL_OVER`.
        """
        call = self._find(account, call_id)
        if call.state is CallState.RINGING:
            state = CallState.MISSED if account.phone == call.caller else CallState.REJECTED
        else:
            state = CallState.ENDED
        self._settle(call, state, 0)
        return call

    def accept(self, account: Account, call_id: object) -> Call:
        """The phone of who is called takes the call; the devices stop ringing.

        Raises:
            SandboxError: 404 `CALL_NOT_FOUND`, 409 `CALL_OVER`.
        """
        call = self._find(account, call_id)
        if account.phone != call.called or call.state is not CallState.RINGING:
            raise SandboxError(409, "CALL_OVER", "the call doesn't ring here")
        self._settle(call, CallState.ACCEPTED, 0)
        return call

    def of(self, account: Account) -> list[Call]:
        """The calls that an account's phone knows, oldest first."""
        return [
            call
            for call in self._calls.values()
            if account.phone == call.caller or (account.phone == call.called and call.reaches)
        ]

    def renumber(self, old: str, new: str) -> None:
        """An account has another number."""
        for call in self._calls.values():
            call.caller = new if call.caller == old else call.caller
            call.called = new if call.called == old else call.called

    def ringing_for(self, phone: str) -> list[Json]:
        """What to tell a device of this account that has just come."""
        return [
            self._frame(call, "offer")
            for call in self._calls.values()
            if call.called == phone and call.reaches and call.state is CallState.RINGING
        ]

    def _reject(self, caller: Caller, frame: Json) -> Json:
        call = self._find(caller.account, text_field(frame, "id"))
        if caller.account.phone != call.called or call.state is not CallState.RINGING:
            raise SandboxError(409, "CALL_OVER", "the call doesn't ring here")
        self._settle(call, CallState.REJECTED, caller.device)
        return {}

    def _find(self, account: Account, call_id: object) -> Call:
        call = self._calls.get(call_id) if isinstance(call_id, str) else None
        if call is None or call not in self.of(account):
            raise SandboxError(404, "CALL_NOT_FOUND", "there is no such call")
        if call.state in _OVER:
            raise SandboxError(409, "CALL_OVER", "the call is over")
        return call

    def _settle(self, call: Call, state: CallState, device: int | None) -> None:
        call.state = state
        call.by_device = device
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
        self._tell(call, state.value)

    def _tell(self, call: Call, event: str) -> None:
        if call.reaches:
            self._hub.tell(call.called, self._frame(call, event))
        for phone in {call.caller, call.called}:
            self._notices.tell("call", phone, id=call.id)

    def _frame(self, call: Call, event: str) -> Json:
        caller = self._accounts.get(call.caller)
        return {
            "t": "call",
            "event": event,
            "id": call.id,
            "from": caller.address,
            "lid": caller.lid,
            "pn": caller.jid if self._accounts.knows_number(call.called, caller) else None,
            "video": call.video,
            "ts": call.offered_ms // 1000,
            "by_device": call.by_device,
        }
