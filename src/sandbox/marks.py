"""What an account does to messages for itself alone: stars, and deleting for me. Its devices and its phone share it."""

from typing import Final

from sandbox.errors import bad_request
from sandbox.frames import Json
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import AccountStore
from sandbox.store.addons import AddonStore
from sandbox.store.devices import DeviceStore
from sandbox.store.messages import MessageStore, StoredMessage

_MOST: Final = 1000


class Marks:
    """Keeps stars and deletions and tells the account's other devices."""

    def __init__(
        self,
        accounts: AccountStore,
        messages: MessageStore,
        addons: AddonStore,
        devices: DeviceStore,
        hub: Hub,
        notices: Notices,
    ) -> None:
        self._accounts = accounts
        self._messages = messages
        self._addons = addons
        self._devices = devices
        self._hub = hub
        self._notices = notices
        self.operations: Operations = {"star": self.star, "delete_messages": self.delete}

    def star(self, caller: Caller, frame: Json) -> Json:
        """Star messages or take their stars away; what the account doesn't hold is passed over.

        Raises:
            SandboxError: 400 malformed.
        """
        starred = frame.get("starred")
        if not isinstance(starred, bool):
            raise bad_request("starred is true or false")
        keys = _keys(frame)
        for message in self._held(caller, keys):
            self._addons.star(caller.account.phone, message.no, starred=starred)
        self._tell(caller, "star", {"chat": frame.get("chat"), "messages": keys, "starred": starred})
        return {}

    def delete(self, caller: Caller, frame: Json) -> Json:
        """Delete messages for the account alone; what it doesn't hold is passed over.

        Raises:
            SandboxError: 400 malformed.
        """
        keys = _keys(frame)
        for message in self._held(caller, keys):
            self._addons.forget(caller.account.phone, message.no)
        self._tell(caller, "delete_messages", {"chat": frame.get("chat"), "messages": keys})
        return {}

    def _held(self, caller: Caller, keys: list[Json]) -> list[StoredMessage]:
        held = []
        for key in keys:
            author = self._accounts.who_was(key["participant"]).phone
            mine = self._messages.in_log(caller.account.phone, key["id"])
            held += [message for message in mine if message.sender == author]
        return held

    def _tell(self, caller: Caller, kind: str, body: Json) -> None:
        phone = caller.account.phone
        others = [device for device in self._devices.of(phone) if device.number != caller.device]
        self._hub.deliver(others, kind, body)
        self._notices.tell("message", phone)


def _keys(frame: Json) -> list[Json]:
    keys, chat = frame.get("messages"), frame.get("chat")
    if not isinstance(chat, str):
        raise bad_request("chat is a JID")
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST or not all(_is_key(key) for key in keys):
        raise bad_request(f"messages is a list of 1 to {_MOST} objects with the id and the participant of a message")
    return keys


def _is_key(key: object) -> bool:
    return isinstance(key, dict) and all(isinstance(key.get(name), str) for name in ("id", "participant"))
