"""Files in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, override

from adapters.postgres.stored_json import dump, load
from adapters.postgres.transaction import Transaction
from application.ports.media_repository import MediaPosition, MediaRepository, MediaView, Origin
from application.representation.content import content_to_dict
from application.representation.media import facts_from_dict, facts_to_dict
from domain.errors import NotFoundError
from domain.ids import MediaId, MessageId
from domain.media import Media, MediaKind, Sha256
from domain.media_errors import media_in_use, media_not_found
from domain.message import Message

_COLUMNS: Final = "id, kind, mime_type, sha256, size, filename, facts, created_at, expires_at"

# Waits for whoever is removing the content, and then inserts.
_NOTE: Final = """
INSERT INTO pombo.media_blobs (sha256, size, touched_at) VALUES ($1, $2, $3)
ON CONFLICT (sha256) DO UPDATE SET touched_at = greatest(media_blobs.touched_at, excluded.touched_at)
RETURNING xmax = 0 AS is_new
"""
_ADD: Final = f"""
INSERT INTO pombo.media ({_COLUMNS}, made_of, form, owner) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING id
"""  # noqa: S608 - of constants
_SEEN: Final = """(media.owner = {0} OR EXISTS (
    SELECT FROM pombo.message_media JOIN pombo.messages ON messages.id = message_media.message_id
    WHERE message_media.media_id = media.id AND messages.session_id = ANY({1}::text[])
))"""
_SHOWS: Final = f"SELECT 1 FROM pombo.media WHERE id = $1 AND {_SEEN.format('$2', '$3')}"  # noqa: S608 - of constants
_GET: Final = f"SELECT {_COLUMNS} FROM pombo.media WHERE id = $1"  # noqa: S608 - of constants
_MADE: Final = f"""
SELECT {_COLUMNS} FROM pombo.media
WHERE made_of = $1 AND form = $2 AND ($3::text IS NULL OR {_SEEN.format("$3", "$4")})
ORDER BY created_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {_COLUMNS} FROM pombo.media
WHERE ($1::text IS NULL OR kind = $1) AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::text))
    AND ($5::text IS NULL OR {_SEEN.format("$5", "$6")})
ORDER BY created_at DESC, id DESC LIMIT $4
"""  # noqa: S608 - of constants
# Held until the commit: whoever removes files passes it over, and finds the message that holds it afterwards.
_HOLD: Final = "SELECT id FROM pombo.media WHERE id = $1 FOR KEY SHARE"
_USE: Final = """
INSERT INTO pombo.message_media (message_id, media_id) VALUES ($1, $2)
ON CONFLICT (message_id) DO UPDATE SET media_id = excluded.media_id
"""
_ATTACH: Final = "UPDATE pombo.messages SET content = $2 WHERE id = $1 RETURNING id"
_OF_MESSAGE: Final = f"""
SELECT {_COLUMNS} FROM pombo.media JOIN pombo.message_media ON media_id = id WHERE message_id = $1
"""  # noqa: S608 - of constants

_IN_USE: Final = """EXISTS (
    SELECT FROM pombo.message_media JOIN pombo.messages ON messages.id = message_media.message_id
    WHERE message_media.media_id = media.id AND messages.direction = 'outbound'
        AND messages.status IN ('QUEUED', 'SENDING')
)"""
_LOCK: Final = "SELECT id FROM pombo.media WHERE id = $1 FOR UPDATE"
# A statement of its own: what was committed while it waited for the lock must show.
_DELETE: Final = f"DELETE FROM pombo.media WHERE id = $1 AND NOT {_IN_USE} RETURNING id"  # noqa: S608 - of constants
_EXPIRED: Final = f"""
SELECT id FROM pombo.media WHERE expires_at <= $1 AND NOT {_IN_USE}
ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - of constants
_FORGET: Final = f"""
DELETE FROM pombo.media WHERE id = ANY($1::text[]) AND NOT {_IN_USE} RETURNING id
"""  # noqa: S608 - of constants
_UNNEEDED: Final = """
SELECT sha256 FROM pombo.media_blobs
WHERE touched_at < $1 AND NOT EXISTS (SELECT FROM pombo.media WHERE media.sha256 = media_blobs.sha256)
ORDER BY touched_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_DROP: Final = """
DELETE FROM pombo.media_blobs
WHERE sha256 = ANY($1::text[]) AND touched_at < $2
    AND NOT EXISTS (SELECT FROM pombo.media WHERE media.sha256 = media_blobs.sha256)
RETURNING sha256
"""


class PostgresMediaRepository(MediaRepository):
    """Files within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def note(self, sha256: Sha256, size: int, *, now: datetime) -> bool:
        (row,) = await self._transaction.write(_NOTE, sha256, size, now)
        return not row["is_new"]

    @override
    async def add(self, media: Media, origin: Origin | None = None, *, owner: str | None = None) -> None:
        made = (origin and origin.made_of, origin and origin.form)
        await self._transaction.write(_ADD, *_values(media), *made, owner)

    @override
    async def get(self, media_id: MediaId) -> Media:
        rows = await self._transaction.read(_GET, media_id)
        if not rows:
            raise media_not_found(media_id)
        return _to_media(rows[0])

    @override
    async def shows(self, media_id: MediaId, view: MediaView) -> bool:
        return bool(await self._transaction.read(_SHOWS, media_id, *_view(view)))

    @override
    async def made(self, origin: Origin, *, view: MediaView | None = None) -> Media | None:
        rows = await self._transaction.read(_MADE, origin.made_of, origin.form, *_view(view))
        return _to_media(rows[0]) if rows else None

    @override
    async def list(
        self, *, kind: MediaKind | None, after: MediaPosition | None, limit: int, view: MediaView | None = None
    ) -> Sequence[Media]:
        rows = await self._transaction.read(
            _LIST, kind and kind.value, after and after.created_at, after and after.id, limit, *_view(view)
        )
        return tuple(map(_to_media, rows))

    @override
    async def use(self, message_id: MessageId, media_id: MediaId) -> None:
        if not await self._transaction.write(_HOLD, media_id):
            raise media_not_found(media_id)
        await self._transaction.write(_USE, message_id, media_id)

    @override
    async def attach(self, message: Message, media_id: MediaId) -> None:
        await self.use(message.id, media_id)
        if not await self._transaction.write(_ATTACH, message.id, dump(content_to_dict(message.content))):
            raise NotFoundError(
                "MESSAGE_NOT_FOUND", "There is no message with this id.", metadata={"message_id": message.id}
            )

    @override
    async def of_message(self, message_id: MessageId) -> Media | None:
        rows = await self._transaction.read(_OF_MESSAGE, message_id)
        return _to_media(rows[0]) if rows else None

    @override
    async def delete(self, media_id: MediaId) -> None:
        if not await self._transaction.write(_LOCK, media_id):
            raise media_not_found(media_id)
        if not await self._transaction.write(_DELETE, media_id):
            raise media_in_use(media_id)

    @override
    async def expire(self, *, now: datetime, limit: int) -> int:
        expired = [row["id"] for row in await self._transaction.write(_EXPIRED, now, limit)]
        return len(await self._transaction.write(_FORGET, expired)) if expired else 0

    @override
    async def unneeded(self, *, before: datetime, limit: int) -> Sequence[Sha256]:
        found = [row["sha256"] for row in await self._transaction.write(_UNNEEDED, before, limit)]
        if not found:
            return ()
        return tuple(row["sha256"] for row in await self._transaction.write(_DROP, found, before))


def _view(view: MediaView | None) -> tuple[str | None, list[str]]:
    return (None, []) if view is None else (view.owner, list(view.session_ids))


def _values(media: Media) -> tuple[object, ...]:
    return (
        media.id,
        media.kind.value,
        media.mime_type,
        media.sha256,
        media.size,
        media.filename,
        dump(facts_to_dict(media.facts)),
        media.created_at,
        media.expires_at,
    )


def _to_media(row: Mapping[str, Any]) -> Media:
    return Media(
        id=MediaId(row["id"]),
        kind=MediaKind(row["kind"]),
        mime_type=row["mime_type"],
        sha256=row["sha256"],
        size=row["size"],
        filename=row["filename"],
        facts=facts_from_dict(load(row["facts"])),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
