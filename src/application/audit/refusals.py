"""Calls that were refused, counted so that nobody fills the disk with them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from application.audit.call import AuditedCall
from domain.audit import Actor, AuditRecord

STRANGERS: Final = 5
"""Entries a minute, beside one for all others, for calls with keys that aren't known."""
KNOWN: Final = 20
"""The same for calls whose key is known, and was refused."""
_OTHERS: Final = "others"


@dataclass(slots=True)
class _Counted:
    record: AuditRecord
    more: int = 0


class Refusals:
    """Counts within a window, whose end is told by ``close``.

    The first call of each kind gets an entry at once. What is like it, and comes in the same window, is told at the
    window's end as one more entry with its number. Of many kinds the last ones are told together.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[object, ...], _Counted] = {}
        self._used = {True: 0, False: 0}

    def add(self, call: AuditedCall, actor: Actor, *, reason: str, site: str, now: datetime) -> AuditRecord | None:
        """Counts a call; gives the entry that is to be written at once, if any."""
        is_known = actor.user_id is not None
        kind: tuple[object, ...] = (actor, reason, site, call.operation if is_known else None)
        record = AuditRecord(
            time=now,
            operation=call.operation,
            result=reason,
            transport=call.transport,
            actor=actor,
            address=call.address,
            request_id=call.request_id,
        )
        if kind not in self._counted:
            if self._used[is_known] < (KNOWN if is_known else STRANGERS):
                self._used[is_known] += 1
                self._counted[kind] = _Counted(record)
                return record
            # Whoever they are: there are too many for an entry each.
            kind = (_OTHERS, is_known)
            record = replace(record, address=None, request_id=None, actor=Actor(name=_OTHERS))
            self._counted.setdefault(kind, _Counted(record))
        self._counted[kind].more += 1
        return None

    def close(self) -> Iterator[AuditRecord]:
        """Ends the window: what came in it beside the first calls."""
        counted, self._counted, self._used = self._counted, {}, {True: 0, False: 0}
        for each in counted.values():
            if each.more:
                yield replace(each.record, request_id=None, count=each.more)
