"""Files that are at an address."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file that is coming.

    Attributes:
        chunks: its bytes. May raise ``MEDIA_LINK_FAILED`` (UnprocessableError).
        mime_type: what the server says that it is; None where it says nothing.
        filename: what the server calls it, or the address does; None where neither gives a name.
    """

    chunks: AsyncIterator[bytes]
    mime_type: str | None
    filename: str | None


class MediaFetcher(Protocol):
    """Fetches from the public Internet alone, unless it is allowed more."""

    @abstractmethod
    def check(self, url: str) -> None:
        """Refuses an address that can be told to be wrong without asking anybody.

        Raises:
            InvalidArgumentError: ``INVALID_MEDIA_LINK``; ``MEDIA_LINK_REFUSED``: it isn't public.
        """

    @abstractmethod
    def fetch(self, url: str, *, max_bytes: int) -> AbstractAsyncContextManager[FetchedFile]:
        """Begins to fetch; the context begins when the server has begun to answer with a file.

        Args:
            url: http or https.
            max_bytes: a file that is announced to be larger isn't begun. Whoever reads counts, too.

        Raises:
            InvalidArgumentError: ``INVALID_MEDIA_LINK``; ``MEDIA_LINK_REFUSED``: it, or what it
                leads to, isn't public.
            TooLargeError: ``MEDIA_TOO_LARGE``.
            UnprocessableError: ``MEDIA_LINK_FAILED``: there is no file to be had there.
        """
