"""What a backup is made of, and what is wrong with one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import ConflictError, UnprocessableError

FORMAT: Final = 1
"""Of the backup's own lay-out. A higher one isn't read."""

PART_BYTES: Final = 4 * 1024 * 1024
"""The most bytes of a part. A content that is larger has several, so that none has to be in memory as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table's name, without its schema, and the columns that its rows give, in their order."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseShape:
    """What a database is like.

    Attributes:
        steps: the migrations that made its schema, by number, with the digest of each one's text.
        tables: in an order in which each comes after those that it refers to.
        sequences: where each stands: its last value, and whether that was given out.
    """

    steps: Mapping[int, str]
    tables: Sequence[TableShape]
    sequences: Mapping[str, tuple[int, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part as it was when it was written."""

    size: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Part":
        """Of these bytes."""
        return cls(size=len(data), sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in a backup.

    Attributes:
        version: of the program that made it.
        created_at: the moment whose state the rows are of.
        rows: of each table.
        sessions: those whose sealed logins are in it.
        media: files' contents that are in it; None when they were left out.
        media_missing: contents that the rows name and that the media store didn't have.
        keys: names of the keys that are in it; none unless they were asked for.
        parts: every part but the manifest, by name.
    """

    version: str
    created_at: datetime
    database: DatabaseShape
    rows: Mapping[str, int]
    sessions: Sequence[str]
    media: int | None
    media_missing: int
    keys: Sequence[str]
    parts: Mapping[str, Part]

    def parts_of(self, content: str) -> Iterator[str]:
        """Names of a content's parts, in their order."""
        number = 0
        while (name := part_name(content, number)) in self.parts:
            yield name
            number += 1

    @property
    def size(self) -> int:
        """Bytes of all parts, as they are when they aren't compressed."""
        return sum(part.size for part in self.parts.values())


def part_name(content: str, number: int) -> str:
    """The name of a content's part; the first is 0."""
    return f"{content}/{number:06}"


def backup_corrupt(what: str) -> UnprocessableError:
    """The file isn't what was written."""
    return UnprocessableError("BACKUP_CORRUPT", f"The backup is damaged: {what}. Nothing of it is used; take another.")


def backup_newer(what: str) -> ConflictError:
    """A newer version of this program made it."""
    return ConflictError(
        "BACKUP_NEWER", f"A newer version of this program made the backup ({what}). Restore it with that version."
    )
