"""What a text shows of the first link in it: looked up by the gateway itself, and by no third party."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import urljoin, urlsplit

from application.messages.page_summary import PageSummary, read_summary
from application.ports.media_fetcher import FetchedFile, MediaFetcher
from application.ports.media_spool import MediaSpool
from application.ports.media_workshop import MediaWorkshop
from domain.errors import PomboError
from domain.text_content import LinkPreview, Text

MAX_TITLE: Final = 300
MAX_DESCRIPTION: Final = 1_000
"""UTF-16 code units at most; a longer one is cut. Phones show a line or two."""

_MAX_URL: Final = 2_048
_MAX_PAGE: Final = 512 * 1024
"""Bytes of a page that are read: what it says of itself stands at its beginning."""
_LARGEST_PAGE: Final = 64 * 1024 * 1024
"""One that is announced to be larger isn't a page."""
_MAX_IMAGE: Final = 5 * 1024 * 1024
_MAX_THUMBNAIL: Final = 32 * 1024
"""Bytes: it is a part of the message itself."""
_SECONDS: Final = 5.0
"""How long a message waits for its preview at most."""
_AT_ONCE: Final = 16
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TRAILING: Final = frozenset(".,;:!?'\"\u201d\u2019\u00bb\u2026")
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


class LinkPreviews:
    """Looks links up, within limits of time, size and number. The fetcher keeps to the public Internet."""

    def __init__(
        self, fetcher: MediaFetcher, spool: MediaSpool | None = None, workshop: MediaWorkshop | None = None
    ) -> None:
        """Takes what it works with; without a spool and a workshop previews have no picture."""
        self._fetcher = fetcher
        self._spool = spool
        self._workshop = workshop
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def with_preview(self, text: Text) -> Text:
        """The text with what its first link shows. A link that shows nothing, or not in time, changes nothing."""
        url = first_link(text.body)
        if url is None:
            return text
        preview = None
        with suppress(PomboError, TimeoutError):
            async with asyncio.timeout(_SECONDS), self._places:
                summary = await self._summary(url)
                if summary is None or not summary.title:
                    return text
                preview = _preview(url, summary)
                if summary.image is not None:
                    preview = replace(preview, thumbnail=await self._thumbnail(url, summary.image))
        # A picture that can't be had, or not in time, leaves the words.
        return text if preview is None else replace(text, preview=preview)

    async def _thumbnail(self, page: str, image: str) -> bytes | None:
        if self._spool is None or self._workshop is None:
            return None
        try:
            address = urljoin(page, image)
        except ValueError:
            return None
        async with (
            self._fetcher.fetch(address, max_bytes=_MAX_IMAGE) as picture,
            self._spool.receive(picture.chunks, max_bytes=_MAX_IMAGE) as source,
            self._spool.room() as target,
        ):
            await self._workshop.make_thumbnail(source.path, target)
            made = await asyncio.to_thread(target.read_bytes)
            return made if len(made) <= _MAX_THUMBNAIL else None

    async def _summary(self, url: str) -> PageSummary | None:
        async with self._fetcher.fetch(url, max_bytes=_LARGEST_PAGE) as page:
            kind = (page.mime_type or "").partition(";")[0].strip().lower()
            if kind not in {"text/html", "application/xhtml+xml"}:
                return None
            return read_summary(await _beginning(page), page.mime_type)


async def _beginning(page: FetchedFile) -> bytes:
    read = bytearray()
    async for chunk in page.chunks:
        read += chunk
        if len(read) >= _MAX_PAGE:
            break
    return bytes(read[:_MAX_PAGE])


def first_link(text: str) -> str | None:
    """The first link in a text, without the sentence's own marks behind it; None where there is none to look up."""
    found = _LINK.search(text)
    if found is None:
        return None
    url = found[0]
    while url and (url[-1] in _TRAILING or _closes(url)):
        url = url[:-1]
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return url if host and len(url) <= _MAX_URL else None


def _closes(url: str) -> bool:
    """Whether it ends with a bracket that began before the link."""
    opens = _BRACKETS.get(url[-1])
    return opens is not None and url.count(url[-1]) > url.count(opens)


def _preview(url: str, summary: PageSummary) -> LinkPreview:
    return LinkPreview(
        url=url,
        title=_cut(summary.title or "", MAX_TITLE),
        description=_cut(summary.description, MAX_DESCRIPTION) if summary.description else None,
    )


def _cut(text: str, at_most: int) -> str:
    """At most so many UTF-16 code units, never half of a pair."""
    return text.encode("utf-16-le")[: 2 * at_most].decode("utf-16-le", "ignore")
