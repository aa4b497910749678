"""Snapshots in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import override

from application.ports.session_store import NewSnapshot, SessionStore, StoredVersion
from domain.errors import PomboError
from domain.ids import SessionId
from domain.snapshot import Snapshot, SnapshotLabel, snapshot_not_found, stale_snapshot


@dataclass(slots=True)
class _Shelf:
    """A session's snapshots, oldest first."""

    epoch: int = 0
    version: int = 0
    snapshots: dict[int, Snapshot] = field(default_factory=dict)


class MemorySessionStore(SessionStore):
    """Keeps the newest snapshots of each session for as long as it lives.

    Args:
        kept: how many of each session are kept.
    """

    def __init__(self, *, kept: int = 3) -> None:
        self._kept = kept
        self._shelves: dict[SessionId, _Shelf] = {}
        self._damage: dict[tuple[SessionId, int], PomboError] = {}

    def damage(self, session_id: SessionId, version: int, error: PomboError) -> None:
        """Lets a snapshot be unreadable from now on."""
        self._damage[session_id, version] = error

    @override
    async def save(self, snapshot: NewSnapshot) -> SnapshotLabel:
        shelf = self._shelf(snapshot.session_id)
        if snapshot.epoch < shelf.epoch:
            raise stale_snapshot(snapshot.session_id, snapshot.epoch)
        shelf.epoch, shelf.version = snapshot.epoch, shelf.version + 1
        label = SnapshotLabel(
            session_id=snapshot.session_id,
            account=snapshot.account,
            epoch=snapshot.epoch,
            version=shelf.version,
            taken_at=snapshot.taken_at,
            kind=snapshot.image.kind,
        )
        shelf.snapshots[label.version] = Snapshot(label=label, image=snapshot.image)
        for version in sorted(shelf.snapshots)[: -self._kept]:
            del shelf.snapshots[version]
        return label

    @override
    async def versions(self, session_id: SessionId) -> Sequence[StoredVersion]:
        snapshots = self._shelf(session_id).snapshots
        return tuple(
            StoredVersion(version=version, label=snapshots[version].label)
            for version in sorted(snapshots, reverse=True)
        )

    @override
    async def load(self, session_id: SessionId, version: int) -> Snapshot:
        snapshot = self._shelf(session_id).snapshots.get(version)
        if snapshot is None:
            raise snapshot_not_found()
        if (error := self._damage.get((session_id, version))) is not None:
            raise error
        return snapshot

    @override
    async def delete(self, session_id: SessionId, *, epoch: int, up_to: int | None = None) -> None:
        shelf = self._shelf(session_id)
        shelf.epoch = max(shelf.epoch, epoch)
        for version in tuple(shelf.snapshots):
            if up_to is None or version <= up_to:
                del shelf.snapshots[version]

    @override
    async def own_sessions(self) -> Sequence[SessionId]:
        return tuple(sorted(session_id for session_id, shelf in self._shelves.items() if shelf.snapshots))

    @override
    async def rewrap(self, session_id: SessionId) -> int:
        return 0

    def _shelf(self, session_id: SessionId) -> _Shelf:
        return self._shelves.setdefault(session_id, _Shelf())
