"""What a web page says of itself: Open Graph (https://ogp.me) where it has it, else its title and description."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final, override

_CHARSET: Final = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_LOOK_FOR_CHARSET: Final = 2_048
"""Bytes at the beginning of a page in which it must name its encoding (the HTML Standard has 1,024)."""
_SPACES: Final = re.compile(r"\s+")
_TITLES: Final = ("og:title", "twitter:title")
_DESCRIPTIONS: Final = ("og:description", "twitter:description", "description")
_IMAGES: Final = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")
_NAMES: Final = frozenset({*_TITLES, *_DESCRIPTIONS, *_IMAGES})
_MAX_VALUE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSummary:
    """A page's title and description, without line breaks; None where it has none. ``image`` may be relative to it."""

    title: str | None
    description: str | None
    image: str | None = None


def read_summary(page: bytes, content_type: str | None) -> PageSummary:
    """Reads the beginning of a page, whatever it is: what can't be read is passed over."""
    reader = _Reader()
    reader.feed(_decoded(page, content_type))
    named = reader.named
    return PageSummary(
        title=_first(*(named.get(name) for name in _TITLES), "".join(reader.title)),
        description=_first(*(named.get(name) for name in _DESCRIPTIONS)),
        image=_first(*(named.get(name) for name in _IMAGES)),
    )


def _decoded(page: bytes, content_type: str | None) -> str:
    told = _CHARSET.search((content_type or "").encode("ascii", "ignore")) or _CHARSET.search(page[:_LOOK_FOR_CHARSET])
    encoding = "utf-8" if told is None else told[1].decode()
    try:
        return page.decode(encoding, "replace")
    except (LookupError, UnicodeError, ValueError):
        return page.decode("utf-8", "replace")


def _first(*texts: str | None) -> str | None:
    for text in texts:
        # A text that a message could not carry is made into one that it can.
        clean = "" if text is None else _SPACES.sub(" ", text.replace("\x00", "")).strip()
        clean = clean.encode("utf-8", "ignore").decode()
        if clean:
            return clean
    return None


class _Reader(HTMLParser):
    """Notes the first value of each named thing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.named: dict[str, str] = {}
        self.title: list[str] = []
        self._in_title = self._has_title = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            values = dict(attrs)
            name = (values.get("property") or values.get("name") or "").lower()
            content = values.get("content")
            if name in _NAMES and content:
                self.named.setdefault(name, content[:_MAX_VALUE])
        self._in_title = tag == "title" and not self._has_title

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._has_title, self._in_title = True, False

    @override
    def handle_data(self, data: str) -> None:
        if self._in_title and sum(map(len, self.title)) < _MAX_VALUE:
            self.title.append(data[:_MAX_VALUE])
