"""What files need of the outside."""

from dataclasses import dataclass

from application.media.settings import MediaSettings
from application.ports.media_fetcher import MediaFetcher
from application.ports.media_spool import MediaSpool
from application.ports.media_store import MediaStore
from application.ports.media_workshop import MediaWorkshop


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaParts:
    """The opened parts, handed to the container in one piece."""

    store: MediaStore
    spool: MediaSpool
    workshop: MediaWorkshop
    fetcher: MediaFetcher
    settings: MediaSettings
