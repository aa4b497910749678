import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.playwright.commands import Commands, PageGoneError, RefusedByBridgeError
from adapters.playwright.refusals import translate
from domain.errors import ConflictError, DeadlineExceededError, RateLimitedError, UnavailableError, UnprocessableError


class Page:
    """Takes the calls that would go into a page."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self._came = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self.gone = False
        self.called = asyncio.Event()

    async def evaluate(self, expression: str) -> None:
        self.called.set()
        await self.gate.wait()
        if self.gone:
            raise PageGoneError("no page")
        assert expression.startswith("pomboBridge(")
        async with self._came:
            self.batches.append(json.loads(expression[len("pomboBridge(") : -1]))
            self._came.notify_all()

    async def took(self, count: int) -> None:
        async with asyncio.timeout(5), self._came:
            await self._came.wait_for(lambda: len(self.batches) >= count)


@asynccontextmanager
async def running(page: Page) -> AsyncIterator[Commands]:
    commands = Commands(page.evaluate)
    task = asyncio.create_task(commands.run())
    yield commands
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_asked_meanwhile_goes_together() -> None:
    page = Page()
    page.gate.clear()
    async with running(page) as commands:
        first = asyncio.create_task(commands.call("a", {}))
        await page.called.wait()
        others = [asyncio.create_task(commands.call("b", {"n": n})) for n in range(5)]
        await asyncio.sleep(0)
        page.gate.set()
        await page.took(2)
        assert [len(batch) for batch in page.batches] == [1, 5]
        for command in reversed([*page.batches[0], *page.batches[1]]):
            commands.answer({"id": command["id"], "ok": True, "value": command["args"].get("n")})
        assert await first is None
        assert [await other for other in others] == list(range(5))


async def test_refusals_and_strange_answers() -> None:
    page = Page()
    async with running(page) as commands:
        asked = asyncio.create_task(commands.call("a", {}))
        await page.took(1)
        for strange in ({}, {"id": []}, {"id": "1"}, {"id": 99, "ok": True}):
            commands.answer(strange)
        commands.answer({"id": 1, "ok": False, "code": "SEND_REFUSED", "detail": "no"})
        commands.answer({"id": 1, "ok": True})
        with pytest.raises(RefusedByBridgeError, match="SEND_REFUSED"):
            await asked


async def test_a_page_that_goes_away_fails_what_was_asked() -> None:
    page = Page()
    async with running(page) as commands:
        asked = asyncio.create_task(commands.call("a", {}))
        await page.took(1)
        commands.document_changed()
        with pytest.raises(PageGoneError):
            await asked
        page.gone = True
        with pytest.raises(PageGoneError, match="no page"):
            await commands.call("b", {})
        commands.close("closed")
        with pytest.raises(PageGoneError, match="closed"):
            await commands.call("c", {})


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("ALREADY_LINKED", ConflictError, "ALREADY_LINKED"),
        ("NUMBER_NOT_ON_WHATSAPP", UnprocessableError, "NUMBER_NOT_ON_WHATSAPP"),
        ("CHAT_UNKNOWN", UnprocessableError, "SEND_REFUSED"),
        ("REACHOUT_TIMELOCK", RateLimitedError, "REACHOUT_TIMELOCK"),
        ("NEW_CHAT_CAP", RateLimitedError, "NEW_CHAT_CAP"),
        ("SEND_UNCONFIRMED", DeadlineExceededError, "SEND_UNCONFIRMED"),
        ("PAGE_FAULT", UnavailableError, "PAGE_UNAVAILABLE"),
        ("SOMETHING_NEW", UnavailableError, "PAGE_UNAVAILABLE"),
    ],
)
def test_refusals_are_the_ports_errors(code: str, kind: type[Exception], reason: str) -> None:
    error = translate(RefusedByBridgeError(code, "detail"))
    assert isinstance(error, kind)
    assert error.reason == reason


async def test_what_nobody_waits_for_any_more_isnt_handed_over() -> None:
    page = Page()
    page.gate.clear()
    async with running(page) as commands:
        first = asyncio.create_task(commands.call("probe", {}))
        await page.called.wait()
        given_up = asyncio.create_task(commands.call("logout", {}))
        last = asyncio.create_task(commands.call("probe", {}))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        page.gate.set()
        await page.took(2)
        assert [command["name"] for batch in page.batches for command in batch] == ["probe", "probe"]
        for task in (first, last):
            task.cancel()


async def test_what_cant_be_written_costs_its_own_caller_alone() -> None:
    page = Page()
    async with running(page) as commands:
        with pytest.raises(TypeError):
            async with asyncio.timeout(5):
                await commands.call("send", {"body": "half a pair: \ud83d"})
        following = asyncio.create_task(commands.call("probe", {}))
        await page.took(1)
        commands.answer({"id": page.batches[0][0]["id"], "ok": True, "value": 1})
        assert await following == 1
