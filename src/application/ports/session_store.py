"""Snapshots of sessions, kept away from the machine that took them."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ids import SessionId
from domain.jid import Jid
from domain.snapshot import ProfileImage, Snapshot, SnapshotLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSnapshot:
    """A snapshot to be stored; see ``SnapshotLabel``."""

    session_id: SessionId
    account: Jid
    epoch: int
    taken_at: datetime
    image: ProfileImage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One of a session's snapshots. ``label`` None: it can't be read. A label is proven true only by ``load``."""

    version: int
    label: SnapshotLabel | None


class SessionStore(Protocol):
    """Encrypted, versioned snapshots, of which the newest few of each session are kept.

    Fenced by the lease's epoch: once a snapshot was stored, or deleted, under an epoch, none of an older one is taken.
    """

    @abstractmethod
    async def save(self, snapshot: NewSnapshot) -> SnapshotLabel:
        """Stores it whole as the newest version, or not at all.

        Raises:
            ConflictError: ``STALE_LEASE``: a newer owner has been at it.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def versions(self, session_id: SessionId) -> Sequence[StoredVersion]:
        """What there is of a session, newest first.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def load(self, session_id: SessionId, version: int) -> Snapshot:
        """Reads one, and proves that it is what was stored.

        Raises:
            NotFoundError: ``SNAPSHOT_NOT_FOUND``.
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_FOREIGN``, ``SNAPSHOT_UNSUPPORTED``,
                ``SNAPSHOT_KEY_UNKNOWN``.
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def delete(self, session_id: SessionId, *, epoch: int, up_to: int | None = None) -> None:
        """Deletes a session's snapshots, those up to a version or all, and takes none of an older epoch from now on.

        Versions go on counting. Idempotent.

        Args:
            session_id: whose.
            epoch: that of the lease under which it is done; 0 fences nothing off.
            up_to: the last version to delete.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def own_sessions(self) -> Sequence[SessionId]:
        """Sessions with snapshots that are sealed under keys of ours.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def rewrap(self, session_id: SessionId) -> int:
        """Wraps the data keys of a session's snapshots anew, under the first of our keys; tells how many.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """
