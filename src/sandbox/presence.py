"""Who is available, and who is typing: told as it happens, kept nowhere."""

from typing import Final

from sandbox.addresses import user_jid
from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json
from sandbox.hub import DeviceLink, Hub
from sandbox.store.accounts import Account, AccountStore

CHAT_STATES: Final = ("composing", "recording", "paused")
_PRESENCES: Final = ("available", "unavailable")
_NOBODY: Final = frozenset({404, 501})
"""How an address is refused that is well formed and isn't an account's."""


class Presence:
    """Presence of accounts (available while one of their devices says so) and typing."""

    def __init__(self, accounts: AccountStore, hub: Hub) -> None:
        self._accounts = accounts
        self._hub = hub
        self._last_seen: dict[str, int] = {}

    def type(self, sender: Account, to: object, state: object) -> None:
        """Tell the devices of another account that `sender` composes, records or has paused.

        Raises:
            SandboxError: 400 for an unknown state or a bad JID, 404 not on WhatsApp.
        """
        if state not in CHAT_STATES:
            raise bad_request(f"state is one of: {', '.join(CHAT_STATES)}")
        recipient = self._accounts.resolve(to)
        if recipient.phone != sender.phone:
            frame = {"t": "chatstate", "chat": sender.jid, "participant": sender.jid, "state": state}
            self._hub.tell(recipient.phone, frame)

    def announce(self, link: DeviceLink, state: object) -> None:
        """A device says whether it is in use.

        Raises:
            SandboxError: 400 for an unknown state.
        """
        if state not in _PRESENCES:
            raise bad_request(f"state is one of: {', '.join(_PRESENCES)}")
        self._set(link, available=state == "available")

    def gone(self, link: DeviceLink) -> None:
        """A device's connection has ended."""
        self._set(link, available=False)

    def subscribe(self, link: DeviceLink, jid: object) -> None:
        """Tell a device the presence of an account, now and whenever it changes.

        A group and who isn't on WhatsApp have no presence to tell of. The page asks anew after every login for each
        chat that it once asked for: refusing would close every connection of that device from then on.

        Raises:
            SandboxError: 400 for a bad JID.
        """
        try:
            phone = self._accounts.resolve(jid).phone
        except SandboxError as error:
            if error.status in _NOBODY:
                return
            raise
        link.subscriptions.add(phone)
        link.connection.send_object(self._frame(phone))

    def _set(self, link: DeviceLink, *, available: bool) -> None:
        phone = link.device.phone
        before = self._available(phone) or link.available
        link.available = available
        after = self._available(phone) or available
        if before == after:
            return
        if before:
            self._last_seen[phone] = now_ms() // 1000
        frame = self._frame(phone)
        for other in self._hub.all():
            if phone in other.subscriptions and not other.connection.crowded:
                other.connection.send_object(frame)

    def _available(self, phone: str) -> bool:
        return any(link.available for link in self._hub.of(phone))

    def _frame(self, phone: str) -> Json:
        available = self._available(phone)
        return {
            "t": "presence",
            "jid": user_jid(phone),
            "state": "available" if available else "unavailable",
            "last_seen": None if available else self._last_seen.get(phone),
        }
