"""Leases: which gateway may run a session, and write what is observed of it."""

import re
from dataclasses import dataclass
from typing import Final

from domain.errors import ConflictError
from domain.ids import SessionId

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One life of a gateway.

    Attributes:
        node: the data directory it runs on; one gateway at a time does. Operators see it.
        life: new at each start.

    Both have 1 to 128 letters, digits, ``.``, ``_`` and ``-``, and start with a letter or a digit.
    """

    node: str
    life: str

    def __post_init__(self) -> None:
        for name in (self.node, self.life):
            if not _NAME.fullmatch(name):
                raise ValueError(f"not an owner's name: {name!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run a session, until it expires on the database's clock, is released, or another is given.

    Attributes:
        epoch: grows with each lease of a session, from 1 on: the newest one's holder is the owner.
    """

    session_id: SessionId
    owner: Owner
    epoch: int


STALE_LEASE: Final = "STALE_LEASE"


def stale_lease(lease: Lease) -> ConflictError:
    """What a write is refused with whose lease isn't valid any more."""
    return ConflictError(
        STALE_LEASE,
        "This gateway doesn't own the session any more; nothing was stored.",
        metadata={"session_id": lease.session_id, "node": lease.owner.node, "epoch": str(lease.epoch)},
    )
