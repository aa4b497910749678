"""Commands to the bridge: many at once in few calls, answered by the events they come back as."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

_MAX_BATCH: Final = 256


class PageGoneError(Exception):
    """The document, the page or the browser that a command was for is gone, or has no bridge."""


class RefusedByBridgeError(Exception):
    """The bridge answered with a failure.

    Attributes:
        code: the bridge's own name of it.
        detail: for people; digits are masked.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Commands:
    """Hands commands to the page and their answers back.

    What is asked while a call is on its way goes with the next one, so that twenty sends at once cost few calls. The
    page answers each by an event of its own, in whatever order they are done.
    """

    def __init__(self, evaluate: Callable[[str], Awaitable[None]]) -> None:
        """Takes what evaluates an expression in the page; it raises ``PageGoneError`` when there is none."""
        self._evaluate = evaluate
        self._last = 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._waiting: list[tuple[int, bytes]] = []
        self._wake = asyncio.Event()
        self._gone: str | None = None

    async def call(self, name: str, args: Mapping[str, Any]) -> Any:
        """Runs a command and waits for its answer.

        Raises:
            PageGoneError: it may or may not have run.
            RefusedByBridgeError: it ran and failed.
            TypeError: the arguments can't be written as JSON; it didn't run.
        """
        if self._gone is not None:
            raise PageGoneError(self._gone)
        self._last += 1
        command_id = self._last
        command = orjson.dumps({"id": command_id, "name": name, "args": args})
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[command_id] = answer
        self._waiting.append((command_id, command))
        self._wake.set()
        try:
            return await answer
        finally:
            self._asked.pop(command_id, None)

    async def run(self) -> None:
        """Hands over what is asked, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                first, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
                # Who has given up was told so: a logout, say, mustn't happen long after that.
                batch = {command_id: command for command_id, command in first if command_id in self._asked}
                if not batch:
                    continue
                try:
                    await self._evaluate(f"pomboBridge([{b','.join(batch.values()).decode()}])")
                except PageGoneError as error:
                    self._fail(list(batch), str(error))

    def answer(self, item: Mapping[str, Any]) -> None:
        """Takes a ``result`` event. One that nobody waits for any more is dropped."""
        command_id = item.get("id")
        answer = self._asked.get(command_id) if isinstance(command_id, int) else None
        if answer is None or answer.done():
            return
        if item.get("ok") is True:
            answer.set_result(item.get("value"))
        else:
            answer.set_exception(RefusedByBridgeError(str(item.get("code")), str(item.get("detail"))))

    def document_changed(self) -> None:
        """Gives up what was asked of a document that is no more."""
        waiting = {command_id for command_id, _ in self._waiting}
        self._fail([asked for asked in self._asked if asked not in waiting], "the page was loaded anew")

    def close(self, why: str) -> None:
        """Gives up everything, now and in future."""
        self._gone = why
        self._waiting.clear()
        self._fail(list(self._asked), why)

    def _fail(self, commands: list[int], why: str) -> None:
        for command_id in commands:
            answer = self._asked.get(command_id)
            if answer is not None and not answer.done():
                answer.set_exception(PageGoneError(why))
