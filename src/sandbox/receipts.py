"""Receipts: only forward, recorded once, told to whom they concern."""

from collections.abc import Callable, Iterable

from sandbox.clock import now_ms
from sandbox.frames import Json
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
        for group in dict.fromkeys(pending.group for pending in moved):
            part = [pending for pending in moved if pending.group == group]
            self._forward(reader, device, kind, author, group, part, at_ms)
        if self.on_recorded is not None:
            self.on_recorded(reader, kind, moved)
        return moved

    def _forward(
        self,
        reader: str,
        device: int,
        kind: ReceiptKind,
        author: str,
        group: str | None,
        moved: list[Pending],
        at_ms: int,
    ) -> None:
        who, of = self._accounts.get(reader), self._accounts.get(author)
        lid_mode = group is not None and self._accounts.in_lid_mode(group)
        addresses = [
            person.address if group is None else person.lid if lid_mode else person.jid for person in (who, of)
        ]
        body: Json = {
            "kind": kind.value,
            "chat": group or addresses[0],
            "participant": addresses[0],
            "ids": [pending.id for pending in moved],
            "ts": at_ms // 1000,
            "self": False,
        }
        if group is not None:
            # How far each has come with all who were in the group: the page can't know who they were.
            body["acks"] = [self._messages.ack(pending.no) for pending in moved]
        self._hub.deliver(self._devices.of(author), "receipt", body)
        self._notices.tell("receipt", author, chat=group or reader)
        if kind is ReceiptKind.DELIVERED or author == reader:
            return
        others = [other for other in self._devices.of(reader) if other.number != device]
        own = {**body, "chat": group or addresses[1], "self": True}
        self._hub.deliver(others, "receipt", own)
        self._notices.tell("receipt", reader, chat=group or author)
