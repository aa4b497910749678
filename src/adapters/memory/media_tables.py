"""The tables of files in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from adapters.memory.tables import Table, TableWrites
from application.ports.media_repository import Origin
from domain.ids import MediaId, MessageId
from domain.media import Media, Sha256


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file, what it was made of, and who sees it without seeing all files."""

    media: Media
    origin: Origin | None
    owner: str | None = None


@dataclass(slots=True)
class MediaState:
    """The committed rows. ``blobs``: when each content was last noted."""

    blobs: Table[Sha256, datetime] = field(default_factory=Table)
    files: Table[MediaId, MediaRow] = field(default_factory=Table)
    of_messages: Table[MessageId, MediaId] = field(default_factory=Table)


class MediaWrites:
    """One transaction's writes over them."""

    def __init__(self, state: MediaState) -> None:
        self.blobs = TableWrites(state.blobs)
        self.files = TableWrites(state.files)
        self.of_messages = TableWrites(state.of_messages)

    def commit(self) -> None:
        """Makes them visible."""
        self.blobs.commit()
        self.files.commit()
        self.of_messages.commit()
