"""The connected devices, and the way of a frame to a device: into its durable queue, then onto its socket."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from sandbox import frames
from sandbox.clock import now_ms
from sandbox.connection import Connection
from sandbox.frames import Json
from sandbox.store.database import Database
from sandbox.store.devices import Device, DeviceStore
from sandbox.store.queue import QueueStore

_BATCH: Final = 256
_OFFLINE_DONE: Final = frames.encode({"t": "offline_done"})

type DeviceKey = tuple[str, int]


class DeviceLink:
    """A logged-in device's delivery: a cursor into its queue.

    While `_behind`, frames come from the store in batches as the socket takes them; once caught up, new frames go
    straight to the socket. Falling behind again (a slow reader) only means going back to the store.

    Attributes:
        attached_ms: When the device logged in.
        available: The presence that the device announced.
        subscriptions: Whose presence it asked for: the number, and the address that it asked by.
    """

    def __init__(self, device: Device, connection: Connection, database: Database, queue: QueueStore) -> None:
        self.device = device
        self.connection = connection
        self.attached_ms = now_ms()
        self.available = False
        self.subscriptions: dict[str, str] = {}
        self._database = database
        self._queue = queue
        self._cursor = 0
        self._behind = True
        self._offline_end: int | None = None

    def start(self) -> None:
        """Announce what waited while the device was away, and deliver it and all that follows."""
        self._database.flush()
        count, self._offline_end = self._queue.extent(self.device.id)
        self.connection.send_object({"t": "offline_start", "count": count})
        self.connection.feed = self._feed
        self.connection.nudge()

    def push(self, seq: int, kind: str, body: bytes) -> None:
        """Send a frame that has just been queued, unless it has to wait its turn."""
        if self._behind or seq <= self._cursor:
            return
        if self.connection.crowded:
            self._behind = True
            return
        self._cursor = seq
        self.connection.send(frames.queued(kind, seq, body, offline=False))

    def _feed(self) -> list[bytes]:
        if not self._behind:
            return []
        self._database.flush()
        waiting = self._queue.after(self.device.id, self._cursor, _BATCH)
        batch: list[bytes] = []
        for seq, kind, body in waiting:
            offline = self._offline_end is not None and seq <= self._offline_end
            if not offline:
                self._end_offline(batch)
            batch.append(frames.queued(kind, seq, body, offline=offline))
            self._cursor = seq
        if len(waiting) < _BATCH:
            self._end_offline(batch)
            self._behind = False
        return batch

    def _end_offline(self, batch: list[bytes]) -> None:
        if self._offline_end is not None:
            self._offline_end = None
            batch.append(_OFFLINE_DONE)


class Hub:
    """Who is connected, and delivery to them."""

    def __init__(self, database: Database, queue: QueueStore, devices: DeviceStore) -> None:
        self._database = database
        self._queue = queue
        self._devices = devices
        self._links: dict[DeviceKey, DeviceLink] = {}

    def attach(self, device: Device, connection: Connection) -> DeviceLink:
        """Make `connection` the device's own; an older one is told of the conflict and closed."""
        self.conflict(device)
        link = DeviceLink(device, connection, self._database, self._queue)
        self._links[device.phone, device.number] = link
        self._devices.saw(device)
        return link

    def detach(self, link: DeviceLink) -> bool:
        """Forget a connection that has ended; answers whether it was still the device's own."""
        key = (link.device.phone, link.device.number)
        if self._links.get(key) is not link:
            return False
        del self._links[key]
        if self._devices.find(*key) is not None:
            self._devices.saw(link.device)
        return True

    def find(self, phone: str, number: int) -> DeviceLink | None:
        """The connection of a device, if it has one."""
        return self._links.get((phone, number))

    def of(self, phone: str) -> list[DeviceLink]:
        """The connected devices of an account."""
        return [link for device in self._devices.of(phone) if (link := self._links.get((phone, device.number)))]

    def all(self) -> list[DeviceLink]:
        """Every connected device."""
        return list(self._links.values())

    def conflict(self, device: Device) -> None:
        """Take the device's connection away as another connection of the same device does."""
        link = self._links.pop((device.phone, device.number), None)
        if link is not None:
            link.connection.close(frames.CLOSE_CONFLICT, "replaced", {"t": "conflict"})

    def expel(self, device: Device, reason: int, text: str) -> None:
        """Tell a connected device that it is logged out, and close."""
        link = self._links.pop((device.phone, device.number), None)
        if link is not None:
            failure = {"t": "failure", "reason": reason, "text": text}
            link.connection.close(frames.CLOSE_LOGGED_OUT, text, failure)

    def deliver(self, devices: Iterable[Device], kind: str, body: Json) -> None:
        """Queue a frame for devices and send it to those connected, once it is committed."""
        encoded = frames.encode(body)
        for device in devices:
            seq = self._queue.append(device.id, kind, encoded)
            link = self._links.get((device.phone, device.number))
            if link is not None:
                self._database.after_commit(partial(link.push, seq, kind, encoded))

    def tell(self, phone: str, frame: Json) -> None:
        """Send a passing frame (typing, presence) to an account's connected devices; it isn't queued."""
        encoded = frames.encode(frame)
        for link in self.of(phone):
            if not link.connection.crowded:
                link.connection.send(encoded)
