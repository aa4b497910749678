"""What the driver's tests need: the sandbox as a process, and phones of its control API."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp

from adapters.playwright import processes
from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.settings import DriverSettings
from application.ports.whatsapp_driver import Outgoing, WhatsAppPage
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.ids import SessionId
from domain.jid import Jid
from domain.media_content import Audio, Document, Image, MediaContent, Sticker, Video
from tests.contracts.whatsapp_world import SECONDS, Ear, Shown, link, message_id

from .phone_contents import wire_content

__all__ = [
    "ROOT",
    "SECONDS",
    "WEB",
    "Ear",
    "Phone",
    "Sandbox",
    "data_dir",
    "in_page",
    "kill_browser",
    "link",
    "message_id",
    "text",
]

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"


async def in_page(page: WhatsAppPage, script: str) -> None:
    """Runs a script in the document, and awaits what it gives."""
    assert isinstance(page, PlaywrightWhatsAppPage)
    assert page._window is not None
    assert page._window._cdp is not None
    answer = await page._window._cdp.send("Runtime.evaluate", {"expression": script, "awaitPromise": True})
    assert "exceptionDetails" not in answer, answer


class Phone:
    """An account of the sandbox and what the person does with its phone."""

    def __init__(self, sandbox: "Sandbox", number: str) -> None:
        self._sandbox = sandbox
        self.number = number
        self.jid = Jid.parse(f"{number}@c.us")

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self._sandbox.call(method, f"/accounts/{self.number}{path}", body)

    async def scan(self, qr: str) -> None:
        await self.call("POST", "/scan", {"qr": qr})

    async def send(self, to: "Phone", text: str, **more: Any) -> str:
        sent = await self.call("POST", "/send", {"to": to.number, "text": text, **more})
        return str(sent["id"])

    async def send_content(self, to: "Phone", content: Content | dict[str, Any]) -> str:
        wire = content if isinstance(content, dict) else wire_content(content)
        sent = await self.call("POST", "/send", {"to": to.number, "content": wire})
        return str(sent["id"])

    async def react(self, chat: "Phone", inner_id: str, emoji: str) -> None:  # noqa: ARG002 - the id alone names it
        await self.call("POST", "/react", {"id": inner_id, "emoji": emoji})

    async def edit(self, chat: "Phone", inner_id: str, text: str) -> None:  # noqa: ARG002 - the id alone names it
        await self.call("POST", "/edit", {"id": inner_id, "text": text})

    async def revoke(self, chat: "Phone", inner_id: str) -> None:  # noqa: ARG002 - the id alone names it
        await self.call("POST", "/revoke", {"id": inner_id})

    async def vote(self, chat: "Phone", inner_id: str, options: tuple[str, ...]) -> None:  # noqa: ARG002 - the id alone names it
        await self.call("POST", "/vote", {"id": inner_id, "options": list(options)})

    async def edit_event(self, chat: "Phone", inner_id: str, event: EventInvitation) -> None:  # noqa: ARG002 - the id alone names it
        wire = {name: value for name, value in wire_content(event).items() if name != "type"}
        await self.call("POST", "/edit", {"id": inner_id, "event": wire})

    async def pin(self, chat: "Phone", inner_id: str, duration: timedelta) -> None:  # noqa: ARG002 - the id alone names it
        await self.call("POST", "/pin", {"id": inner_id, "duration_s": int(duration.total_seconds())})

    async def sees(self, chat: "Phone", inner_id: str) -> Shown:
        messages = (await self.call("GET", f"/messages?chat={chat.number}"))["messages"]
        (message,) = [each for each in messages if each["id"] == inner_id]
        return Shown(
            body=message["body"],
            revoked=message["revoked"] is not None,
            forwarded=message["content"].get("isForwarded") is True,
            starred=message["starred"],
            pinned=message["pinned"] is not None,
            reactions={Jid.parse(each["from"]): each["emoji"] for each in message["reactions"]},
            votes={Jid.parse(each["from"]): tuple(each["options"]) for each in message["votes"]},
        )

    async def send_file(self, to: "Phone", content: MediaContent, data: bytes) -> str:
        staged = await self._sandbox.put(f"/accounts/{self.number}/media", data)
        sent = await self.call("POST", "/send", {"to": to.number, "media": {"id": staged["id"], **_told(content)}})
        return str(sent["id"])

    async def file(self, inner_id: str) -> bytes:
        return await self._sandbox.fetch(f"/accounts/{self.number}/media/{inner_id}")

    async def files(self, chat: "Phone") -> int:
        return sum(message["media"] is not None for message in await self.messages(chat))

    async def messages(self, chat: "Phone") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = (await self.call("GET", f"/messages?chat={chat.number}"))["messages"]
        return messages

    async def held(self, chat: "Phone", text: str) -> list[dict[str, Any]]:
        """The messages of a chat with exactly this text, as this phone holds them."""
        return [message for message in await self.messages(chat) if message["body"] == text]

    async def enter_code(self, code: str) -> None:
        await self.call("POST", "/pairing-code", {"code": code})

    async def devices(self) -> int:
        return len((await self.call("GET", "/devices"))["devices"])

    async def unlink(self) -> None:
        for device in (await self.call("GET", "/devices"))["devices"]:
            await self.call("DELETE", f"/devices/{device['device']}")


class Sandbox:
    """A running sandbox on ports of the system's choice."""

    def __init__(self, page: str, control: str, http: aiohttp.ClientSession) -> None:
        self.page = page
        self.control = control
        self._http = http
        self._numbers = iter(range(15550200000, 15550299999))

    @classmethod
    @asynccontextmanager
    async def run(cls, data_dir: Path, *options: str) -> AsyncIterator[Self]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "sandbox", "--data-dir", str(data_dir), "--port", "0", "--control-port", "0", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        try:
            assert process.stdout is not None
            ready = json.loads(await asyncio.wait_for(process.stdout.readline(), SECONDS))
            async with aiohttp.ClientSession() as http:
                yield cls(ready["page"], ready["control"].rstrip("/"), http)
        finally:
            process.terminate()
            await process.wait()

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._http.request(method, self.control + path, json=body) as answer:
            text = await answer.text()
            assert answer.ok, f"{method} {path.partition('?')[0]}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def put(self, path: str, data: bytes) -> Any:
        async with self._http.post(self.control + path, data=io.BytesIO(data)) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def fetch(self, path: str) -> bytes:
        async with self._http.get(self.control + path) as answer:
            assert answer.ok, await answer.text()
            return await answer.read()

    async def phone(self, name: str = "Person", **settings: Any) -> Phone:
        phone = Phone(self, str(next(self._numbers)))
        await self.call("POST", "/accounts", {"phone": phone.number, "name": name})
        if settings:
            await phone.call("PATCH", "", settings)
        return phone

    def settings(self, profiles: Path, browser: Browser | None, **changes: Any) -> DriverSettings:
        defaults: dict[str, Any] = {"assets": find_assets(WEB), "web_url": f"{self.page}/?syncDelayMs=300"}
        return DriverSettings(browser=browser, profiles=profiles, **{**defaults, **changes})


def _told(content: MediaContent) -> dict[str, Any]:
    """A content as the sandbox's control API takes it from a phone."""
    match content:
        case Image():
            kind = "image"
        case Video():
            kind = "gif" if content.gif else "video"
        case Audio():
            kind = "ptt" if content.voice else "audio"
        case Document():
            kind = "document"
        case Sticker():
            kind = "sticker"
    told: dict[str, Any] = {"kind": kind, "mimetype": content.media.mime_type}
    for name in ("caption", "filename", "width", "height", "view_once", "animated", "waveform"):
        if (value := getattr(content, name, None)) is not None:
            told[name] = list(value) if isinstance(value, tuple) else value
    duration = getattr(content, "duration", None)
    return told if duration is None else told | {"duration": duration.total_seconds()}


def data_dir(driver: PlaywrightWhatsAppDriver, session: SessionId) -> Path:
    return driver._settings.profiles / session / "chromium"


def died_at_start(logs: Sequence[MutableMapping[str, Any]]) -> int:
    """How many browsers died as they started, as far as logs tell: now and then one does without being told to."""
    return sum(each["event"] == "browser_died_at_start" for each in logs)


async def kill_browser(driver: PlaywrightWhatsAppDriver, session: SessionId) -> None:
    directory = data_dir(driver, session)
    main = processes.main_browser_pid(directory)
    assert main is not None
    processes.kill(processes.tree(main))
    assert await processes.gone(directory, 5)


def text(to: Phone, body: str, number: int, **more: Any) -> Outgoing:
    content = Text(body=body, mentions=more.pop("mentions", ()))
    return Outgoing(whatsapp_id=message_id(to.jid, number), chat=to.jid, content=content, **more)
