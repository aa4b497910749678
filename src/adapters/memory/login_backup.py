"""Sealed logins in memory."""

from collections.abc import Mapping, Sequence
from typing import override

from application.ports.login_backup import LoginBackup
from domain.ids import SessionId


class MemoryLoginBackup(LoginBackup):
    """A dictionary of what is stored of each session."""

    def __init__(self, stored: Mapping[SessionId, Mapping[str, bytes]] | None = None) -> None:
        self._stored = {session_id: dict(fields) for session_id, fields in (stored or {}).items()}

    @override
    async def sessions(self) -> Sequence[SessionId]:
        return tuple(sorted(self._stored))

    @override
    async def read(self, session_id: SessionId) -> Mapping[str, bytes]:
        return dict(self._stored.get(session_id, {}))

    @override
    async def write(self, session_id: SessionId, fields: Mapping[str, bytes]) -> None:
        self._stored[session_id] = dict(fields)
        if not fields:
            del self._stored[session_id]

    @override
    async def remove(self, session_id: SessionId) -> None:
        self._stored.pop(session_id, None)
