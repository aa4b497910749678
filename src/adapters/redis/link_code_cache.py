"""QR codes in Redis."""

import json
from datetime import UTC, datetime
from typing import Final, override

from redis.asyncio import Redis

from adapters.redis.connection import translated
from application.ports.clock import Clock
from application.ports.link_code_cache import LinkCodeCache
from domain.ids import SessionId
from domain.session import QrCode

_PREFIX: Final = "pombo:"


class RedisLinkCodeCache(LinkCodeCache):
    """Keeps each session's present QR until it expires: Redis removes it, and a reader's clock has the last word.

    Args:
        client: the connection.
        clock: the reader's clock.
        prefix: what the keys start with.
    """

    def __init__(self, client: Redis, clock: Clock, *, prefix: str = _PREFIX) -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix

    @override
    async def put(self, session_id: SessionId, qr: QrCode) -> None:
        if qr.expires_at <= self._clock.now():
            await self.clear(session_id)
            return
        milliseconds = int(qr.expires_at.timestamp() * 1000) + 1
        with translated():
            await self._client.set(self._key(session_id), _write(qr), pxat=milliseconds)

    @override
    async def get(self, session_id: SessionId) -> QrCode | None:
        with translated():
            value = await self._client.get(self._key(session_id))
        if value is None:
            return None
        qr = _read(value)
        return qr if qr.expires_at > self._clock.now() else None

    @override
    async def clear(self, session_id: SessionId) -> None:
        with translated():
            await self._client.delete(self._key(session_id))

    def _key(self, session_id: SessionId) -> str:
        return f"{self._prefix}qr:{session_id}"


def _write(qr: QrCode) -> str:
    return json.dumps({"text": qr.text, "expires_at": qr.expires_at.isoformat()})


def _read(value: str | bytes) -> QrCode:
    stored = json.loads(value)
    return QrCode(text=stored["text"], expires_at=datetime.fromisoformat(stored["expires_at"]).astimezone(UTC))
