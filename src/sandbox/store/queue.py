"""What waits for each device until it says it has stored it."""

from typing import NamedTuple

from sandbox.store.database import Database


class Waiting(NamedTuple):
    """One queued frame: `body` is the frame's JSON object without `t`, `seq` and `offline`."""

    seq: int
    kind: str
    body: bytes


class QueueStore:
    """The per-device queues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, device_id: int, kind: str, body: bytes) -> int:
        """Queue a frame; answers its number, which rises."""
        sql = "INSERT INTO queue (device, kind, body) VALUES (?, ?, ?)"
        seq = self._database.write(sql, (device_id, kind, body)).lastrowid
        if seq is None:
            raise AssertionError("an insert has a row id")
        return seq

    def after(self, device_id: int, seq: int, limit: int) -> list[Waiting]:
        """What waits for a device beyond `seq`, in order."""
        sql = "SELECT seq, kind, body FROM queue WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?"
        return [Waiting(*row) for row in self._database.read(sql, (device_id, seq, limit))]

    def extent(self, device_id: int) -> tuple[int, int]:
        """How many frames wait for a device, and the number of the last (0 for none)."""
        sql = "SELECT count(*), coalesce(max(seq), 0) FROM queue WHERE device = ?"
        count, last = self._database.read(sql, (device_id,)).fetchone()
        return count, last

    def forget(self, device_id: int, seq: int) -> None:
        """Drop one frame that the device has stored; unknown numbers are ignored."""
        self._database.write("DELETE FROM queue WHERE seq = ? AND device = ?", (seq, device_id))
