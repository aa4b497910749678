"""The audit log: who did what to what, from where, with which result; each entry bound to the one before it."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self, override

from domain.errors import InvalidArgumentError
from domain.ids import ApiKeyId, SessionId, UserId

OK: Final = "OK"
OPENED: Final = "OPENED"
"""A stream was opened; how it ended isn't told."""
UNKNOWN: Final = "UNKNOWN"
"""The gateway ended before the call did: it may have been done, or not."""
CANCELED: Final = "CANCELED"
"""Whoever called left before the end: it may have been done, or not."""

REMOVED: Final = "removed"
"""The kind of target by which the removal of old entries says how far it went."""
MOST_TARGETS: Final = 20

_MARK: Final = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
_NUMBER: Final = re.compile(r"\+?[0-9](?:[ ()./-]{0,2}[0-9]){6,}")
_SHOWN: Final = 4


class AuditTransport(StrEnum):
    """How it was asked for. Public and stable."""

    REST = "rest"
    GRPC = "grpc"
    CLI = "cli"
    """A command on a machine that reaches the database."""
    GATEWAY = "gateway"
    """Nobody asked: the gateway does it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it.

    Attributes:
        user_id: None where it was nobody with a key.
        key_id: None also for the key of the settings.
        name: of the key, for people; as it was then.
    """

    user_id: UserId | None = None
    key_id: ApiKeyId | None = None
    name: str = ""


GATEWAY: Final = Actor(name="gateway")
STRANGER: Final = Actor(name="unknown")
"""Who has no key that is known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What an entry tells. Never a content, a secret or a whole phone number.

    Attributes:
        time: when it was asked for.
        operation: as the policy names it.
        result: ``OK``, the reason of the error, or one of this module's words.
        address: where the call came from; None: from nowhere.
        request_id: the call's id, by which the log's lines are found.
        session_id: the session that it was about.
        targets: what else it was about, as ``kind:id``, without spaces.
        count: how many there were: messages of one call, or refused calls that one entry stands for.
    """

    time: datetime
    operation: str
    result: str
    transport: AuditTransport
    actor: Actor
    address: str | None = None
    request_id: str | None = None
    session_id: SessionId | None = None
    targets: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain, and the hash of the entry there: it stands for all entries up to it."""

    sequence: int
    hash: bytes

    @override
    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what ``str`` gave.

        Raises:
            InvalidArgumentError: ``INVALID_REQUEST``.
        """
        found = _MARK.fullmatch(text.strip().lower())
        if found is None:
            raise InvalidArgumentError(
                "INVALID_REQUEST", "Give a place in the audit log as SEQUENCE:HASH, with 64 hexadecimal digits."
            )
        return cls(int(found[1]), bytes.fromhex(found[2]))


GENESIS: Final = Mark(0, bytes(32))
"""Before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A record in its place."""

    sequence: int
    record: AuditRecord
    previous: bytes
    hash: bytes

    @property
    def mark(self) -> Mark:
        """Its place."""
        return Mark(self.sequence, self.hash)

    @property
    def is_intact(self) -> bool:
        """Whether its hash is that of what it says."""
        return self.hash == _hash(self.previous, self.sequence, self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnds:
    """What is on record of the chain's two ends.

    Attributes:
        removed: the last entry that retention removed; ``GENESIS`` where it has removed none.
        head: the newest entry.
    """

    removed: Mark = GENESIS
    head: Mark = GENESIS


def form(sequence: int, record: AuditRecord) -> dict[str, Any]:
    """What is hashed of an entry, and shown of it: it must never change for entries that exist."""
    return {
        "sequence": sequence,
        "time": record.time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "operation": record.operation,
        "result": record.result,
        "transport": record.transport.value,
        "actor": {"user_id": record.actor.user_id, "key_id": record.actor.key_id, "name": record.actor.name},
        "address": record.address,
        "request_id": record.request_id,
        "session_id": record.session_id,
        "targets": list(record.targets),
        "count": record.count,
    }


def _hash(previous: bytes, sequence: int, record: AuditRecord) -> bytes:
    """SHA-256 over the previous hash and the form as JSON: names sorted, no spaces, nothing but ASCII."""
    text = json.dumps(form(sequence, record), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous + text.encode("ascii")).digest()


def chained(head: Mark, records: Iterable[AuditRecord]) -> Iterator[AuditEntry]:
    """The entries that these records become behind a head."""
    for record in records:
        sequence = head.sequence + 1
        entry = AuditEntry(
            sequence=sequence, record=record, previous=head.hash, hash=_hash(head.hash, sequence, record)
        )
        yield entry
        head = entry.mark


def without_numbers(text: str) -> str:
    """A name with its phone numbers masked: of seven digits and more only the last four are told."""
    return _NUMBER.sub(lambda found: f"…{found[0][-_SHOWN:]}", text)
