"""Time and ids, without a real clock and without real chance."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, override

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from domain.ids import ApiKeyId, EventId, MediaId, MessageId, SessionId, UserId, WebhookId, WhatsAppMessageId
from domain.jid import Jid

EPOCH: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
_FIRST_OUTBOUND: Final = 1 << 40
"""WhatsApp's phones count their ids from one on."""


class VirtualClock(Clock):
    """The loop's time as a date. ``skew`` is how wrong it is: it may jump, as a machine's clock does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._said = (-1.0, EPOCH)
        self.skew = timedelta(0)

    @override
    def now(self) -> datetime:
        time = self._loop.time()
        if self._said[0] != time:
            self._said = (time, EPOCH + timedelta(seconds=time))
        return self._said[1] + self.skew

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=self._loop.time())

    @override
    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds())


class CountingIds(IdGenerator):
    """Ids in the order of their making, also across processes."""

    def __init__(self) -> None:
        self._count: Iterator[int] = itertools.count(1)

    @override
    def session_id(self) -> SessionId:
        return SessionId(f"s{next(self._count)}")

    @override
    def message_id(self) -> MessageId:
        return MessageId(f"msg_{next(self._count):026d}")

    @override
    def event_id(self) -> EventId:
        return EventId(f"evt_{next(self._count):026d}")

    @override
    def webhook_id(self) -> WebhookId:
        return WebhookId(f"whk_{next(self._count):026d}")

    @override
    def media_id(self) -> MediaId:
        return MediaId(f"media_{next(self._count):026d}")

    @override
    def user_id(self) -> UserId:
        return UserId(f"usr_{next(self._count):026d}")

    @override
    def api_key_id(self) -> ApiKeyId:
        return ApiKeyId(f"key_{next(self._count):026d}")

    @override
    def outbound_whatsapp_id(self, chat: Jid) -> WhatsAppMessageId:
        return WhatsAppMessageId(f"true_{chat}_3EB0{_FIRST_OUTBOUND + next(self._count):018X}")
