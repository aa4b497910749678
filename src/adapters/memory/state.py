"""What has been committed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.memory.media_tables import MediaState
from adapters.memory.tables import Table
from adapters.memory.webhook_tables import WebhookState
from application.ports.message_states import ParticipantReceipt
from domain.access import ApiKey, KeyHash, User
from domain.audit import AuditEntry, AuditRecord, ChainEnds
from domain.event import Event, NewEvent
from domain.ids import ApiKeyId, MessageId, SessionId, UserId, WhatsAppMessageId
from domain.jid import Jid
from domain.lease import Owner
from domain.message import Direction, Message, MessageStatus
from domain.message_state import MessageState
from domain.pacing import PaceState
from domain.session import Session, StatusChange
from domain.suppression import Suppression

WhatsAppKey = tuple[SessionId, WhatsAppMessageId]
RequestName = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session and its history, newest first."""

    session: Session
    history: tuple[StatusChange, ...]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message and its place in the order of acceptance."""

    position: int
    message: Message

    @property
    def is_open(self) -> bool:
        """Whether the outbox is concerned with it."""
        return self.message.direction is Direction.OUTBOUND and self.message.status in {
            MessageStatus.QUEUED,
            MessageStatus.SENDING,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRow:
    """A request that came with a key."""

    fingerprint: bytes
    begun_at: datetime
    busy_until: datetime
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """A session's newest lease. ``owner`` None: it was released."""

    epoch: int
    owner: Owner | None
    expires_at: datetime

    def is_valid(self, now: datetime) -> bool:
        """Whether somebody has it."""
        return self.owner is not None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key under its hash."""

    key: ApiKey
    hash: KeyHash


@dataclass(frozen=True, slots=True)
class IntentRow:
    """What was begun, and by whom."""

    owner: Owner
    record: AuditRecord


@dataclass(frozen=True, slots=True)
class AddressRow:
    """The number of the person whom an address belongs to, and one that rises with each that becomes known."""

    person: int
    known: int


@dataclass(slots=True)
class State:
    """The committed rows with their indexes, and the log."""

    sessions: dict[SessionId, SessionRow] = field(default_factory=dict)
    messages: dict[MessageId, MessageRow] = field(default_factory=dict)
    by_whatsapp_id: dict[WhatsAppKey, MessageId] = field(default_factory=dict)
    open_messages: dict[SessionId, set[MessageId]] = field(default_factory=dict)
    keyed_requests: dict[RequestName, KeyedRow] = field(default_factory=dict)
    leases: Table[SessionId, LeaseRow] = field(default_factory=Table)
    states: Table[WhatsAppKey, MessageState] = field(default_factory=Table)
    receipts: Table[tuple[SessionId, WhatsAppMessageId, Jid], ParticipantReceipt] = field(default_factory=Table)
    unsettled: list[NewEvent] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    pruned: int = 0
    webhooks: WebhookState = field(default_factory=WebhookState)
    media: MediaState = field(default_factory=MediaState)
    person_addresses: Table[tuple[SessionId, str], AddressRow] = field(default_factory=Table)
    watched: Table[tuple[SessionId, str], bool] = field(default_factory=Table)
    users: Table[UserId, User] = field(default_factory=Table)
    api_keys: Table[ApiKeyId, KeyRow] = field(default_factory=Table)
    audit_entries: Table[int, AuditEntry] = field(default_factory=Table)
    audit_ends: Table[str, ChainEnds] = field(default_factory=Table)
    audit_intents: Table[int, IntentRow] = field(default_factory=Table)
    last_intent: int = 0
    paces: Table[SessionId, PaceState] = field(default_factory=Table)
    begun_chats: Table[tuple[SessionId, str], datetime] = field(default_factory=Table)
    suppressions: Table[tuple[SessionId, str], Suppression] = field(default_factory=Table)
    last_person: int = 0
    last_position: int = 0

    @property
    def head(self) -> int:
        """The log's last place; those before the first event of ``log`` were removed."""
        return self.pruned + len(self.log)

    def next_position(self) -> int:
        """A place behind all that were given out; a transaction that is taken back leaves a gap."""
        self.last_position += 1
        return self.last_position

    def next_intent(self) -> int:
        """The number of what is begun; a transaction that is taken back leaves a gap."""
        self.last_intent += 1
        return self.last_intent

    def next_person(self) -> int:
        """A person's number; a transaction that is taken back leaves a gap."""
        self.last_person += 1
        return self.last_person

    def open_ids(self) -> Iterator[MessageId]:
        """The messages that the outbox is concerned with."""
        return (message_id for ids in self.open_messages.values() for message_id in ids)

    def put_message(self, row: MessageRow) -> None:
        """Stores a message's row and keeps the indexes true."""
        message = row.message
        self.messages[message.id] = row
        self.by_whatsapp_id[message.session_id, message.whatsapp_id] = message.id
        if row.is_open:
            self.open_messages.setdefault(message.session_id, set()).add(message.id)
        else:
            self.open_messages.get(message.session_id, set()).discard(message.id)
