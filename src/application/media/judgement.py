"""Whether a file is what it is said to be."""

from typing import Final

from application.ports.media_workshop import Inspection
from domain.errors import UnsupportedMediaError
from domain.media import MediaKind, bare_type

_FAMILIES: Final = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}
_LIKE: Final = frozenset({MediaKind.VIDEO, MediaKind.AUDIO})
"""Their containers are the same: a film's type is commonly said of sound in it."""


def judge(found: Inspection, *, said: str | None, kind: MediaKind | None) -> MediaKind:
    """What a file is kept as.

    Args:
        found: what its bytes say.
        said: the type that came with it.
        kind: what it is to be, where its giver has said that.

    Raises:
        UnsupportedMediaError: ``MEDIA_BROKEN``: it isn't whole; ``MEDIA_TYPE_MISMATCH``: it is something else.
    """
    if kind is MediaKind.DOCUMENT:
        return kind
    wanted = kind if kind is not None else _FAMILIES.get(bare_type(said or "").partition("/")[0])
    if wanted is MediaKind.STICKER:
        wanted = MediaKind.IMAGE
    if wanted is None or wanted is found.kind or {wanted, found.kind} == _LIKE:
        return found.kind
    if found.flaw is not None:
        raise UnsupportedMediaError("MEDIA_BROKEN", f"{found.flaw} It can go as a document.")
    raise UnsupportedMediaError(
        "MEDIA_TYPE_MISMATCH",
        f"The file is said to be {wanted}, and its bytes are {bare_type(found.mime_type)}.",
        metadata={"mime_type": bare_type(found.mime_type), "kind": found.kind.value},
    )
