"""Fetching files over HTTP keeps the port's contract, and goes nowhere else."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from adapters.http.media_fetcher import FetcherSettings, HttpMediaFetcher
from adapters.memory.media_fetcher import MemoryFile, MemoryMediaFetcher
from domain.errors import InvalidArgumentError, PomboError
from tests.contracts.media_fetcher import CONTENT, MediaFetcherContract, Web

from .receiver import Exchange, Receiver, receiving, status

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
FILE = status(200, "Content-Type: image/png", body=CONTENT)


async def serve(exchange: Exchange) -> None:
    path = exchange.request.line.split(" ")[1]
    host = exchange.request.headers["host"]
    answers = {
        "/sea.png?x=1": FILE,
        "/named": status(200, 'Content-Disposition: attachment; filename="my sea.png"', body=CONTENT),
        "/moved": status(302, "Location: /sea.png?x=1"),
        "/moved-often": status(302, "Location: /moved-often"),
        "/moved-inside": status(302, f"Location: http://127.0.0.2:{host.partition(':')[2]}/sea.png?x=1"),
        "/moved-by-name": status(302, f"Location: http://inside.example:{host.partition(':')[2]}/sea.png?x=1"),
        "/moved-to-file": status(302, "Location: file:///etc/passwd"),
        "/packed": status(200, "Content-Encoding: gzip", body=CONTENT),
        "/short": b"HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\nabc",
        "/endless": b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "/silent": b"",
    }
    await exchange.answer(answers.get(path, status(404)))
    if path in {"/endless", "/silent"}:
        await asyncio.Event().wait()
    exchange.writer.close()


NAMES = {
    "public.example": ["127.0.0.1"],
    "inside.example": ["127.0.0.2"],
    "both.example": ["127.0.0.1", "10.0.0.1"],
}


async def lookup(host: str, _: int) -> Sequence[str]:
    return NAMES[host]


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiving(serve) as server:
        yield server


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpMediaFetcher]:
    settings = FetcherSettings(allowed=LOOPBACK, timeout=timedelta(seconds=1))
    async with HttpMediaFetcher.open(settings, lookup) as fetcher:
        yield fetcher


def at(server: Receiver, path: str, host: str = "public.example") -> str:
    return f"http://{host}:{server.port}{path}"


async def fetch(fetcher: HttpMediaFetcher, url: str) -> bytes:
    async with fetcher.fetch(url, max_bytes=1_000_000) as file:
        return b"".join([chunk async for chunk in file.chunks])


class TestHttpMediaFetcher(MediaFetcherContract):
    @pytest.fixture
    def web(self, fetcher: HttpMediaFetcher, server: Receiver) -> Web:
        return Web(fetcher, at(server, "/sea.png?x=1"), at(server, "/none"), "http://127.0.0.2:1/sea.png")

    async def test_the_server_s_name_for_it_counts(self, fetcher: HttpMediaFetcher, server: Receiver) -> None:
        async with fetcher.fetch(at(server, "/named"), max_bytes=1_000_000) as file:
            assert (file.mime_type, file.filename) == (None, "my sea.png")

    async def test_a_redirect_is_followed_and_checked(self, fetcher: HttpMediaFetcher, server: Receiver) -> None:
        assert await fetch(fetcher, at(server, "/moved")) == CONTENT
        for path in ("/moved-inside", "/moved-by-name"):
            with pytest.raises(InvalidArgumentError) as refused:
                await fetch(fetcher, at(server, path))
            assert refused.value.reason == "MEDIA_LINK_REFUSED", path

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("/moved-often", "MEDIA_LINK_FAILED"),
            ("/moved-to-file", "INVALID_MEDIA_LINK"),
            ("/packed", "MEDIA_LINK_FAILED"),
            ("/short", "MEDIA_LINK_FAILED"),
            ("/endless", "MEDIA_LINK_FAILED"),
            ("/silent", "MEDIA_LINK_FAILED"),
        ],
    )
    async def test_what_goes_wrong_says_so(
        self, fetcher: HttpMediaFetcher, server: Receiver, path: str, reason: str
    ) -> None:
        with pytest.raises(PomboError) as refused:
            await fetch(fetcher, at(server, path))
        assert refused.value.reason == reason
        assert "example" not in refused.value.message

    @pytest.mark.parametrize("host", ["inside.example", "both.example", "0x7f000001", "[::1]", "2130706433"])
    async def test_what_isn_t_public_is_refused(self, fetcher: HttpMediaFetcher, server: Receiver, host: str) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            await fetch(fetcher, at(server, "/sea.png?x=1", host))
        assert refused.value.reason == "MEDIA_LINK_REFUSED"
        assert server.requests == []

    async def test_a_user_s_name_isn_t_sent(self, fetcher: HttpMediaFetcher, server: Receiver) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            fetcher.check(f"http://user:secret@public.example:{server.port}/sea.png")
        assert (refused.value.reason, "secret" in refused.value.message) == ("INVALID_MEDIA_LINK", False)


class TestMemoryMediaFetcher(MediaFetcherContract):
    @pytest.fixture
    def web(self) -> Web:
        file = MemoryFile(content=CONTENT, mime_type="image/png", filename="sea.png")
        fetcher = MemoryMediaFetcher(files={"https://files.example/sea.png": file}, private={"inside.example"})
        nothing, private = "https://files.example/none", "http://inside.example/sea.png"
        return Web(fetcher, "https://files.example/sea.png", nothing, private)
