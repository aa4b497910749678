"""Snapshots: images of the part of a session's profile that carries its login."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from domain.errors import ConflictError, NotFoundError, TooLargeError, UnprocessableError
from domain.ids import SessionId
from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileImage:
    """The login's part of a profile, as a driver packed it. A full credential of the account.

    Attributes:
        kind: which driver's form it has, and that form's version, like ``chromium/1``.
        data: the driver's own; nobody else reads it.
    """

    kind: str
    data: bytes

    @override
    def __repr__(self) -> str:
        return f"ProfileImage(kind={self.kind!r}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLabel:
    """What a snapshot is of.

    Attributes:
        account: the account's address by phone number.
        epoch: that of the lease under which it was taken.
        version: grows with each snapshot of a session, from 1 on.
        kind: of its image.
    """

    session_id: SessionId
    account: Jid
    epoch: int
    version: int
    taken_at: datetime
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot that has been read."""

    label: SnapshotLabel
    image: ProfileImage


SNAPSHOT_CORRUPT: Final = "SNAPSHOT_CORRUPT"
SNAPSHOT_FOREIGN: Final = "SNAPSHOT_FOREIGN"
SNAPSHOT_UNSUPPORTED: Final = "SNAPSHOT_UNSUPPORTED"
SNAPSHOT_KEY_UNKNOWN: Final = "SNAPSHOT_KEY_UNKNOWN"


def snapshot_corrupt(what: str) -> UnprocessableError:
    """It was cut off or changed."""
    return UnprocessableError(
        SNAPSHOT_CORRUPT, f"The snapshot can't be used: {what}. An older one is tried where there is one."
    )


def snapshot_foreign(what: str) -> UnprocessableError:
    """It is of another session or account."""
    return UnprocessableError(
        SNAPSHOT_FOREIGN,
        f"The snapshot is {what}, and isn't used. Something else writes into this Redis: give each installation a "
        "Redis database of its own.",
    )


def snapshot_unsupported(what: str) -> UnprocessableError:
    """This version of the program doesn't know its form."""
    return UnprocessableError(
        SNAPSHOT_UNSUPPORTED,
        f"This version of the program can't read the snapshot ({what}). Run the version that took it, or a newer one.",
    )


def snapshot_key_unknown(key_id: str) -> UnprocessableError:
    """It is sealed under a key that isn't here."""
    return UnprocessableError(
        SNAPSHOT_KEY_UNKNOWN,
        f"The snapshot is sealed under a key (id {key_id}) that isn't here. Add that key to POMBO_SNAPSHOT_KEY, or "
        "put the data directory's key file back, and start the session again.",
    )


def snapshot_too_large(size: int, limit: int) -> TooLargeError:
    """The image is larger than the setting allows."""
    return TooLargeError(
        "SNAPSHOT_TOO_LARGE",
        f"The login's part of the profile has {size:,} bytes or more, and a snapshot at most {limit:,}. Raise "
        "POMBO_SNAPSHOT_MAX_MB.",
    )


def snapshot_not_found() -> NotFoundError:
    """There is none of that version, or not any more."""
    return NotFoundError("SNAPSHOT_NOT_FOUND", "There is no such snapshot, or not any more.")


def stale_snapshot(session_id: SessionId, epoch: int) -> ConflictError:
    """Another owner of the session has taken one since."""
    return ConflictError(
        "STALE_LEASE",
        "This gateway doesn't own the session any more; its snapshot wasn't stored.",
        metadata={"session_id": session_id, "epoch": str(epoch)},
    )
