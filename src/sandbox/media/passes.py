"""Who may upload: a device that is logged in, for a while."""

import secrets
from typing import Final, NamedTuple

from sandbox.clock import now_ms
from sandbox.errors import SandboxError
from sandbox.frames import Json
from sandbox.operations import Caller, Operations
from sandbox.store.devices import Device, DeviceStore

_TTL_MS: Final = 3_600_000
_MOST: Final = 10_000


class _Pass(NamedTuple):
    phone: str
    number: int
    device_id: int
    expires_ms: int


class Passes:
    """Passes are kept in memory: a restart of the server ends them, and a page asks for a new one."""

    def __init__(self, devices: DeviceStore, most_bytes: int) -> None:
        self._devices = devices
        self._most_bytes = most_bytes
        self._passes: dict[str, _Pass] = {}

    @property
    def operations(self) -> Operations:
        """What they answer."""
        return {"media_conn": self._issue}

    def _issue(self, caller: Caller, _frame: Json) -> Json:
        device = self._devices.get(caller.account.phone, caller.device)
        while len(self._passes) >= _MOST:
            del self._passes[next(iter(self._passes))]
        auth = secrets.token_urlsafe(32)
        self._passes[auth] = _Pass(device.phone, device.number, device.id, now_ms() + _TTL_MS)
        return {"auth": auth, "ttl_ms": _TTL_MS, "max_bytes": self._most_bytes}

    def check(self, auth: str) -> Device:
        """The device that a pass was given to.

        Raises:
            SandboxError: 401: there is no such pass, it has expired, or the device is no longer linked.
        """
        held = self._passes.get(auth)
        device = None if held is None else self._devices.find(held.phone, held.number)
        # A number may have been given again: the link must be the same one.
        if held is None or device is None or device.id != held.device_id or held.expires_ms <= now_ms():
            raise SandboxError(401, "UPLOAD_REFUSED", "only a logged-in device uploads: ask for a new media_conn")
        return device
