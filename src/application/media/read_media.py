"""Find files, and read them."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from application.page_tokens import read_token, token_of
from application.ports.media_repository import MediaPosition
from application.ports.media_store import MediaStore
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidArgumentError
from domain.ids import parse_media_id
from domain.media import Media, MediaKind

MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMediaQuery:
    """``page_token`` is what the page before gave; ``kind`` None lists all."""

    kind: MediaKind | None = None
    page_token: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPage:
    """Files, newest first; ``next_page_token`` None when there are no more."""

    items: Sequence[Media]
    next_page_token: str | None


class GetMedia:
    """Finds a file."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, media_id: str) -> Media:
        """Finds it.

        Raises:
            InvalidArgumentError: ``INVALID_MEDIA_ID``.
            NotFoundError: ``MEDIA_NOT_FOUND``.
        """
        parsed = parse_media_id(media_id)
        async with self._uow.begin() as uow:
            return await uow.media.get(parsed)


class ListMedia:
    """Lists files, newest first."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: ListMediaQuery) -> MediaPage:
        """Lists.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        if not 1 <= query.limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        after = None if query.page_token is None else _read_token(query.page_token)
        async with self._uow.begin() as uow:
            found = await uow.media.list(kind=query.kind, after=after, limit=query.limit + 1)
        items = found[: query.limit]
        return MediaPage(items=items, next_page_token=_token(items[-1]) if len(found) > query.limit else None)


class ReadMedia:
    """Reads a file's content."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store

    def execute(self, media: Media, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from ``start`` up to but not including ``end``, in pieces.

        Raises:
            NotFoundError: ``MEDIA_MISSING``, before the first piece.
            UnavailableError: ``MEDIA_STORE_UNAVAILABLE``, at any time.
        """
        return self._store.read(media.sha256, start=start, end=end)


def _token(media: Media) -> str:
    return token_of(media.created_at, media.id)


def _read_token(token: str) -> MediaPosition:
    created_at, media_id = read_token(token, parse_media_id)
    return MediaPosition(created_at=created_at, id=media_id)
