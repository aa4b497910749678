"""The files of messages that came: from the store, or from WhatsApp through the session's page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from application.media.receive_media import ReceiveMedia
from application.media.shelf import Description, MediaShelf
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.media_page import PIECE, MediaPage
from application.ports.media_store import MediaStore
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.errors import NotFoundError, PomboError, UnavailableError, UnprocessableError
from domain.event import MessageMediaStored, NewEvent
from domain.ids import MessageId, parse_message_id
from domain.media import Media, MediaFacts, MediaKind
from domain.media_content import (
    MEDIA_CONTENTS,
    Audio,
    Document,
    Image,
    MediaContent,
    Sticker,
    Video,
    with_media_id,
)
from domain.media_limits import media_too_large
from domain.message import Message

_KINDS: Final = {
    Image: MediaKind.IMAGE,
    Video: MediaKind.VIDEO,
    Audio: MediaKind.AUDIO,
    Document: MediaKind.DOCUMENT,
    Sticker: MediaKind.STICKER,
}


class MessageMedia:
    """Finds a message's file; where it isn't in the store it is fetched, once, and stored."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        receive: ReceiveMedia,
        shelf: MediaShelf,
        store: MediaStore,
        workers: SessionWorkers,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._receive = receive
        self._shelf = shelf
        self._store = store
        self._workers = workers
        self._fetching: dict[MessageId, asyncio.Lock] = {}

    async def execute(self, message_id: str) -> Media:
        """The file, which is in the store when this returns.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``; ``MESSAGE_WITHOUT_MEDIA``: it holds no file.
            GoneError: ``MEDIA_EXPIRED``: neither the store nor WhatsApp has it any more.
            ConflictError: ``SESSION_NOT_RUNNING``: it isn't in the store, and nobody can be asked for it.
            TooLargeError: ``MEDIA_TOO_LARGE``.
            UnprocessableError: ``MEDIA_UNREADABLE``: what WhatsApp has isn't what the message says;
                ``TARGET_UNKNOWN``: it isn't in the store, and the page lacks the message.
            CapabilityUnavailableError: the page lacks the function.
            DeadlineExceededError: ``MEDIA_DOWNLOAD_TIMEOUT``, ``OWNER_SILENT``.
            UnavailableError: ``PAGE_UNAVAILABLE``, ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """
        parsed = parse_message_id(message_id)
        message, media = await self._find(parsed)
        if media is not None:
            return media
        # Whoever asks for the same meanwhile waits for it.
        lock = self._fetching.setdefault(parsed, asyncio.Lock())
        try:
            async with lock:
                message, media = await self._find(parsed)
                return await self._fetch(message) if media is None else media
        finally:
            if not lock.locked():
                self._fetching.pop(parsed, None)

    async def _find(self, message_id: MessageId) -> tuple[Message, Media | None]:
        async with self._uow.begin() as uow:
            message = await uow.messages.get(message_id)
            media = await uow.media.of_message(message_id)
        if not isinstance(message.content, MEDIA_CONTENTS):
            raise NotFoundError("MESSAGE_WITHOUT_MEDIA", "This message holds no file.")
        # One whose content is lost can be had again, perhaps.
        return message, None if media is None or await self._store.size(media.sha256) is None else media

    async def _fetch(self, message: Message) -> Media:
        content = message.content
        if not isinstance(content, MEDIA_CONTENTS):
            raise TypeError(type(content))
        limit = self._receive.limit()
        if content.media.size is not None and content.media.size > limit:
            raise media_too_large(limit)
        try:
            async with self._opened(message, limit) as (chunks, mime_type), self._receive.execute(chunks) as file:
                if content.media.sha256 not in {None, file.sha256}:
                    raise UnprocessableError("MEDIA_UNREADABLE", "What WhatsApp has isn't what the message says.")
                media = await self._shelf.keep(file, _description(content, mime_type))
        except NotFoundError as error:
            if error.reason == "MEDIA_NOT_OPEN":
                raise UnavailableError("PAGE_UNAVAILABLE", "The session's page dropped the file; ask again.") from error
            # With the message it lacks how to ask for the file. WhatsApp may have it.
            raise UnprocessableError("TARGET_UNKNOWN", "The session's page doesn't have the message.") from error
        await self._note(message, media)
        return media

    @asynccontextmanager
    async def _opened(self, message: Message, limit: int) -> AsyncIterator[tuple[AsyncIterator[bytes], str]]:
        page = (await self._workers.page(message.session_id)).media
        opened = await page.open(message.whatsapp_id)
        try:
            if opened.size > limit:
                raise media_too_large(limit)
            yield _pieces(page, opened.token, opened.size), opened.mime_type
        finally:
            # The page forgets it by itself after a while.
            with suppress(PomboError):
                await page.close(opened.token)

    async def _note(self, message: Message, media: Media) -> None:
        async with self._uow.begin() as uow:
            locked = await uow.messages.lock(message.session_id, [message.whatsapp_id])
            now = locked.get(message.whatsapp_id)
            if now is None or not isinstance(now.content, MEDIA_CONTENTS):
                return
            stored = replace(now, content=with_media_id(now.content, media.id))
            await uow.media.attach(stored, media.id)
            await uow.events.append(
                [
                    NewEvent(
                        id=self._ids.event_id(),
                        session_id=message.session_id,
                        time=self._clock.now(),
                        payload=MessageMediaStored(
                            message_id=message.id,
                            whatsapp_id=message.whatsapp_id,
                            chat=message.chat,
                            media=media,
                        ),
                    )
                ]
            )


async def _pieces(page: MediaPage, token: str, size: int) -> AsyncIterator[bytes]:
    start = 0
    while start < size:
        piece = await page.read(token, start=start, length=min(PIECE, size - start))
        if not piece:
            raise UnprocessableError("MEDIA_UNREADABLE", "The file ends before its end.")
        start += len(piece)
        yield piece


def _description(content: MediaContent, mime_type: str) -> Description:
    return Description(
        kind=_KINDS[type(content)],
        mime_type=content.media.mime_type or mime_type,
        facts=MediaFacts(
            width=getattr(content, "width", None),
            height=getattr(content, "height", None),
            duration=getattr(content, "duration", None),
            animated=getattr(content, "animated", False),
            waveform=getattr(content, "waveform", None),
        ),
        filename=content.filename if isinstance(content, Document) else None,
    )
