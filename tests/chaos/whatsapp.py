"""The WhatsApp of a run: the sandbox in a process of its own, with its phones."""

import asyncio
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.chaos import children
from tests.chaos.contents import label_of
from tests.chaos.ledger import CHANGED, Held, Json, Notice

_STOP_SECONDS: Final = 10.0
_START_SECONDS: Final = 300.0
_CALL_SECONDS: Final = 120.0
NOTICE: Final = "gp2"
"""The type of what WhatsApp itself writes into a group."""

_MOST: Final = 1_000
"""What the control API tells of a chat at most."""


@dataclass(slots=True)
class WhatsApp:
    """The sandbox. It keeps its state when it is stopped and started."""

    home: Path
    log: Path
    port: int
    control_port: int
    process: asyncio.subprocess.Process | None = None
    _http: aiohttp.ClientSession | None = field(default=None, repr=False)

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS))
        arguments = ["--data-dir", str(self.home), "--port", str(self.port), "--control-port", str(self.control_port)]
        self.process = await children.launch(("sandbox", *arguments), self.log, os.environ)
        async with asyncio.timeout(_START_SECONDS):
            while not await self._answers():
                if self.process.returncode is not None:
                    raise RuntimeError(f"the sandbox has ended; see {self.log}")
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self.process is not None:
            await children.end(self.process, _STOP_SECONDS)

    async def close(self) -> None:
        await self.stop()
        if self._http is not None:
            await self._http.close()

    async def call(self, method: str, path: str, body: Json | None = None) -> Any:
        """An answer of the control API.

        Raises:
            aiohttp.ClientError: there was none, or it wasn't a success.
        """
        assert self._http is not None
        url = f"http://127.0.0.1:{self.control_port}{path}"
        async with self._http.request(method, url, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def fault(self, kind: str, **details: object) -> Json:
        """Puts a fault in force; the answer has how many connections were `affected`."""
        answer: Json = await self.call("POST", "/faults", {"kind": kind, **details})
        return answer

    async def mend(self) -> None:
        await self.call("DELETE", "/faults")

    async def held(self, phone: str) -> tuple[list[Held], list[Notice]]:
        """What a phone holds of what people wrote, chat by chat, each in its order; and of changes of its groups.

        Raises:
            RuntimeError: it holds more than it tells of.
        """
        found: list[Json] = []
        for chat in (await self.call("GET", f"/accounts/{phone}/chats"))["chats"]:
            path = f"/accounts/{phone}/messages?chat={chat['chat']}&limit={_MOST}"
            messages = (await self.call("GET", path))["messages"]
            if len(messages) >= _MOST:
                raise RuntimeError("a chat has more messages than the sandbox tells of: let the run be shorter")
            found += messages
        notices = [
            Notice(each["chat"], each["content"]["subtype"], each["content"]["body"])
            for each in found
            if each["type"] == NOTICE and each["content"].get("subtype") in CHANGED
        ]
        held = [
            Held(
                id=each["id"],
                sender=each["from"].partition("@")[0],
                recipient=each["to"].removesuffix("@c.us"),
                body=label_of(each),
                by_phone=each["device"] in {None, 0},
                edits=[edit["body"] for edit in each["edits"]],
                reactions={one["from"].partition("@")[0]: one["emoji"] for one in each["reactions"]},
                revoked=each["revoked"] is not None,
                pinned=each["pinned"] is not None,
                starred=each["starred"],
                votes={one["from"].partition("@")[0]: ", ".join(one["options"]) for one in each["votes"]},
                played={one["participant"].partition("@")[0] for one in each["receipts"] if one["played_ms"]},
                edited_at=[edit["ts"] for edit in each["edits"]],
                voted_at={one["from"].partition("@")[0]: one["ts"] for one in each["votes"]},
                revoked_at=each["revoked"] and each["revoked"]["ts"],
            )
            for each in found
            if each["type"] != NOTICE
        ]
        return held, notices

    async def digest(self, phone: str, message_id: str) -> str:
        """The SHA-256 of a message's file, which the phone downloads and decrypts for it; or why there is none."""
        assert self._http is not None
        url = f"http://127.0.0.1:{self.control_port}/accounts/{phone}/media/{message_id}"
        async with self._http.get(url) as answer:
            content = await answer.read()
            return hashlib.sha256(content).hexdigest() if answer.ok else f"{answer.status} {content[:200]!r}"

    async def _answers(self) -> bool:
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            await self.call("GET", "/faults")
            return True
        return False
