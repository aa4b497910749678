"""QR codes in memory."""

from typing import override

from application.ports.clock import Clock
from application.ports.link_code_cache import LinkCodeCache
from domain.ids import SessionId
from domain.session import QrCode


class MemoryLinkCodeCache(LinkCodeCache):
    """Keeps each session's present QR until it expires by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[SessionId, QrCode] = {}

    @override
    async def put(self, session_id: SessionId, qr: QrCode) -> None:
        self._codes[session_id] = qr

    @override
    async def get(self, session_id: SessionId) -> QrCode | None:
        qr = self._codes.get(session_id)
        if qr is not None and qr.expires_at <= self._clock.now():
            del self._codes[session_id]
            return None
        return qr

    @override
    async def clear(self, session_id: SessionId) -> None:
        self._codes.pop(session_id, None)
