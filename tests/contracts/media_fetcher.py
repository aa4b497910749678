"""What every fetcher of files does. Fixture: ``web``, which has a file, and none elsewhere."""

from dataclasses import dataclass

import pytest

from application.ports.media_fetcher import MediaFetcher
from domain.errors import InvalidArgumentError, TooLargeError, UnprocessableError

CONTENT = bytes(range(256)) * 1_000


@dataclass(frozen=True)
class Web:
    """What the fetcher can reach.

    Attributes:
        file: the address of ``CONTENT``, of type image/png and called ``sea.png``.
        nothing: one where nothing is.
        private: one that isn't public.
    """

    fetcher: MediaFetcher
    file: str
    nothing: str
    private: str


class MediaFetcherContract:
    async def test_a_file_comes(self, web: Web) -> None:
        async with web.fetcher.fetch(web.file, max_bytes=len(CONTENT)) as file:
            assert (file.mime_type, file.filename) == ("image/png", "sea.png")
            assert b"".join([chunk async for chunk in file.chunks]) == CONTENT

    async def test_one_that_is_too_large_isn_t_begun(self, web: Web) -> None:
        with pytest.raises(TooLargeError) as refused:
            async with web.fetcher.fetch(web.file, max_bytes=len(CONTENT) - 1):
                raise AssertionError
        assert refused.value.reason == "MEDIA_TOO_LARGE"

    async def test_what_isn_t_there(self, web: Web) -> None:
        with pytest.raises(UnprocessableError) as refused:
            async with web.fetcher.fetch(web.nothing, max_bytes=10):
                raise AssertionError
        assert (refused.value.reason, refused.value.field) == ("MEDIA_LINK_FAILED", "link")

    async def test_what_isn_t_public(self, web: Web) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            web.fetcher.check(web.private)
        assert (refused.value.reason, refused.value.field) == ("MEDIA_LINK_REFUSED", "link")
        with pytest.raises(InvalidArgumentError) as refused:
            async with web.fetcher.fetch(web.private, max_bytes=10):
                raise AssertionError
        assert refused.value.reason == "MEDIA_LINK_REFUSED"

    @pytest.mark.parametrize("url", ["", "sea.png", "file:///etc/passwd", "ftp://files.example/a", "http://"])
    async def test_what_is_no_address(self, web: Web, url: str) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            web.fetcher.check(url)
        assert (refused.value.reason, refused.value.field) == ("INVALID_MEDIA_LINK", "link")
        with pytest.raises(InvalidArgumentError):
            async with web.fetcher.fetch(url, max_bytes=10):
                raise AssertionError

    async def test_who_asks_may_leave(self, web: Web) -> None:
        async with web.fetcher.fetch(web.file, max_bytes=len(CONTENT)) as file:
            assert await anext(aiter(file.chunks))
        async with web.fetcher.fetch(web.file, max_bytes=len(CONTENT)) as file:
            assert b"".join([chunk async for chunk in file.chunks]) == CONTENT
