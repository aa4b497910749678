"""The files of messages that are on their way out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from application.ports.media_store import MediaStore
from domain.content import Content
from domain.errors import NotFoundError
from domain.media_content import MEDIA_CONTENTS
from domain.media_errors import media_missing


class OutgoingFiles:
    """Has a message's file on this machine while the message is handed to a page."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store

    @asynccontextmanager
    async def of(self, content: Content) -> AsyncIterator[Path | None]:
        """The file that a content holds; None where it holds none.

        Raises:
            NotFoundError: ``MEDIA_MISSING``: it isn't in the store.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """
        if not isinstance(content, MEDIA_CONTENTS):
            yield None
        elif content.media.sha256 is None:
            raise _never_stored()
        else:
            async with self._store.local(content.media.sha256) as path:
                yield path


def _never_stored() -> NotFoundError:
    error = media_missing("")
    return NotFoundError(error.reason, error.message)
