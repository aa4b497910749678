"""Identifiers that rise in the order of their making."""

import secrets
from typing import Final, override

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from domain.ids import ApiKeyId, EventId, MediaId, MessageId, SessionId, UserId, WebhookId, WhatsAppMessageId
from domain.jid import Jid

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 26
_RANDOM_BITS: Final = 80
_OUTBOUND_RANDOM_BYTES: Final = 9


class UlidGenerator(IdGenerator):
    """Makes ULIDs (https://github.com/ulid/spec) that never fall, even when the clock is set back.

    Two ids of the same millisecond differ by one in their random part, as the specification asks; a clock that goes
    backwards counts as standing still. Ids of different generators only rise with their clocks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    @override
    def session_id(self) -> SessionId:
        return SessionId(self._ulid().lower())

    @override
    def message_id(self) -> MessageId:
        return MessageId(f"msg_{self._ulid()}")

    @override
    def event_id(self) -> EventId:
        return EventId(f"evt_{self._ulid()}")

    @override
    def webhook_id(self) -> WebhookId:
        return WebhookId(f"whk_{self._ulid()}")

    @override
    def media_id(self) -> MediaId:
        return MediaId(f"media_{self._ulid()}")

    @override
    def user_id(self) -> UserId:
        return UserId(f"usr_{self._ulid()}")

    @override
    def api_key_id(self) -> ApiKeyId:
        return ApiKeyId(f"key_{self._ulid()}")

    @override
    def outbound_whatsapp_id(self, chat: Jid) -> WhatsAppMessageId:
        return WhatsAppMessageId(f"true_{chat}_3EB0{secrets.token_hex(_OUTBOUND_RANDOM_BYTES).upper()}")

    def _ulid(self) -> str:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        if milliseconds > self._last >> _RANDOM_BITS:
            # Half of the random range is left for counting on within the millisecond.
            self._last = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS - 1)
        else:
            self._last += 1
        return "".join(_ALPHABET[(self._last >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))
