"""The virtual phones: devices that receive and read by themselves, at the pace of their account's settings."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from sandbox.clock import now_ms
from sandbox.receipts import Receipts
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.messages import MessageStore, Pending, ReceiptKind, StoredMessage

type _Due = tuple[str, ReceiptKind, str]  # reader, kind, author


class Phones:
    """Delivers and reads for every account whose phone is online.

    All that is waited for follows from the store (what isn't delivered, what isn't read) and the settings, so a
    restart, a phone that comes online and a change of settings all do the same: `reconsider`.
    """

    def __init__(self, accounts: AccountStore, messages: MessageStore, receipts: Receipts) -> None:
        self._accounts = accounts
        self._messages = messages
        self._receipts = receipts
        self._timers: dict[str, set[asyncio.TimerHandle]] = {}
        self._due: dict[_Due, list[str]] = {}
        receipts.on_recorded = self._on_recorded

    def start(self) -> None:
        """Take up what was pending when the server last stopped."""
        for account in self._accounts.all():
            self.reconsider(account)

    def stop(self) -> None:
        """Cancel all timers."""
        for phone in list(self._timers):
            self._cancel(phone)
        self._due.clear()

    def reconsider(self, account: Account) -> None:
        """Plan anew for an account, from the store and its settings."""
        self._cancel(account.phone)
        if not account.online:
            return
        for pending in self._messages.undelivered(account.phone):
            self._plan_delivery(account, pending)
        if account.read_after_ms is not None:
            for pending in self._messages.unread(account.phone):
                self._plan_read(account, pending)

    def expect(self, message: StoredMessage, members: Iterable[str] | None = None) -> None:
        """A message has come in for the phone of its recipient, or for those of a group's `members`."""
        pending = Pending(
            no=message.no,
            sender=message.sender,
            id=message.id,
            sent_ms=message.sent_ms,
            delivered_ms=None,
            group=None if members is None else message.recipient,
        )
        for phone in (message.recipient,) if members is None else members:
            account = self._accounts.find(phone)
            if account is not None and account.online:
                self._plan_delivery(account, pending)

    def _plan_delivery(self, account: Account, pending: Pending) -> None:
        if pending.sender == account.phone:
            # A note to oneself is read as soon as the phone has it.
            self._plan(account.phone, ReceiptKind.READ, pending, pending.sent_ms + account.deliver_after_ms)
            return
        self._plan(account.phone, ReceiptKind.DELIVERED, pending, pending.sent_ms + account.deliver_after_ms)

    def _plan_read(self, account: Account, pending: Pending) -> None:
        if account.read_after_ms is None or pending.delivered_ms is None:
            return
        # Another device may have been first to receive it: the phone reads what it has itself.
        held_ms = max(pending.delivered_ms, pending.sent_ms + account.deliver_after_ms)
        self._plan(account.phone, ReceiptKind.READ, pending, held_ms + account.read_after_ms)

    def _plan(self, phone: str, kind: ReceiptKind, pending: Pending, due_ms: int) -> None:
        wait_ms = due_ms - now_ms()
        due = (phone, kind, pending.sender)
        if wait_ms <= 0:
            self._gather(due, pending.id)
            return
        timers = self._timers.setdefault(phone, set())
        handle: asyncio.TimerHandle

        def ring() -> None:
            timers.discard(handle)
            self._gather(due, pending.id)

        handle = asyncio.get_running_loop().call_later(wait_ms / 1000, ring)
        timers.add(handle)

    def _gather(self, due: _Due, message_id: str) -> None:
        # Not recorded here but at the end of the pass: a burst gives one receipt for many ids, and the sender's
        # device gets its answer (ack 1) before the receipt (ack 2).
        if not self._due:
            asyncio.get_running_loop().call_soon(self._record)
        self._due.setdefault(due, []).append(message_id)

    def _record(self) -> None:
        gathered, self._due = self._due, {}
        for (reader, kind, author), ids in gathered.items():
            account = self._accounts.find(reader)
            if account is not None and account.online:
                self._receipts.record(reader, 0, kind, author, ids)

    def _on_recorded(self, reader: str, kind: ReceiptKind, moved: list[Pending]) -> None:
        account = self._accounts.find(reader)
        if account is None or not account.online or kind is not ReceiptKind.DELIVERED:
            return
        plan: Callable[[Pending], None] = partial(self._plan_read, account)
        for pending in moved:
            plan(pending)

    def _cancel(self, phone: str) -> None:
        for handle in self._timers.pop(phone, set()):
            handle.cancel()
        for due in [due for due in self._due if due[0] == phone]:
            del self._due[due]
