"""Make what is asked for into what can be sent: the file is in the store, in the form that WhatsApp wants."""

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from application.media.draft import MediaBytes, MediaDraft, MediaLink
from application.media.judgement import judge
from application.media.receive_media import ReceiveMedia
from application.media.shelf import Description, MediaShelf
from application.ports.clock import Clock
from application.ports.media_fetcher import MediaFetcher
from application.ports.media_repository import Origin
from application.ports.media_spool import MediaSpool, SpooledFile
from application.ports.media_store import MediaStore
from application.ports.media_workshop import Conversion, MediaWorkshop
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidArgumentError, TooLargeError, UnprocessableError, UnsupportedMediaError
from domain.media import MAX_FILENAME, Media, MediaKind, bare_type, check_filename, parse_mime_type
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video
from domain.media_limits import check_limits

_LASTING: Final = timedelta(days=1)
"""How long a file must still be kept to be taken for another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """A file that is on this machine, and what is known of it. ``media``: it is in the store, too."""

    file: SpooledFile
    mime_type: str | None
    filename: str | None
    media: Media | None


class PrepareMedia:
    """Fetches, checks, converts and keeps, whatever it takes."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        receive: ReceiveMedia,
        shelf: MediaShelf,
        store: MediaStore,
        spool: MediaSpool,
        workshop: MediaWorkshop,
        fetcher: MediaFetcher,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._receive = receive
        self._shelf = shelf
        self._store = store
        self._spool = spool
        self._workshop = workshop
        self._fetcher = fetcher

    async def execute(self, draft: MediaDraft) -> MediaContent:
        """The content, whose file is in the store.

        Raises:
            InvalidArgumentError: ``INVALID_MEDIA_LINK``, ``MEDIA_LINK_REFUSED``, ``MEDIA_EMPTY``.
            NotFoundError: ``MEDIA_NOT_FOUND``, ``MEDIA_MISSING``.
            TooLargeError: ``MEDIA_TOO_LARGE``, ``MEDIA_TOO_COMPLEX``.
            UnsupportedMediaError: ``MEDIA_TYPE_UNSUPPORTED``, ``MEDIA_TYPE_MISMATCH``, ``MEDIA_BROKEN``,
                ``MEDIA_NOT_CONVERTIBLE``.
            UnprocessableError: ``MEDIA_LINK_FAILED``.
            DeadlineExceededError: ``UPLOAD_STALLED``.
            UnavailableError: nothing was kept.
        """
        field = draft.kind.value
        try:
            return _content(draft, await self._media(draft))
        except (InvalidArgumentError, TooLargeError, UnprocessableError, UnsupportedMediaError) as error:
            # The field is the caller's, whoever found the fault.
            error.field = field if error.field is None else f"{field}.{error.field}"
            raise

    async def _media(self, draft: MediaDraft) -> Media:
        form = _form(draft)
        if isinstance(draft.source, str):
            async with self._uow.begin() as uow:
                media = await uow.media.get(draft.source)
            if form is None:
                _check(draft.kind, media.kind, media.mime_type, media.size)
                return media
            if (made := await self._made(Origin(made_of=media.sha256, form=form))) is not None:
                return made
        async with self._here(draft) as here:
            if form is not None:
                return await self._convert(here, Origin(made_of=here.file.sha256, form=form))
            return await self._keep(draft, here)

    @asynccontextmanager
    async def _here(self, draft: MediaDraft) -> AsyncIterator[_Here]:
        match draft.source:
            case str():
                async with self._uow.begin() as uow:
                    media = await uow.media.get(draft.source)
                async with self._store.local(media.sha256) as path:
                    file = SpooledFile(path=path, size=media.size, sha256=media.sha256)
                    yield _Here(file=file, mime_type=media.mime_type, filename=media.filename, media=media)
            case MediaLink(url=url):
                async with (
                    self._fetcher.fetch(url, max_bytes=self._receive.limit(draft.kind)) as fetched,
                    self._receive.execute(fetched.chunks, kind=draft.kind) as file,
                ):
                    yield _Here(
                        file=file,
                        mime_type=draft.mime_type or _readable_type(fetched.mime_type),
                        filename=draft.filename or _readable_name(fetched.filename),
                        media=None,
                    )
            case MediaBytes(data=data):
                async with self._receive.execute(_one(data), kind=draft.kind) as file:
                    yield _Here(file=file, mime_type=draft.mime_type, filename=draft.filename, media=None)
            case SpooledFile():
                yield _Here(file=draft.source, mime_type=draft.mime_type, filename=draft.filename, media=None)
            case _:
                assert_never(draft.source)

    async def _keep(self, draft: MediaDraft, here: _Here) -> Media:
        found = await self._workshop.inspect(
            here.file.path,
            mime_type=here.mime_type,
            filename=here.filename,
            as_document=draft.kind is MediaKind.DOCUMENT,
        )
        kind = judge(found, said=None, kind=draft.kind)
        _check(draft.kind, kind, found.mime_type, here.file.size)
        what = Description(kind=kind, mime_type=found.mime_type, facts=found.facts, filename=here.filename)
        return await self._shelf.keep(here.file, what)

    async def _made(self, origin: Origin) -> Media | None:
        async with self._uow.begin() as uow:
            made = await uow.media.made(origin)
        if made is None or (made.expires_at is not None and made.expires_at < self._clock.now() + _LASTING):
            return None
        return made

    async def _convert(self, here: _Here, origin: Origin) -> Media:
        if (made := await self._made(origin)) is not None:
            return made
        async with self._spool.room() as target:
            if origin.form == _VOICE:
                conversion = await self._workshop.make_voice_note(here.file.path, target)
                kind = MediaKind.AUDIO
            else:
                conversion = await self._workshop.make_sticker(here.file.path, target)
                kind = MediaKind.STICKER
            file = await self._spool.measure(target) if conversion.is_new else here.file
            check_limits(kind, conversion.mime_type, file.size)
            return await self._shelf.keep(file, _description(kind, conversion, origin))


_VOICE: Final = "voice"
_STICKER: Final = "sticker"


def _form(draft: MediaDraft) -> str | None:
    """The form that WhatsApp demands, where it does."""
    if draft.kind is MediaKind.STICKER:
        return _STICKER
    return _VOICE if draft.kind is MediaKind.AUDIO and draft.voice else None


def _check(wanted: MediaKind, kind: MediaKind, mime_type: str, size: int) -> None:
    if wanted is not MediaKind.DOCUMENT and kind is MediaKind.DOCUMENT:
        raise UnsupportedMediaError(
            "MEDIA_TYPE_MISMATCH",
            f"The file is no {wanted}: it is kept as a document.",
            metadata={"mime_type": bare_type(mime_type), "kind": kind.value},
        )
    check_limits(wanted, mime_type, size)


def _description(kind: MediaKind, conversion: Conversion, origin: Origin) -> Description:
    return Description(kind=kind, mime_type=conversion.mime_type, facts=conversion.facts, origin=origin)


def _content(draft: MediaDraft, media: Media) -> MediaContent:
    file = MediaReference(mime_type=media.mime_type, size=media.size, sha256=media.sha256, id=media.id)
    facts = media.facts
    match draft.kind:
        case MediaKind.IMAGE:
            return Image(
                media=file, caption=draft.caption, width=facts.width, height=facts.height, view_once=draft.view_once
            )
        case MediaKind.VIDEO:
            return Video(
                media=file,
                caption=draft.caption,
                gif=draft.gif,
                width=facts.width,
                height=facts.height,
                duration=facts.duration,
                view_once=draft.view_once,
            )
        case MediaKind.AUDIO:
            return Audio(
                media=file,
                voice=draft.voice,
                duration=facts.duration,
                waveform=facts.waveform if draft.voice else None,
                view_once=draft.view_once,
            )
        case MediaKind.DOCUMENT:
            name = draft.filename or media.filename or _name_of(media.mime_type)
            return Document(media=file, filename=name, caption=draft.caption)
        case MediaKind.STICKER:
            return Sticker(media=file, animated=facts.animated, width=facts.width, height=facts.height)
        case _:
            assert_never(draft.kind)


def _name_of(mime_type: str) -> str:
    """A document's name for want of one: the clients open it by its ending."""
    return f"document{mimetypes.guess_extension(bare_type(mime_type)) or ''}"


def _readable_type(text: str | None) -> str | None:
    """What a server says, where it can be read."""
    try:
        return None if text is None else parse_mime_type(text)
    except InvalidArgumentError:
        return None


def _readable_name(text: str | None) -> str | None:
    try:
        return None if text is None else check_filename(text[-MAX_FILENAME:])
    except InvalidArgumentError:
        return None


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
