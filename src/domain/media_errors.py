"""Errors of files that several places raise."""

from domain.errors import ConflictError, InvalidArgumentError, NotFoundError
from domain.ids import MediaId
from domain.media import Sha256


def media_not_found(media_id: MediaId) -> NotFoundError:
    """There is no such file."""
    return NotFoundError("MEDIA_NOT_FOUND", "There is no media with this id.", metadata={"media_id": media_id})


def media_in_use(media_id: MediaId) -> ConflictError:
    """The file can't go yet."""
    return ConflictError(
        "MEDIA_IN_USE", "A message that is to be sent holds this file.", metadata={"media_id": media_id}
    )


def media_missing(sha256: Sha256) -> NotFoundError:
    """The file is known, and its content isn't in the store."""
    return NotFoundError(
        "MEDIA_MISSING",
        "The file's content isn't in this gateway's media store: it was removed, or another machine's disk has it.",
        metadata={"sha256": sha256},
    )


def media_empty(field: str | None = None) -> InvalidArgumentError:
    """A file of no bytes."""
    return InvalidArgumentError("MEDIA_EMPTY", "The file is empty.", field=field)
