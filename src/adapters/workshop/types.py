"""A file's type by its first bytes, its name and what is said of it. Runs in the workshop's process."""

import mimetypes
from pathlib import Path
from typing import Final

import puremagic

ANYTHING: Final = "application/octet-stream"
_HEAD: Final = 64 * 1024
_SURE: Final = 0.4
"""The confidence from which puremagic's word counts against the others': four bytes or more."""
_SAYS_NOTHING: Final = frozenset({"", ANYTHING, "binary/octet-stream", "application/x-www-form-urlencoded"})


def by_bytes(path: Path) -> list[str]:
    """What the first bytes may be, the likeliest first."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    return [match.mime_type for match in found if match.mime_type and match.confidence >= _SURE]


def by_name(filename: str | None) -> str | None:
    """What a name says."""
    return None if filename is None else mimetypes.guess_type(filename, strict=False)[0]


def of_document(sniffed: list[str], said: str | None, filename: str | None) -> str:
    """The type of a file that is neither picture, film nor sound.

    The bytes' word counts; where they leave several open (a ZIP may be a text of Word's), so does the caller's or the
    name's.
    """
    said = None if said is None or said in _SAYS_NOTHING else said
    named = by_name(filename)
    for claim in (said, named):
        if claim is not None and claim.partition(";")[0] in sniffed:
            return claim
    sure = {mime_type for mime_type in sniffed if mime_type == "application/pdf"}
    return next(iter(sure), None) or said or named or next(iter(sniffed), ANYTHING)
