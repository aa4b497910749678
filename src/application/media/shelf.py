"""Keep a file that has come in."""

from dataclasses import dataclass

from application.audit.notes import note_target
from application.idempotency.within import answered, note_answer
from application.media.settings import MediaSettings
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.idempotency_repository import KeyedRequest
from application.ports.media_repository import Origin
from application.ports.media_spool import SpooledFile
from application.ports.media_store import MediaStore
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import MediaId
from domain.media import Media, MediaFacts, MediaKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is kept of a file beside its content."""

    kind: MediaKind
    mime_type: str
    facts: MediaFacts
    filename: str | None = None
    origin: Origin | None = None


class MediaShelf:
    """Stores contents and what is known of them: first the one, durably, then the other."""

    def __init__(
        self, uow: UnitOfWorkFactory, store: MediaStore, clock: Clock, ids: IdGenerator, settings: MediaSettings
    ) -> None:
        self._uow = uow
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings

    async def known(self, keyed: KeyedRequest | None) -> Media | None:
        """What a request with the same key has stored before.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            NotFoundError: ``MEDIA_NOT_FOUND``: it is gone again.
        """
        if keyed is None:
            return None
        async with self._uow.begin() as uow:
            answer = await uow.idempotency.find(keyed)
            return None if answer is None else await uow.media.get(MediaId(answer["media_id"]))

    async def keep(self, file: SpooledFile, what: Description, keyed: KeyedRequest | None = None) -> Media:
        """Keeps it; the same request gets the same file.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``, ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            await uow.media.note(file.sha256, file.size, now=self._clock.now())
        while True:
            await self._store.put(file)
            now = self._clock.now()
            async with self._uow.begin() as uow:
                before = await answered(uow, keyed, now)
                if before is not None:
                    return await uow.media.get(MediaId(before["media_id"]))
                # Where storing it took so long that it was held for nobody's and removed, it is stored again.
                if await uow.media.note(file.sha256, file.size, now=now):
                    media = Media(
                        id=self._ids.media_id(),
                        kind=what.kind,
                        mime_type=what.mime_type,
                        size=file.size,
                        sha256=file.sha256,
                        created_at=now,
                        filename=what.filename,
                        facts=what.facts,
                        expires_at=None if self._settings.keep is None else now + self._settings.keep,
                    )
                    await uow.media.add(media, what.origin)
                    await note_answer(uow, keyed, {"media_id": media.id})
                    note_target("media", media.id)
                    return media
