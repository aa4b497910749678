"""Put a file into the store."""

from dataclasses import dataclass
from typing import Any

from application.idempotency.request_key import RequestKey
from application.media.judgement import judge
from application.media.shelf import Description, MediaShelf
from application.ports.media_spool import SpooledFile
from application.ports.media_workshop import MediaWorkshop
from domain.media import Media, MediaKind
from domain.media_limits import check_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadMediaCommand:
    """A file that has come in.

    Attributes:
        mime_type: what came with it; its bytes have the last word.
        kind: what it is to be sent as, where that is known: then it is checked for that at once.
        request: the caller's key: the same file with the same key is stored once.
    """

    file: SpooledFile
    mime_type: str | None = None
    filename: str | None = None
    kind: MediaKind | None = None
    request: RequestKey | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked, as JSON."""
        return {
            "sha256": self.file.sha256,
            "mime_type": self.mime_type,
            "filename": self.filename,
            "kind": None if self.kind is None else self.kind.value,
        }


class UploadMedia:
    """Looks into a file and keeps it."""

    def __init__(self, shelf: MediaShelf, workshop: MediaWorkshop) -> None:
        self._shelf = shelf
        self._workshop = workshop

    async def execute(self, command: UploadMediaCommand) -> Media:
        """Keeps it.

        Raises:
            UnsupportedMediaError: ``MEDIA_BROKEN``, ``MEDIA_TYPE_MISMATCH``, ``MEDIA_TYPE_UNSUPPORTED``.
            TooLargeError: ``MEDIA_TOO_LARGE``, ``MEDIA_TOO_COMPLEX``.
            NotFoundError: ``MEDIA_NOT_FOUND``: the same request has stored it, and it is gone again.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            UnavailableError: nothing was stored.
        """
        keyed = None if command.request is None else command.request.of("media.upload", command.asked())
        known = await self._shelf.known(keyed)
        if known is not None:
            return known
        found = await self._workshop.inspect(
            command.file.path,
            mime_type=command.mime_type,
            filename=command.filename,
            as_document=command.kind is MediaKind.DOCUMENT,
        )
        kind = judge(found, said=command.mime_type, kind=command.kind)
        if command.kind is not None and command.kind is not MediaKind.STICKER:
            check_limits(command.kind, found.mime_type, command.file.size)
        what = Description(kind=kind, mime_type=found.mime_type, facts=found.facts, filename=command.filename)
        return await self._shelf.keep(command.file, what, keyed)
