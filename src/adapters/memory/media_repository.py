"""Files in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import override

from adapters.memory.media_tables import MediaRow
from adapters.memory.state import MessageRow
from adapters.memory.transaction import Transaction
from application.ports.media_repository import MediaPosition, MediaRepository, MediaView, Origin
from domain.errors import NotFoundError
from domain.ids import MediaId, MessageId
from domain.media import Media, MediaKind, Sha256
from domain.media_errors import media_in_use, media_not_found
from domain.message import Message


class MemoryMediaRepository(MediaRepository):
    """Files within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.media

    @override
    async def note(self, sha256: Sha256, size: int, *, now: datetime) -> bool:
        await self._transaction.lock(("blob", sha256))
        noted = self._rows.blobs.get(sha256)
        self._rows.blobs.put(sha256, now if noted is None else max(noted, now))
        return noted is not None

    @override
    async def add(self, media: Media, origin: Origin | None = None, *, owner: str | None = None) -> None:
        await self._transaction.lock(("media", media.id))
        self._rows.files.put(media.id, MediaRow(media, origin, owner))

    @override
    async def get(self, media_id: MediaId) -> Media:
        return self._row(media_id).media

    @override
    async def shows(self, media_id: MediaId, view: MediaView) -> bool:
        row = self._rows.files.get(media_id)
        return row is not None and self._is_seen(row, view)

    @override
    async def made(self, origin: Origin, *, view: MediaView | None = None) -> Media | None:
        found = [row.media for _, row in self._rows.files.items() if row.origin == origin and self._is_seen(row, view)]
        return max(found, key=_position, default=None)

    @override
    async def list(
        self, *, kind: MediaKind | None, after: MediaPosition | None, limit: int, view: MediaView | None = None
    ) -> Sequence[Media]:
        found = [
            row.media
            for _, row in self._rows.files.items()
            if kind in {None, row.media.kind} and self._is_seen(row, view)
        ]
        if after is not None:
            found = [media for media in found if _position(media) < (after.created_at, after.id)]
        return tuple(sorted(found, key=_position, reverse=True)[:limit])

    @override
    async def use(self, message_id: MessageId, media_id: MediaId) -> None:
        await self._transaction.share(("media", media_id))
        self._row(media_id)
        self._rows.of_messages.put(message_id, media_id)

    @override
    async def attach(self, message: Message, media_id: MediaId) -> None:
        await self.use(message.id, media_id)
        row = self._transaction.message(message.id)
        if row is None:
            raise NotFoundError(
                "MESSAGE_NOT_FOUND", "There is no message with this id.", metadata={"message_id": message.id}
            )
        self._transaction.put_message(MessageRow(row.position, replace(row.message, content=message.content)))

    @override
    async def of_message(self, message_id: MessageId) -> Media | None:
        media_id = self._rows.of_messages.get(message_id)
        row = None if media_id is None else self._rows.files.get(media_id)
        return None if row is None else row.media

    @override
    async def delete(self, media_id: MediaId) -> None:
        await self._transaction.lock(("media", media_id))
        self._row(media_id)
        if self._is_in_use(media_id):
            raise media_in_use(media_id)
        self._forget(media_id)

    @override
    async def expire(self, *, now: datetime, limit: int) -> int:
        expired = [
            key
            for key, row in self._rows.files.items()
            if row.media.expires_at is not None and row.media.expires_at <= now and not self._is_in_use(key)
        ]
        free = [key for key in expired if self._transaction.can_lock(("media", key))][:limit]
        for key in free:
            await self._transaction.lock(("media", key))
            self._forget(key)
        return len(free)

    @override
    async def unneeded(self, *, before: datetime, limit: int) -> Sequence[Sha256]:
        needed = {row.media.sha256 for _, row in self._rows.files.items()}
        found = [sha256 for sha256, noted in self._rows.blobs.items() if noted < before and sha256 not in needed]
        free = [sha256 for sha256 in found if self._transaction.can_lock(("blob", sha256))][:limit]
        for sha256 in free:
            await self._transaction.lock(("blob", sha256))
            self._rows.blobs.put(sha256, None)
        return tuple(free)

    def _row(self, media_id: MediaId) -> MediaRow:
        row = self._rows.files.get(media_id)
        if row is None:
            raise media_not_found(media_id)
        return row

    def _is_seen(self, row: MediaRow, view: MediaView | None) -> bool:
        if view is None or row.owner == view.owner:
            return True
        holders = (
            self._transaction.message(message)
            for message, held in self._rows.of_messages.items()
            if held == row.media.id
        )
        return any(holder is not None and holder.message.session_id in view.session_ids for holder in holders)

    def _is_in_use(self, media_id: MediaId) -> bool:
        holders = (
            self._transaction.message(message) for message, held in self._rows.of_messages.items() if held == media_id
        )
        return any(row is not None and row.is_open for row in holders)

    def _forget(self, media_id: MediaId) -> None:
        self._rows.files.put(media_id, None)
        for message_id, held in tuple(self._rows.of_messages.items()):
            if held == media_id:
                self._rows.of_messages.put(message_id, None)


def _position(media: Media) -> tuple[datetime, MediaId]:
    return media.created_at, media.id
