"""What an account does with its chats, from the phone or a device, and how the others of its devices learn of it."""

import time
from typing import Any, Final

from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json, ids_field
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import AccountStore
from sandbox.store.chat_states import ChatState, ChatStateStore
from sandbox.store.devices import DeviceStore
from sandbox.store.messages import MessageStore

MOST_PINNED: Final = 3
_LATEST_S: Final = 2**33
_MOST_KEPT: Final = 10_000
_FLAGS: Final = ("archived", "pinned", "marked_unread")


class ChatActions:
    """Archive, pin, mute, mark unread, clear, delete: kept by the server, told to all of the account's devices.

    On the wire a change names only what changed, so two devices that change different things don't undo each other.
    """

    def __init__(
        self,
        accounts: AccountStore,
        states: ChatStateStore,
        messages: MessageStore,
        devices: DeviceStore,
        hub: Hub,
        notices: Notices,
    ) -> None:
        self._accounts = accounts
        self._states = states
        self._messages = messages
        self._devices = devices
        self._hub = hub
        self._notices = notices
        self.operations: Operations = {
            "chat_state": lambda caller, frame: self.change(caller, frame.get("chat"), frame.get("change")).as_json(),
            "chat_clear": self.clear,
            "chat_delete": lambda caller, frame: self.clear(caller, frame, delete=True),
        }

    def change(self, caller: Caller, chat: object, change: object) -> ChatState:
        """Change a chat's state.

        Args:
            caller: Whose chat, and who changes it; that device isn't told.
            chat: The chat's JID.
            change: `archived`, `pinned`, `marked_unread` (booleans), `muted_until_s` (Unix seconds, -1 for good, 0 for
                not); at least one.

        Raises:
            SandboxError: 400 for what is no change; 409 `TOO_MANY_PINNED` for a fourth pinned chat, WhatsApp's limit.
        """
        owner = caller.account.phone
        key = self._accounts.chat_key(chat)
        held = self._states.get(owner, key)
        changes = _changes(change)
        if changes.get("pinned_s") and not held.pinned_s and self._states.pinned(owner) >= MOST_PINNED:
            raise SandboxError(409, "TOO_MANY_PINNED", f"at most {MOST_PINNED} chats can be pinned")
        if changes.get("pinned_s") and held.pinned_s:
            del changes["pinned_s"]
        state = self._states.change(owner, key, changes)
        if state != held:
            told = {name: value for name, value in state.as_json().items() if name in changes}
            self._tell(caller, "chat_state", {"chat": self._accounts.chat_address(key), "change": told})
        return state

    def clear(self, caller: Caller, frame: Json, *, delete: bool = False) -> Json:
        """Empty a chat up to the newest message that the caller knows; `delete` takes the chat away as well.

        What came later than `last` stays: the caller didn't see it. Messages named in `keep` (the starred ones) stay
        too, unless the chat is deleted.

        Raises:
            SandboxError: 400 malformed.
        """
        owner = caller.account.phone
        key = self._accounts.chat_key(frame.get("chat"))
        last = frame.get("last")
        if last is not None and not isinstance(last, str):
            raise bad_request("last is null or a message id")
        keep = ids_field(frame, "keep", most=_MOST_KEPT) if frame.get("keep") and not delete else []
        upto = self._messages.place(owner, key, last) if last is not None else None
        if upto is not None:
            self._messages.forget(owner, key, upto, keep)
        if not delete:
            self._states.change(owner, key, {})
        elif not self._messages.newest(owner, key, 1):
            self._states.drop(owner, key)
        told = {"chat": self._accounts.chat_address(key), "last": last, "keep": keep, "deleted": delete}
        self._tell(caller, "chat_cleared", told)
        return {}

    def _tell(self, caller: Caller, kind: str, body: Json) -> None:
        others = [device for device in self._devices.of(caller.account.phone) if device.number != caller.device]
        self._hub.deliver(others, kind, body)
        self._notices.tell("chat", caller.account.phone)


def _changes(change: object) -> dict[str, Any]:
    if not isinstance(change, dict) or not change or set(change) - {*_FLAGS, "muted_until_s"}:
        raise bad_request(f"change holds one or more of: {', '.join(_FLAGS)}, muted_until_s")
    for name in _FLAGS:
        if name in change and not isinstance(change[name], bool):
            raise bad_request(f"{name} is true or false")
    changes = dict(change)
    if "pinned" in changes:
        changes["pinned_s"] = int(time.time()) if changes.pop("pinned") else 0
    muted = changes.get("muted_until_s", 0)
    if not isinstance(muted, int) or isinstance(muted, bool) or not -1 <= muted < _LATEST_S:
        raise bad_request("muted_until_s is Unix seconds, -1 for good or 0 for not muted")
    return changes
