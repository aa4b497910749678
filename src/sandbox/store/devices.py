"""Linked devices: kept in memory, written through."""

from dataclasses import dataclass, replace

from sandbox.addresses import device_jid
from sandbox.clock import now_ms
from sandbox.errors import SandboxError
from sandbox.store.database import Database

_COLUMNS = (
    "id, phone, number, noise_pub, identity_pub, registration_id, platform, linked_ms, last_seen_ms, history_done"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A companion device linked to an account.

    Attributes:
        id: Of this store, never told to anyone.
        number: Of the account, rising from 1; 0 is the phone, which isn't stored.
        noise_pub: The X25519 public key by which the device is known.
        history_done: Whether the page has stored the history it gets after linking.
    """

    id: int
    phone: str
    number: int
    noise_pub: bytes
    identity_pub: bytes
    registration_id: int
    platform: str
    linked_ms: int
    last_seen_ms: int | None = None
    history_done: bool = False

    @property
    def jid(self) -> str:
        """`15550001:3@c.us`."""
        return device_jid(self.phone, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """What a device says of itself when it registers."""

    noise_pub: bytes
    identity_pub: bytes
    registration_id: int
    platform: str


class DeviceStore:
    """All linked devices and their queues' owners."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_phone: dict[str, dict[int, Device]] = {}
        for row in database.read(f"SELECT {_COLUMNS} FROM devices ORDER BY id"):  # noqa: S608 - a constant
            device = Device(
                id=row[0],
                phone=row[1],
                number=row[2],
                noise_pub=row[3],
                identity_pub=row[4],
                registration_id=row[5],
                platform=row[6],
                linked_ms=row[7],
                last_seen_ms=row[8],
                history_done=bool(row[9]),
            )
            self._by_phone.setdefault(device.phone, {})[device.number] = device

    def of(self, phone: str) -> list[Device]:
        """The devices linked to an account, oldest first."""
        return list(self._by_phone.get(phone, {}).values())

    def find(self, phone: str, number: int) -> Device | None:
        """One device."""
        return self._by_phone.get(phone, {}).get(number)

    def get(self, phone: str, number: int) -> Device:
        """One device.

        Raises:
            SandboxError: 404 `DEVICE_NOT_FOUND`.
        """
        device = self.find(phone, number)
        if device is None:
            raise SandboxError(404, "DEVICE_NOT_FOUND", "the account has no linked device of this number")
        return device

    def with_key(self, noise_pub: bytes) -> Device | None:
        """The device known by a noise key."""
        for devices in self._by_phone.values():
            for device in devices.values():
                if device.noise_pub == noise_pub:
                    return device
        return None

    def add(self, phone: str, number: int, new: NewDevice) -> Device:
        """Link a device; the caller has taken `number` from the account."""
        linked_ms = now_ms()
        cursor = self._database.write(
            "INSERT INTO devices (phone, number, noise_pub, identity_pub, registration_id, platform, linked_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (phone, number, new.noise_pub, new.identity_pub, new.registration_id, new.platform, linked_ms),
        )
        if cursor.lastrowid is None:
            raise AssertionError("an insert has a row id")
        device = Device(
            id=cursor.lastrowid,
            phone=phone,
            number=number,
            noise_pub=new.noise_pub,
            identity_pub=new.identity_pub,
            registration_id=new.registration_id,
            platform=new.platform,
            linked_ms=linked_ms,
        )
        self._by_phone.setdefault(phone, {})[number] = device
        return device

    def remove(self, device: Device) -> None:
        """Unlink a device and forget what waits for it."""
        self._database.write("DELETE FROM devices WHERE id = ?", (device.id,))
        self._database.write("DELETE FROM queue WHERE device = ?", (device.id,))
        del self._by_phone[device.phone][device.number]

    def saw(self, device: Device) -> None:
        """Note that the device is or was just connected."""
        seen = now_ms()
        self._database.write("UPDATE devices SET last_seen_ms = ? WHERE id = ?", (seen, device.id))
        self._replace(device, last_seen_ms=seen)

    def finish_history(self, device: Device) -> None:
        """Note that the device holds its history."""
        self._database.write("UPDATE devices SET history_done = 1 WHERE id = ?", (device.id,))
        self._replace(device, history_done=True)

    def _replace(self, device: Device, **changes: int | bool) -> None:
        current = self.find(device.phone, device.number)
        if current is not None:
            # The fields are this module's own; their types are those of the two callers above.
            self._by_phone[device.phone][device.number] = replace(current, **changes)  # type: ignore[arg-type]
