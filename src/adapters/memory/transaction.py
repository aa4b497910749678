"""One transaction: its own writes over what is committed."""

from collections.abc import Hashable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from adapters.memory.media_tables import MediaWrites
from adapters.memory.row_locks import RowLocks
from adapters.memory.state import (
    AddressRow,
    IntentRow,
    KeyedRow,
    KeyRow,
    LeaseRow,
    MessageRow,
    RequestName,
    SessionRow,
    State,
    WhatsAppKey,
)
from adapters.memory.tables import TableWrites
from adapters.memory.webhook_tables import WebhookWrites
from application.ports.message_states import ParticipantReceipt
from domain.access import User
from domain.audit import AuditEntry, ChainEnds
from domain.event import Event, NewEvent
from domain.ids import ApiKeyId, MessageId, SessionId, UserId, WhatsAppMessageId
from domain.jid import Jid
from domain.lease import Lease
from domain.message import MessageStatus
from domain.message_state import MessageState
from domain.pacing import PaceState
from domain.suppression import Suppression


class Transaction:
    """Reads see this transaction's writes, then what is committed; writes wait in here for the commit.

    Whoever writes a row takes its lock first, as a database does.
    """

    def __init__(self, state: State, locks: RowLocks) -> None:
        self._state = state
        self._locks = locks
        self._held: set[Hashable] = set()
        self._sessions: dict[SessionId, SessionRow | None] = {}
        self._messages: dict[MessageId, MessageRow] = {}
        self._added: dict[WhatsAppKey, MessageId] = {}
        self._keyed: dict[RequestName, KeyedRow | None] = {}
        self.events: list[NewEvent] = []
        self._tables: list[TableWrites[Any, Any] | WebhookWrites | MediaWrites] = []

    # Each table's writes are there from when they are asked for: few transactions need more than two.

    @cached_property
    def leases(self) -> TableWrites[SessionId, LeaseRow]:
        """Who runs which session."""
        return self._writing(TableWrites(self._state.leases))

    @cached_property
    def person_addresses(self) -> TableWrites[tuple[SessionId, str], AddressRow]:
        """Whose each address is."""
        return self._writing(TableWrites(self._state.person_addresses))

    @cached_property
    def watched(self) -> TableWrites[tuple[SessionId, str], bool]:
        """Whom sessions watch."""
        return self._writing(TableWrites(self._state.watched))

    @cached_property
    def webhooks(self) -> WebhookWrites:
        """All about webhooks."""
        return self._writing(WebhookWrites(self._state.webhooks))

    @cached_property
    def users(self) -> TableWrites[UserId, User]:
        """The users."""
        return self._writing(TableWrites(self._state.users))

    @cached_property
    def api_keys(self) -> TableWrites[ApiKeyId, KeyRow]:
        """The API keys."""
        return self._writing(TableWrites(self._state.api_keys))

    @cached_property
    def audit_entries(self) -> TableWrites[int, AuditEntry]:
        """The audit log."""
        return self._writing(TableWrites(self._state.audit_entries))

    @cached_property
    def audit_ends(self) -> TableWrites[str, ChainEnds]:
        """Its ends."""
        return self._writing(TableWrites(self._state.audit_ends))

    @cached_property
    def audit_intents(self) -> TableWrites[int, IntentRow]:
        """What was begun."""
        return self._writing(TableWrites(self._state.audit_intents))

    @cached_property
    def paces(self) -> TableWrites[SessionId, PaceState]:
        """Where each session's pace stands."""
        return self._writing(TableWrites(self._state.paces))

    @cached_property
    def begun_chats(self) -> TableWrites[tuple[SessionId, str], datetime]:
        """When chats were begun."""
        return self._writing(TableWrites(self._state.begun_chats))

    @cached_property
    def suppressions(self) -> TableWrites[tuple[SessionId, str], Suppression]:
        """Who isn't to be written to."""
        return self._writing(TableWrites(self._state.suppressions))

    @cached_property
    def states(self) -> TableWrites[WhatsAppKey, MessageState]:
        """What was done to messages."""
        return self._writing(TableWrites(self._state.states))

    @cached_property
    def receipts(self) -> TableWrites[tuple[SessionId, WhatsAppMessageId, Jid], ParticipantReceipt]:
        """How far messages came with each participant."""
        return self._writing(TableWrites(self._state.receipts))

    @cached_property
    def media(self) -> MediaWrites:
        """The files."""
        return self._writing(MediaWrites(self._state.media))

    def _writing[T: TableWrites[Any, Any] | WebhookWrites | MediaWrites](self, table: T) -> T:
        self._tables.append(table)
        return table

    async def lock(self, key: Hashable) -> None:
        """Takes a row's lock until the end of the transaction."""
        await self._locks.acquire(self, key)
        self._held.add(key)

    async def share(self, key: Hashable) -> None:
        """Keeps a row from being locked by others until the end of the transaction; any number may."""
        await self._locks.share(self, key)
        self._held.add(key)

    def can_lock(self, key: Hashable) -> bool:
        """Whether the row's lock is to be had without waiting."""
        return self._locks.is_free(self, key)

    def session(self, session_id: SessionId) -> SessionRow | None:
        """One session."""
        if session_id in self._sessions:
            return self._sessions[session_id]
        return self._state.sessions.get(session_id)

    def sessions(self) -> Iterator[SessionRow]:
        """All sessions."""
        merged: dict[SessionId, SessionRow | None] = {**self._state.sessions, **self._sessions}
        return (row for row in merged.values() if row is not None)

    def put_session(self, session_id: SessionId, row: SessionRow | None) -> None:
        """Writes or, with None, removes a session."""
        self._sessions[session_id] = row

    def message(self, message_id: MessageId) -> MessageRow | None:
        """One message."""
        return self._messages.get(message_id) or self._state.messages.get(message_id)

    def message_by_whatsapp_id(self, key: WhatsAppKey) -> MessageRow | None:
        """One message, by its key within the account."""
        message_id = self._added.get(key) or self._state.by_whatsapp_id.get(key)
        return self.message(message_id) if message_id else None

    def messages(self) -> Iterator[MessageRow]:
        """All messages."""
        return iter({**self._state.messages, **self._messages}.values())

    def open_messages(self, session_id: SessionId) -> list[MessageRow]:
        """A session's messages in ``QUEUED`` and ``SENDING``, in the order of their acceptance."""
        ids = self._state.open_messages.get(session_id, set()) | self._messages.keys()
        rows = (self.message(message_id) for message_id in ids)
        mine = (row for row in rows if row and row.is_open and row.message.session_id == session_id)
        return sorted(mine, key=lambda row: row.position)

    def queued_messages(self) -> list[MessageRow]:
        """All sessions' messages in ``QUEUED``."""
        rows = (self.message(message_id) for message_id in {*self._state.open_ids(), *self._messages})
        return [row for row in rows if row and row.is_open and row.message.status is MessageStatus.QUEUED]

    def next_position(self) -> int:
        """The place of a message that is being accepted."""
        return self._state.next_position()

    def next_intent(self) -> int:
        """The number of what is begun."""
        return self._state.next_intent()

    def next_person(self) -> int:
        """The number of a person who wasn't known."""
        return self._state.next_person()

    def put_message(self, row: MessageRow) -> None:
        """Writes a message."""
        self._messages[row.message.id] = row
        self._added[row.message.session_id, row.message.whatsapp_id] = row.message.id

    def keyed_request(self, name: RequestName) -> KeyedRow | None:
        """One request that came with a key."""
        return self._keyed[name] if name in self._keyed else self._state.keyed_requests.get(name)

    def keyed_requests(self) -> Iterator[tuple[RequestName, KeyedRow]]:
        """All of them."""
        merged: dict[RequestName, KeyedRow | None] = {**self._state.keyed_requests, **self._keyed}
        return ((name, row) for name, row in merged.items() if row is not None)

    def put_keyed_request(self, name: RequestName, row: KeyedRow | None) -> None:
        """Writes or, with None, removes a request."""
        self._keyed[name] = row

    def put_events(self, events: list[NewEvent]) -> None:
        """Appends events."""
        self.events.extend(events)

    def log_head(self) -> int:
        """The highest position in the event log."""
        return self._state.head

    def log_events(self, *, after: int, to: int) -> Iterator[Event]:
        """The log's events behind a position and up to another one, in order."""
        return (event for event in self._state.log if after < event.sequence <= to)

    def holds(self, lease: Lease, now: datetime) -> bool:
        """Whether a lease is valid, or nothing was written that needs it."""
        row = self._state.leases.rows.get(lease.session_id)
        if row is not None and row.is_valid(now) and (row.epoch, row.owner) == (lease.epoch, lease.owner):
            return True
        return self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written or locked."""
        return not (self._held or self.events)

    def commit(self) -> bool:
        """Makes the writes visible, all at once. Tells whether events were among them."""
        for session_id, row in self._sessions.items():
            if row is None:
                self._state.sessions.pop(session_id, None)
            else:
                self._state.sessions[session_id] = row
        for message in self._messages.values():
            self._state.put_message(message)
        for name, keyed in self._keyed.items():
            if keyed is None:
                self._state.keyed_requests.pop(name, None)
            else:
                self._state.keyed_requests[name] = keyed
        self._state.unsettled.extend(self.events)
        for table in self._tables:
            table.commit()
        return bool(self.events)

    def end(self) -> None:
        """Gives the locks back."""
        self._locks.release(self, self._held)
