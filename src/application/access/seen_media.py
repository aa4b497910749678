"""The files that a caller sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import override

from application.ports.media_repository import MediaPosition, MediaRepository, MediaView, Origin
from domain.ids import MediaId, MessageId, SessionId
from domain.media import Media, MediaKind, Sha256
from domain.media_errors import media_not_found
from domain.message import Message


class SeenMedia(MediaRepository):
    """A caller's own files, and those that messages of some sessions hold."""

    def __init__(self, media: MediaRepository, *, owner: str, session_ids: frozenset[SessionId]) -> None:
        self._media = media
        self._view = MediaView(owner=owner, session_ids=session_ids)

    @override
    async def note(self, sha256: Sha256, size: int, *, now: datetime) -> bool:
        return await self._media.note(sha256, size, now=now)

    @override
    async def add(self, media: Media, origin: Origin | None = None, *, owner: str | None = None) -> None:
        await self._media.add(media, origin, owner=owner or self._view.owner)

    @override
    async def get(self, media_id: MediaId) -> Media:
        media = await self._media.get(media_id)
        await self._check(media_id)
        return media

    @override
    async def shows(self, media_id: MediaId, view: MediaView) -> bool:
        return await self._media.shows(media_id, self._view) and await self._media.shows(media_id, view)

    @override
    async def made(self, origin: Origin, *, view: MediaView | None = None) -> Media | None:
        return await self._media.made(origin, view=view or self._view)

    @override
    async def list(
        self, *, kind: MediaKind | None, after: MediaPosition | None, limit: int, view: MediaView | None = None
    ) -> Sequence[Media]:
        return await self._media.list(kind=kind, after=after, limit=limit, view=view or self._view)

    @override
    async def use(self, message_id: MessageId, media_id: MediaId) -> None:
        await self._check(media_id)
        await self._media.use(message_id, media_id)

    @override
    async def attach(self, message: Message, media_id: MediaId) -> None:
        await self._media.attach(message, media_id)

    @override
    async def of_message(self, message_id: MessageId) -> Media | None:
        return await self._media.of_message(message_id)

    @override
    async def delete(self, media_id: MediaId) -> None:
        await self._check(media_id)
        await self._media.delete(media_id)

    @override
    async def expire(self, *, now: datetime, limit: int) -> int:
        return await self._media.expire(now=now, limit=limit)

    @override
    async def unneeded(self, *, before: datetime, limit: int) -> Sequence[Sha256]:
        return await self._media.unneeded(before=before, limit=limit)

    async def _check(self, media_id: MediaId) -> None:
        if not await self._media.shows(media_id, self._view):
            raise media_not_found(media_id)
