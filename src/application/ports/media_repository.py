"""What is known of files. Their contents are in the ``MediaStore``."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ids import MediaId, MessageId, SessionId
from domain.media import Media, MediaKind, Sha256
from domain.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPosition:
    """Where a page of a list ended."""

    created_at: datetime
    id: MediaId


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file was made of, and what for: whoever wants the same again finds it."""

    made_of: Sha256
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """The files of somebody who doesn't see all: those of an owner, and those that messages of some sessions hold."""

    owner: str
    session_ids: frozenset[SessionId]


class MediaRepository(Protocol):
    """Files, and which messages hold them. Part of a unit of work."""

    @abstractmethod
    async def note(self, sha256: Sha256, size: int, *, now: datetime) -> bool:
        """Says that a content is about to be stored, or was. Comes first, and is committed before the storing begins.

        Waits for whoever removes the same content. Tells whether it was known: one that was noted, is stored, and isn't
        known any more has been removed meanwhile.
        """

    @abstractmethod
    async def add(self, media: Media, origin: Origin | None = None, *, owner: str | None = None) -> None:
        """Adds a file whose content was noted, and is stored by now. ``owner``: see ``MediaView``."""

    @abstractmethod
    async def get(self, media_id: MediaId) -> Media:
        """One file.

        Raises:
            NotFoundError: ``MEDIA_NOT_FOUND``.
        """

    @abstractmethod
    async def shows(self, media_id: MediaId, view: MediaView) -> bool:
        """Whether a file is there and among those of a view."""

    @abstractmethod
    async def made(self, origin: Origin, *, view: MediaView | None = None) -> Media | None:
        """A file of this origin, the newest where there are several; with a view only of its files."""

    @abstractmethod
    async def list(
        self, *, kind: MediaKind | None, after: MediaPosition | None, limit: int, view: MediaView | None = None
    ) -> Sequence[Media]:
        """Files, newest first by (created_at, id), those behind the given position; with a view only its files."""

    @abstractmethod
    async def use(self, message_id: MessageId, media_id: MediaId) -> None:
        """Says that a message that is to be sent holds a file: it stays until the message has left or won't.

        Raises:
            NotFoundError: ``MEDIA_NOT_FOUND``.
        """

    @abstractmethod
    async def attach(self, message: Message, media_id: MediaId) -> None:
        """Stores a message's content anew: its file has come into the store. The caller has locked the message.

        Raises:
            NotFoundError: ``MEDIA_NOT_FOUND``, ``MESSAGE_NOT_FOUND``.
        """

    @abstractmethod
    async def of_message(self, message_id: MessageId) -> Media | None:
        """The file that a message holds, where it is (still) in the store."""

    @abstractmethod
    async def delete(self, media_id: MediaId) -> None:
        """Forgets a file.

        Raises:
            NotFoundError: ``MEDIA_NOT_FOUND``.
            ConflictError: ``MEDIA_IN_USE``: a message that is to be sent holds it.
        """

    @abstractmethod
    async def expire(self, *, now: datetime, limit: int) -> int:
        """Forgets files whose time is over and which no message holds that is to be sent; tells how many."""

    @abstractmethod
    async def unneeded(self, *, before: datetime, limit: int) -> Sequence[Sha256]:
        """Contents that belong to no file and were last noted before a time. They aren't known any more from here on.

        Until the unit of work ends nobody notes them: that is the time to remove them from the store.
        """
