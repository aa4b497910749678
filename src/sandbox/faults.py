"""Faults to inject: what a test makes the server do wrong."""

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sandbox.clock import now_ms
from sandbox.errors import bad_request


class FaultKind(StrEnum):
    """The faults there are."""

    DROP_SOCKET = "drop_socket"
    CONFLICT = "conflict"
    SLOW_SYNC = "slow_sync"
    LOSE_ACKS = "lose_acks"
    RESTRICT_463 = "restrict_463"
    CAP_475 = "cap_475"
    BAN = "ban"
    END_REFS = "end_refs"
    HANG_PAGE = "hang_page"
    NAVIGATE_PAGE = "navigate_page"
    PASSKEY = "passkey"
    UPLOAD_FAILURE = "upload_failure"
    SLOW_UPLOAD = "slow_upload"
    MEDIA_EXPIRED = "media_expired"
    MEDIA_CORRUPTED = "media_corrupted"


INSTANT: Final = frozenset({FaultKind.CONFLICT, FaultKind.END_REFS, FaultKind.HANG_PAGE, FaultKind.NAVIGATE_PAGE})
_SLOW: Final = frozenset({FaultKind.SLOW_SYNC, FaultKind.SLOW_UPLOAD})
_NUMBERS: Final = ("ms", "count", "limit", "duration_ms")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        account: Number it is limited to; None: all.
        device: Device number it is limited to; None: all.
        ms: Delay (slow_sync, slow_upload), or how long (hang_page; None: for good).
        count: Times left (lose_acks, passkey, upload_failure, media_*); None: until cleared.
        limit: New chats still allowed (cap_475).
        until_ms: When it ends by itself; None: when it is cleared.
    """

    id: int
    kind: FaultKind
    account: str | None = None
    device: int | None = None
    ms: int | None = None
    count: int | None = None
    limit: int | None = None
    until_ms: int | None = None

    def concerns(self, phone: str, device: int | None = None) -> bool:
        """Whether it is meant for an account's device."""
        return self.account in (None, phone) and (self.device is None or self.device == device)


class Faults:
    """The faults in force; kept in memory: a restart of the server clears them."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ids = itertools.count(1)

    def renumber(self, old: str, new: str) -> None:
        """An account has another number; the faults meant for it go with it."""
        for fault in self._faults.values():
            fault.account = new if fault.account == old else fault.account

    def parse(self, body: dict[str, Any], account: str | None) -> Fault:
        """A fault from a request; `account` has been looked up.

        Raises:
            SandboxError: 400 for an unknown kind or a bad number.
        """
        kind = body.get("kind")
        if not isinstance(kind, str) or kind not in FaultKind:
            known = ", ".join(FaultKind)
            raise bad_request(f"kind is one of: {known}", "UNKNOWN_FAULT")
        unknown = set(body) - {"kind", "account", "device", *_NUMBERS}
        if unknown:
            raise bad_request(f"unknown field {min(unknown)[:40]}")
        numbers = {name: _number(body, name) for name in (*_NUMBERS, "device")}
        duration = numbers.pop("duration_ms")
        if kind in _SLOW and numbers["ms"] is None:
            raise bad_request(f"{kind} needs ms")
        until = None if duration is None else now_ms() + duration
        return Fault(id=next(self._ids), kind=FaultKind(kind), account=account, until_ms=until, **numbers)

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._faults[fault.id] = fault

    def clear(self, kind: str | None = None) -> int:
        """End all faults, or those of a kind; answers how many."""
        ended = [fault.id for fault in self._faults.values() if kind in (None, fault.kind)]
        for fault_id in ended:
            del self._faults[fault_id]
        return len(ended)

    def active(self) -> list[Fault]:
        """The faults in force."""
        now = now_ms()
        for fault in list(self._faults.values()):
            if (fault.until_ms is not None and fault.until_ms <= now) or fault.count == 0:
                del self._faults[fault.id]
        return list(self._faults.values())

    def find(self, kind: FaultKind, phone: str, device: int | None = None) -> Fault | None:
        """The first fault of a kind in force for an account's device."""
        if not self._faults:
            return None
        return next((fault for fault in self.active() if fault.kind is kind and fault.concerns(phone, device)), None)

    def spend(self, kind: FaultKind, phone: str, device: int | None = None) -> bool:
        """Whether a counted fault strikes now; takes one off its count."""
        fault = self.find(kind, phone, device)
        if fault is None:
            return False
        if fault.count is not None:
            fault.count -= 1
        return True


def _number(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 86_400_000:  # noqa: PLR2004 - a day
        raise bad_request(f"{name} is an integer from 0 to 86400000")
    return value
