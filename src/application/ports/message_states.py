"""What was done to messages, at rest, whether the messages themselves are on record or not."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus, advances
from domain.message_state import MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceipt:
    """A member's receipt. ``status`` is ``DELIVERED``, ``READ`` or ``PLAYED``."""

    message: WhatsAppMessageId
    participant: Jid
    status: MessageStatus
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantReceipt:
    """How far a message has come with one member of its group. Times are those of the receipts that came."""

    participant: Jid
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    played_at: datetime | None = None

    @property
    def status(self) -> MessageStatus | None:
        """How far it has come; None: no receipt has come."""
        if self.played_at is not None:
            return MessageStatus.PLAYED
        if self.read_at is not None:
            return MessageStatus.READ
        return None if self.delivered_at is None else MessageStatus.DELIVERED

    def advance(self, receipt: NewReceipt) -> "ParticipantReceipt":
        """After a receipt; this same object when it says no more than what is known."""
        if self.status is not None and not advances(self.status, receipt.status):
            return self
        match receipt.status:
            case MessageStatus.PLAYED:
                return replace(self, played_at=receipt.at)
            case MessageStatus.READ:
                return replace(self, read_at=receipt.at)
            case _:
                return replace(self, delivered_at=receipt.at)


class MessageStates(Protocol):
    """States of messages of all sessions, by session and WhatsApp id. Part of a unit of work."""

    @abstractmethod
    async def look_up(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        """Those that something was done to. Waits for nobody and keeps nobody waiting."""

    @abstractmethod
    async def lock(
        self, session_id: SessionId, messages: Collection[WhatsAppMessageId]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        """The state of each; nobody else changes them before this unit of work ends.

        Who locks messages as well locks those first.
        """

    @abstractmethod
    async def save(self, session_id: SessionId, states: Mapping[WhatsAppMessageId, MessageState]) -> None:
        """Stores states that are locked."""

    @abstractmethod
    async def add_receipts(self, session_id: SessionId, receipts: Sequence[NewReceipt]) -> Sequence[NewReceipt]:
        """Stores those that say more than what is known of their message and member, and gives exactly those."""

    @abstractmethod
    async def receipts(self, session_id: SessionId, message: WhatsAppMessageId) -> Sequence[ParticipantReceipt]:
        """The receipts of a message, by member."""
