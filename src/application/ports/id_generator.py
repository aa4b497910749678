"""New identifiers."""

from abc import abstractmethod
from typing import Protocol

from domain.ids import ApiKeyId, EventId, MediaId, MessageId, SessionId, UserId, WebhookId, WhatsAppMessageId
from domain.jid import Jid


class IdGenerator(Protocol):
    """Makes ids. Those of one generator rise in the order of their making."""

    @abstractmethod
    def session_id(self) -> SessionId:
        """A slug for a session whose caller chose none."""

    @abstractmethod
    def message_id(self) -> MessageId:
        """``msg_`` and a ULID."""

    @abstractmethod
    def event_id(self) -> EventId:
        """``evt_`` and a ULID."""

    @abstractmethod
    def webhook_id(self) -> WebhookId:
        """``whk_`` and a ULID."""

    @abstractmethod
    def media_id(self) -> MediaId:
        """``media_`` and a ULID."""

    @abstractmethod
    def user_id(self) -> UserId:
        """``usr_`` and a ULID."""

    @abstractmethod
    def api_key_id(self) -> ApiKeyId:
        """``key_`` and a ULID."""

    @abstractmethod
    def outbound_whatsapp_id(self, chat: Jid) -> WhatsAppMessageId:
        """``true_{chat}_3EB0`` and 18 hexadecimal digits: the form that WhatsApp Web gives its own messages."""
