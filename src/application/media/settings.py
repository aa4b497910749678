"""How files are treated."""

from dataclasses import dataclass
from datetime import timedelta

from domain.media_limits import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """What the operator decides.

    Attributes:
        max_bytes: the largest file that is taken in, whatever its kind.
        keep: how long files are kept; None: until they are deleted.
        download: whether the files of messages that come are fetched at once.
        download_max_bytes: the largest that are fetched at once; larger ones when they are asked for.
        stall: how long a file that comes in may bring nothing.
    """

    max_bytes: int = 128 * MIB
    keep: timedelta | None = timedelta(days=30)
    download: bool = True
    download_max_bytes: int = 16 * MIB
    stall: timedelta = timedelta(seconds=60)
