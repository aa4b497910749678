"""Sealed logins in Redis, copied as they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, override

from redis.asyncio import Redis

from adapters.redis.connection import translated
from application.ports.login_backup import LoginBackup
from domain.errors import InvalidArgumentError
from domain.ids import SessionId, parse_session_id

_PREFIX: Final = "pombo:"


class RedisLoginBackup(LoginBackup):
    """The hashes of ``RedisSessionStore``.

    Args:
        client: the connection; its time-outs must fit what a snapshot takes to travel.
        prefix: what the keys start with; no globbing characters.
    """

    def __init__(self, client: Redis, *, prefix: str = _PREFIX) -> None:
        self._client = client
        self._prefix = f"{prefix}snapshots:"

    @override
    async def sessions(self) -> Sequence[SessionId]:
        with translated():
            names = [name async for name in self._client.scan_iter(f"{self._prefix}*", _type="HASH")]
        found = set()
        for name in names:
            try:
                found.add(parse_session_id(name.decode().removeprefix(self._prefix)))
            except (UnicodeDecodeError, InvalidArgumentError):
                continue  # not ours
        return tuple(sorted(found))

    @override
    async def read(self, session_id: SessionId) -> Mapping[str, bytes]:
        with translated():
            fields: dict[Any, Any] = await self._client.hgetall(self._key(session_id))
        return {name.decode(): value for name, value in fields.items()}

    @override
    async def write(self, session_id: SessionId, fields: Mapping[str, bytes]) -> None:
        key = self._key(session_id)
        mapping: dict[Any, Any] = dict(fields)
        with translated():
            async with self._client.pipeline(transaction=True) as pipeline:
                # Only noted by the pipeline, and sent with it.
                _ = pipeline.delete(key)
                if fields:
                    _ = pipeline.hset(key, mapping=mapping)
                await pipeline.execute()

    @override
    async def remove(self, session_id: SessionId) -> None:
        with translated():
            await self._client.delete(self._key(session_id))

    def _key(self, session_id: SessionId) -> str:
        return f"{self._prefix}{session_id}"
