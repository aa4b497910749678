"""What every health check does. Fixture: ``part``: what is checked, there and working."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.ports.health_check import HealthCheck


@dataclass(frozen=True)
class Part:
    """A part that can be taken away and brought back.

    Attributes:
        secrets: what no answer may tell.
    """

    check: HealthCheck
    take_away: Callable[[], Awaitable[object]]
    bring_back: Callable[[], Awaitable[object]]
    secrets: tuple[str, ...] = ()


class HealthCheckContract:
    async def test_it_says_what_is_wrong_while_it_is(self, part: Part) -> None:
        assert re.fullmatch(r"[a-z][a-z_]*", part.check.name)
        assert await part.check.check() is None
        await part.take_away()
        wrong = await part.check.check()
        assert wrong is not None
        assert re.fullmatch(r"[A-Z].*[.)]", wrong), wrong
        assert all(secret not in wrong for secret in part.secrets)
        await part.bring_back()
        async with asyncio.timeout(30):
            while await part.check.check() is not None:  # noqa: ASYNC110 - it is asked, it doesn't tell
                await asyncio.sleep(0.05)
