"""What every link code cache does. Fixture: ``cache``, empty."""

import asyncio
from datetime import UTC, datetime, timedelta

from application.ports.link_code_cache import LinkCodeCache
from domain.session import QrCode
from tests.contracts.samples import SALES, SUPPORT


def code(text: str, seconds: float = 30) -> QrCode:
    return QrCode(text=text, expires_at=datetime.now(UTC) + timedelta(seconds=seconds))


class LinkCodeCacheContract:
    async def test_the_newest_of_each_session(self, cache: LinkCodeCache) -> None:
        first, second, foreign = code("2@a,b,c=="), code("2@d"), code("2@é")
        assert await cache.get(SALES) is None
        await cache.put(SALES, first)
        assert await cache.get(SALES) == first
        await cache.put(SALES, second)
        await cache.put(SUPPORT, foreign)
        assert await cache.get(SALES) == second
        assert await cache.get(SUPPORT) == foreign

    async def test_clearing(self, cache: LinkCodeCache) -> None:
        kept = code("kept")
        await cache.put(SALES, code("2@a"))
        await cache.put(SUPPORT, kept)
        await cache.clear(SALES)
        await cache.clear(SALES)
        assert await cache.get(SALES) is None
        assert await cache.get(SUPPORT) == kept

    async def test_it_expires(self, cache: LinkCodeCache) -> None:
        qr = code("2@a", seconds=0.2)
        await cache.put(SALES, qr)
        async with asyncio.timeout(5):
            while await cache.get(SALES) is not None:  # noqa: ASYNC110 - nothing tells of an expiry
                await asyncio.sleep(0.01)
        assert datetime.now(UTC) >= qr.expires_at

    async def test_one_that_has_expired_already_replaces_the_old_one(self, cache: LinkCodeCache) -> None:
        await cache.put(SALES, code("2@a"))
        await cache.put(SALES, code("2@b", seconds=-5))
        assert await cache.get(SALES) is None
