"""Accounts and devices of the WhatsApp in memory."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from adapters.memory.people import People
from application.ports.page_events import ChangesSeen, MessagesSeen, ReceiptsSeen, SeenMessage, SeenReceipt
from application.ports.whatsapp_driver import OutgoingOperation, StoredNews
from domain.changes import AnyChange
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus, advances
from domain.message_state import NOTHING_DONE, MessageState
from domain.session import Me

if TYPE_CHECKING:
    from adapters.memory.page import MemoryWhatsAppPage


@dataclass(slots=True, kw_only=True)
class Account:
    """An account and its phone.

    Attributes:
        online: whether the phone itself takes deliveries.
        reads: whether the phone reads at once what it takes.
        phone_messages: what the phone holds, in its own account's view, oldest first.
        sent: the account's own messages by the last part of their ids, which all views share.
        states: what was done to the messages that the phone holds.
        done: what was done to them, by anybody, in the order in which the phone learnt of it; what changed nothing that
            a person could see isn't there.
    """

    jid: Jid
    lid: Jid
    name: str
    online: bool = True
    reads: bool = False
    devices: dict[SessionId, "Profile"] = field(default_factory=dict)
    phone_messages: dict[WhatsAppMessageId, SeenMessage] = field(default_factory=dict)
    sent: dict[str, WhatsAppMessageId] = field(default_factory=dict)
    states: dict[WhatsAppMessageId, MessageState] = field(default_factory=dict)
    done: list[AnyChange] = field(default_factory=list)
    people: People = field(default_factory=People)

    @property
    def address(self) -> Jid:
        """The form by which others are told of it."""
        return self.lid if self.people.moved_to_lid else self.jid

    def learn(self, change: AnyChange) -> None:
        """Lets the phone have what was done to one of its messages."""
        before = self.states.get(change.target, NOTHING_DONE)
        after = self.states[change.target] = before.apply(change)
        if after.says_more(before, change):
            self.done.append(change)

    @property
    def me(self) -> Me:
        """The account as its own sessions know it."""
        return Me(jid=self.jid, lid=self.lid, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a profile held at a time."""

    session_id: SessionId
    link: int
    messages: dict[WhatsAppMessageId, SeenMessage]
    pending: dict[WhatsAppMessageId, SeenMessage]
    states: dict[WhatsAppMessageId, MessageState]
    operations: tuple[OutgoingOperation, ...]


@dataclass(slots=True, kw_only=True)
class Profile:
    """What a session's browser profile keeps while its page is closed.

    Attributes:
        account: the account it is linked to.
        revoked: the phone ended the link while the page couldn't hear of it.
        messages: what the page's storage holds, oldest first.
        queue: what WhatsApp holds for this device until it connects.
        pending: sent while the page had no connection; they leave when it has one.
        states: what the page's storage holds of what was done to messages.
        operations: what was to be done while the page had no connection.
        epoch: that of the lease it was opened under last.
        unread: it was opened since what it holds was said to be on record.
        link: which link it is; the images of an earlier one are of a device that is gone.
        lost: the machine with the profile is gone. WhatsApp still lists the device.
        muted: the page learns of messages and receipts but doesn't tell: a missed page event.
        orphans: messages that the page didn't have when it learnt what was done to them.
    """

    session_id: SessionId
    account: Account | None = None
    epoch: int = 0
    unread: bool = False
    revoked: bool = False
    messages: dict[WhatsAppMessageId, SeenMessage] = field(default_factory=dict)
    queue: deque[SeenMessage | SeenReceipt | AnyChange] = field(default_factory=deque)
    states: dict[WhatsAppMessageId, MessageState] = field(default_factory=dict)
    operations: list[OutgoingOperation] = field(default_factory=list)
    pending: dict[WhatsAppMessageId, SeenMessage] = field(default_factory=dict)
    page: "MemoryWhatsAppPage | None" = None
    link: int = 0
    lost: bool = False
    muted: bool = False
    orphans: set[WhatsAppMessageId] = field(default_factory=set)

    @property
    def login(self) -> Account | None:
        """The account that the profile's own storage signs in to."""
        return None if self.lost else self.account

    @property
    def has_login(self) -> bool:
        """Whether the profile holds what signs it in, be it still good or not."""
        return self.revoked or self.login is not None

    def take(self, item: SeenMessage | SeenReceipt | AnyChange) -> bool:
        """Gives the device what there is, now or when it connects. Tells whether it has it now."""
        if self.page is None or not self.page.connected:
            self.queue.append(item)
            return False
        event: MessagesSeen | ReceiptsSeen | ChangesSeen
        if isinstance(item, SeenMessage):
            is_news = self.messages.setdefault(item.whatsapp_id, item) is item
            event = MessagesSeen(messages=(item,))
        elif isinstance(item, SeenReceipt):
            is_news = apply_receipt(self.messages, item)
            event = ReceiptsSeen(receipts=(item,))
        else:
            if item.target not in self.messages:
                self.orphans.add(item.target)
            before = self.states.get(item.target, NOTHING_DONE)
            after = self.states[item.target] = before.apply(item)
            is_news = after is not before
            event = ChangesSeen(changes=(item,))
        if is_news and not self.muted:
            self.page.tell(event)
        return True


def known_since(
    messages: Mapping[WhatsAppMessageId, SeenMessage],
    states: Mapping[WhatsAppMessageId, MessageState],
    since: datetime,
) -> tuple[SeenMessage, ...]:
    """The messages that aren't older, oldest first, with what was done to them."""
    known = (message for message in messages.values() if message.timestamp >= since)
    return tuple(in_state(message, states) for message in sorted(known, key=lambda message: message.timestamp))


def stored_news(
    messages: Mapping[WhatsAppMessageId, SeenMessage],
    states: Mapping[WhatsAppMessageId, MessageState],
    since: datetime,
    recorded: Collection[WhatsAppMessageId],
) -> StoredNews:
    """What a profile holds."""
    changes = kept_changes(states, [target for target in recorded if target not in messages])
    return StoredNews(messages=known_since(messages, states, since), changes=changes)


def kept_changes(
    states: Mapping[WhatsAppMessageId, MessageState], targets: Collection[WhatsAppMessageId]
) -> tuple[AnyChange, ...]:
    """What a page keeps of messages that it may lack."""
    of_targets = [states.get(target, NOTHING_DONE) for target in targets]
    return tuple(each for state in of_targets for each in (state.pinned, *state.reactions) if each is not None)


def in_state(message: SeenMessage, states: Mapping[WhatsAppMessageId, MessageState]) -> SeenMessage:
    """A message with what was done to it."""
    state = states.get(message.whatsapp_id)
    return message if state is None else replace(message, changes=changes_of(state))


def changes_of(state: MessageState) -> tuple[AnyChange, ...]:
    """All that a state remembers."""
    single = (state.edited, state.revoked, state.pinned, state.starred, state.deleted)
    return (*(each for each in single if each is not None), *state.reactions, *state.votes)


def apply_receipt(messages: dict[WhatsAppMessageId, SeenMessage], receipt: SeenReceipt) -> bool:
    """Moves a message forward. Tells whether that was news."""
    message = messages.get(receipt.whatsapp_id)
    if message is None or not advances(message.status or MessageStatus.SENDING, receipt.status):
        return False
    messages[receipt.whatsapp_id] = replace(message, status=receipt.status)
    return True


def short_id(whatsapp_id: WhatsAppMessageId) -> str:
    """The part of an id that is the same in every view of the message."""
    return whatsapp_id.split("_")[2]


def id_for_recipient(whatsapp_id: WhatsAppMessageId, writer: Account) -> WhatsAppMessageId:
    """The id that a message of a writer has in its recipient's view."""
    return WhatsAppMessageId(f"false_{writer.address}_{short_id(whatsapp_id)}")


def flip_quoted(quoted: WhatsAppMessageId, writer: Account) -> WhatsAppMessageId:
    """The id that a quoted message has in the other person's view."""
    from_me, _, rest = quoted.split("_", 2)
    return WhatsAppMessageId(f"{'false' if from_me == 'true' else 'true'}_{writer.jid}_{rest}")
