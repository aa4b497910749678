"""Snapshots in Redis."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, override

from redis.asyncio import Redis

from adapters.redis.connection import translated
from application.ports.session_store import NewSnapshot, SessionStore, StoredVersion
from application.ports.snapshot_cipher import SealedSnapshot, SnapshotCipher
from domain.errors import InvalidArgumentError, UnavailableError, UnprocessableError
from domain.ids import SessionId, parse_session_id
from domain.snapshot import (
    Snapshot,
    SnapshotLabel,
    snapshot_corrupt,
    snapshot_foreign,
    snapshot_not_found,
    stale_snapshot,
)

_PREFIX: Final = "pombo:"
_TRIES: Final = 8

# A session's snapshots are one hash: `epoch` and `version` are those of the newest, and stay when all are deleted;
# `h:<version>` and `b:<version>` are headers and bodies. A script sees and changes all of it at once.
_VERSIONS: Final = """
local function versions()
  local found = {}
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local version = string.match(name, '^[hb]:(%d+)$')
    if version then found[tonumber(version)] = true end
  end
  local sorted = {}
  for version in pairs(found) do sorted[#sorted + 1] = version end
  table.sort(sorted)
  return sorted
end
local function drop(version)
  redis.call('HDEL', KEYS[1], string.format('h:%.0f', version), string.format('b:%.0f', version))
end
local function head(name)
  return tonumber(redis.call('HGET', KEYS[1], name) or '0') or 0
end
"""
_SAVE: Final = f"""{_VERSIONS}
local version, epoch, kept, header, body = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
if redis.call('HGET', KEYS[1], 'h:' .. ARGV[1]) == header then return 'saved' end
if epoch < head('epoch') then return 'stale' end
if version ~= head('version') + 1 then return 'again' end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'version', ARGV[1], 'h:' .. ARGV[1], header, 'b:' .. ARGV[1], body)
local all = versions()
for place = 1, #all - kept do drop(all[place]) end
return 'saved'
"""
_DELETE: Final = f"""{_VERSIONS}
local epoch, up_to = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, version in ipairs(versions()) do
  if up_to < 0 or version <= up_to then drop(version) end
end
if epoch > head('epoch') then redis.call('HSET', KEYS[1], 'epoch', ARGV[1]) end
"""
_REWRAP: Final = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class RedisSessionStore(SessionStore):
    """Keeps the newest snapshots of each session, sealed by a cipher.

    Args:
        client: the connection; its time-outs must fit what a snapshot takes to travel.
        cipher: seals and unseals.
        kept: how many of each session are kept, at least 1.
        prefix: what the keys start with; no globbing characters.
    """

    def __init__(self, client: Redis, cipher: SnapshotCipher, *, kept: int = 3, prefix: str = _PREFIX) -> None:
        self._client = client
        self._cipher = cipher
        self._kept = kept
        self._prefix = f"{prefix}snapshots:"
        self._save = client.register_script(_SAVE)
        self._delete = client.register_script(_DELETE)
        self._rewrap = client.register_script(_REWRAP)

    @override
    async def save(self, snapshot: NewSnapshot) -> SnapshotLabel:
        key = self._key(snapshot.session_id)
        for _ in range(_TRIES):
            with translated():
                newest, epoch = await self._client.hmget(key, ["version", "epoch"])
            if snapshot.epoch < _number(epoch):
                raise stale_snapshot(snapshot.session_id, snapshot.epoch)
            label = SnapshotLabel(
                session_id=snapshot.session_id,
                account=snapshot.account,
                epoch=snapshot.epoch,
                version=_number(newest) + 1,
                taken_at=snapshot.taken_at,
                kind=snapshot.image.kind,
            )
            sealed = await asyncio.to_thread(self._cipher.seal, label, snapshot.image)
            with translated():
                outcome = await self._save(
                    [key], [str(label.version), str(label.epoch), str(self._kept), sealed.header, sealed.body]
                )
            if outcome == b"saved":
                return label
            if outcome == b"stale":
                raise stale_snapshot(snapshot.session_id, snapshot.epoch)
        raise UnavailableError("CACHE_UNAVAILABLE", "Others store snapshots of this session all the time.")

    @override
    async def versions(self, session_id: SessionId) -> Sequence[StoredVersion]:
        headers = await self._headers(session_id)
        return tuple(
            StoredVersion(version=version, label=self._label(session_id, version, headers[version]))
            for version in sorted(headers, reverse=True)
        )

    @override
    async def load(self, session_id: SessionId, version: int) -> Snapshot:
        with translated():
            header, body = _raw(await self._client.hmget(self._key(session_id), [f"h:{version}", f"b:{version}"]))
        if header is None and body is None:
            raise snapshot_not_found()
        if header is None or body is None:
            raise snapshot_corrupt("a half of it is missing")
        label = self._cipher.label(header)
        if label.session_id != session_id:
            raise snapshot_foreign("of another session")
        if label.version != version:
            raise snapshot_foreign("not of the version that it is stored as")
        return await asyncio.to_thread(self._cipher.unseal, SealedSnapshot(header=header, body=body))

    @override
    async def delete(self, session_id: SessionId, *, epoch: int, up_to: int | None = None) -> None:
        with translated():
            await self._delete([self._key(session_id)], [str(epoch), str(-1 if up_to is None else up_to)])

    @override
    async def own_sessions(self) -> Sequence[SessionId]:
        found: list[SessionId] = []
        with translated():
            names = [name async for name in self._client.scan_iter(f"{self._prefix}*", _type="HASH")]
        for name in names:
            try:
                session_id = parse_session_id(name.decode().removeprefix(self._prefix))
            except (UnicodeDecodeError, InvalidArgumentError):
                continue  # not ours
            if any(self._cipher.is_ours(header) for header in (await self._headers(session_id)).values()):
                found.append(session_id)
        return tuple(sorted(found))

    @override
    async def rewrap(self, session_id: SessionId) -> int:
        done = 0
        for version, header in (await self._headers(session_id)).items():
            new = self._cipher.rewrap(header)
            if new is not None:
                with translated():
                    done += int(await self._rewrap([self._key(session_id)], [f"h:{version}", header, new]))
        return done

    async def _headers(self, session_id: SessionId) -> dict[int, bytes]:
        """Headers by version; an empty one where only the body is there."""
        key = self._key(session_id)
        with translated():
            names = _raw(await self._client.hkeys(key))
            versions = {int(name[2:]) for name in names if name and name[:2] in {b"h:", b"b:"} and name[2:].isdigit()}
            if not versions:
                return {}
            values = _raw(await self._client.hmget(key, [f"h:{version}" for version in versions]))
        return {version: value or b"" for version, value in zip(versions, values, strict=True)}

    def _label(self, session_id: SessionId, version: int, header: bytes) -> SnapshotLabel | None:
        try:
            label = self._cipher.label(header)
        except UnprocessableError:
            return None
        return label if (label.session_id, label.version) == (session_id, version) else None

    def _key(self, session_id: SessionId) -> str:
        return f"{self._prefix}{session_id}"


def _number(value: Any) -> int:
    return 0 if value is None else int(value)


def _raw(values: Any) -> list[bytes | None]:
    """What a client that decodes nothing gives; its types allow for one that does."""
    return list(values)
