"""The image of a profile whose browser runs."""

import time
from pathlib import Path
from typing import Final

import structlog

from adapters.playwright import freeze, profile_image
from adapters.playwright.profile import unreadable
from adapters.playwright.refusals import page_unavailable
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)
_SETTLED_NS: Final = 2_000_000_000
"""For how long a file is unchanged that is read before the browser is stopped: no file system's clock is coarser."""


def read(pid: int, directory: Path, limit: int) -> ProfileImage:
    """The login's part of a profile as it is at one moment, for which the browser is stopped. Blocks: use a thread.

    Args:
        pid: the browser's main process.
        directory: its profile.
        limit: most bytes that the image may have.

    Raises:
        UnavailableError: ``PAGE_UNAVAILABLE``, ``PROFILE_UNREADABLE``.
        TooLargeError: ``SNAPSHOT_TOO_LARGE``.
    """
    try:
        ahead = profile_image.read_ahead(directory, limit, time.time_ns() - _SETTLED_NS)
        began = time.monotonic()
        with freeze.frozen(pid):
            files = profile_image.read(directory, limit, ahead)
        paused = time.monotonic() - began
    except freeze.NotFrozenError as error:
        raise page_unavailable(str(error)) from error
    except OSError as error:
        raise unreadable(error) from error
    image = profile_image.pack(files)
    _LOG.debug("profile_imaged", bytes=len(image.data), files=len(files), paused_ms=round(paused * 1000, 1))
    return image
