"""whatsapp-web.js, unmodified, in a node process."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from adapters.playwright.browser import Browser

from .sandbox import ROOT

_SCRIPT = ROOT / "web/conformance/wwebjs-client.mjs"
_ANSWER_SECONDS = 60.0

type Event = dict[str, Any]


class WwebjsClient:
    """A client with its profile; `async with` starts and ends the process, and with it the browser."""

    def __init__(self, browser: Browser, profile: Path, https_port: int, **config: Any) -> None:
        self._config = {
            "executablePath": str(browser.path),
            "dataPath": str(profile),
            "httpsPort": https_port,
            **config,
        }
        self._environment = browser.environment()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Event]] = {}
        self._changed = asyncio.Condition()
        self.events: list[Event] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process and `initialize` the client."""
        self.events.clear()
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(_SCRIPT),
            json.dumps(self._config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=2**24,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        await self.call("start")

    async def stop(self) -> None:
        """Close the browser as `destroy` does and end the process."""
        if self._process is None or self._reader is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        await self._process.wait()
        await self._reader
        self._process = None

    async def call(self, command: str, **arguments: Any) -> Any:
        """What a command answers.

        Raises:
            AssertionError: The library threw.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        number = len(self._answers)
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        line = json.dumps({"id": number, "command": command, **arguments})
        self._process.stdin.write(line.encode() + b"\n")
        given = await asyncio.wait_for(answer, _ANSWER_SECONDS)
        assert "error" not in given, f"{command}: {given['error']}"
        return given["result"]

    async def wait(self, name: str, holds: Callable[[Event], bool] = lambda _: True, *, seconds: float = 30.0) -> Event:
        """The first event of this name for which `holds`, also one that came before."""

        def find() -> Event | None:
            return next((event for event in self.events if event["event"] == name and holds(event)), None)

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(find), seconds)
            except TimeoutError:
                seen = [event["event"] for event in self.events]
                raise AssertionError(f"no such {name} within {seconds} s; seen: {seen}") from None
        found = find()
        assert found is not None
        return found

    async def received(self, text: str) -> dict[str, Any]:
        """The inbound message with this text."""
        event = await self.wait("message", lambda event: event["message"]["body"] == text)
        message: dict[str, Any] = event["message"]
        return message

    async def acked(self, key: str, ack: int) -> None:
        await self.wait("message_ack", lambda event: event["id"] == key and event["ack"] == ack)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            told = json.loads(line)
            if "event" not in told:
                self._answers[told["id"]].set_result(told)
                continue
            async with self._changed:
                self.events.append(told)
                self._changed.notify_all()
