"""Receipts: only forward, recorded once, told to whom they concern."""

from collections.abc import Callable, Iterable

from sandbox.clock import now_ms
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.store.accounts import AccountStore
from sandbox.store.devices import DeviceStore
from sandbox.store.messages import MessageStore, Pending, ReceiptKind


class Receipts:
    """Records what participants did with messages and forwards it.

    Attributes:
        on_recorded: Called with the reader's number, the kind and what moved forward; the virtual phone listens.
    """

    def __init__(
        self, accounts: AccountStore, messages: MessageStore, devices: DeviceStore, hub: Hub, notices: Notices
    ) -> None:
        self.on_recorded: Callable[[str, ReceiptKind, list[Pending]], None] | None = None
        self._accounts = accounts
        self._messages = messages
        self._devices = devices
        self._hub = hub
        self._notices = notices

    def record(self, reader: str, device: int, kind: ReceiptKind, author: str, ids: Iterable[str]) -> list[Pending]:
        """Record that `reader`'s `device` (0: the phone) received, read or played messages of `author`.

        Goes to all devices of the author; `read` and `played` also to the reader's other devices. What was recorded
        before, and ids the author never sent to the reader, change nothing and are told to nobody.

        Args:
            reader: The reader's number.
            device: Which of the reader's devices; it isn't told what it said itself.
            kind: What was done.
            author: The number of the messages' sender.
            ids: Message ids.

        Returns:
            What moved forward.
        """
        at_ms = now_ms()
        moved = [
            pending for message_id in ids if (pending := self._messages.record(reader, author, message_id, kind, at_ms))
        ]
        if not moved:
            return moved
        body = {
            "kind": kind.value,
            "chat": self._accounts.get(reader).address,
            "participant": self._accounts.get(reader).address,
            "ids": [pending.id for pending in moved],
            "ts": at_ms // 1000,
            "self": False,
        }
        self._hub.deliver(self._devices.of(author), "receipt", body)
        self._notices.tell("receipt", author, chat=reader)
        if kind is not ReceiptKind.DELIVERED and author != reader:
            others = [other for other in self._devices.of(reader) if other.number != device]
            self._hub.deliver(others, "receipt", {**body, "chat": self._accounts.get(author).address, "self": True})
            self._notices.tell("receipt", reader, chat=author)
        if self.on_recorded is not None:
            self.on_recorded(reader, kind, moved)
        return moved
