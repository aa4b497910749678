"""The page's questions and commands."""

from collections.abc import Callable
from typing import Final

from sandbox.addresses import parse_phone
from sandbox.errors import SandboxError, bad_request, not_implemented
from sandbox.frames import Json, text_field
from sandbox.store.accounts import AccountStore
from sandbox.store.devices import DeviceStore

_MOST_PHONES: Final = 1000


class Questions:
    """Answers `iq` frames that change nothing; `logout` is the connection's own business."""

    def __init__(self, accounts: AccountStore, devices: DeviceStore) -> None:
        self._accounts = accounts
        self._devices = devices
        self._operations: dict[str, Callable[[Json], Json]] = {
            "exists": self._exists,
            "devices": self._list_devices,
        }

    def answer(self, frame: Json) -> Json:
        """The result of an operation.

        Raises:
            SandboxError: What the operation says; 501 with its name for an unknown one.
        """
        name = text_field(frame, "op", longest=64)
        operation = self._operations.get(name)
        if operation is None:
            raise not_implemented(f"iq {name}")
        return operation(frame)

    def _exists(self, frame: Json) -> Json:
        phones = frame.get("phones")
        if not isinstance(phones, list) or len(phones) > _MOST_PHONES:
            raise bad_request(f"phones is a list of at most {_MOST_PHONES} numbers")
        return {"items": [self._existence(phone) for phone in phones]}

    def _existence(self, value: object) -> Json:
        try:
            account = self._accounts.find(parse_phone(value))
        except SandboxError:  # what is no number has no account: that is the answer to the question
            account = None
        if account is None:
            return {"phone": value, "exists": False, "jid": None, "lid": None, "business": False}
        business = account.profile.business is not None
        return {"phone": value, "exists": True, "jid": account.jid, "lid": account.lid, "business": business}

    def _list_devices(self, frame: Json) -> Json:
        account = self._accounts.resolve(frame.get("jid"))
        return {"devices": [0, *(device.number for device in self._devices.of(account.phone))]}
