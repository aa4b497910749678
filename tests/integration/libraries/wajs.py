"""wa-js, unmodified, in a browser driven by Playwright."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Page, Playwright

from adapters.playwright.browser import Browser

from .sandbox import ROOT, Account, eventually, in_thread

WA_JS = ROOT / "web/node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js"
READY = "window.WPP?.isFullReady && WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN'"
EVENTS = (
    "chat.new_message", "chat.msg_ack_change", "chat.new_chat", "chat.presence_change", "chat.unread_count_changed",
    "conn.authenticated", "conn.main_loaded", "conn.main_ready", "conn.logout", "conn.logout_reason",
    "call.incoming_call", "group.participant_changed", "conn.stream_mode_changed", "conn.qrcode_idle",
    "conn.require_auth",
)  # fmt: skip

# Plain data of what wa-js tells: models and addresses don't survive the way out of the page.
_LISTEN = """(events) => {
  const plain = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (value._serialized) return value._serialized;
    if (Array.isArray(value)) return value.map(plain);
    const source = value.attributes ?? value;
    const names = Object.keys(source).filter((name) => typeof source[name] !== "function" && name !== "rowId");
    return Object.fromEntries(names.map((name) => [name, plain(source[name])]));
  };
  window.libraryEvents = [];
  for (const event of events) WPP.on(event, (...args) => window.libraryEvents.push([event, ...args.map(plain)]));
}"""


class WaJsPage:
    """A browser profile with the sandbox's page and wa-js in it; `async with` opens and closes the browser."""

    def __init__(
        self,
        playwright: Playwright,
        browser: Browser,
        profile: Path,
        url: str,
        settings: dict[str, int],
        *,
        events: tuple[str, ...] = EVENTS,
    ) -> None:
        self._playwright = playwright
        self._browser = browser
        self._profile = profile
        self._url = url
        self._settings = {"syncDelayMs": 300} | settings
        self._listened = events
        self._context: BrowserContext | None = None
        self.errors: list[str] = []

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Start a browser on the profile, open the page, and wait until wa-js is there."""
        context = await self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=self._browser.path,
            env={**self._browser.environment()},
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            headless=True,
        )
        self._context = context
        await context.add_init_script("window.WPPConfig = {disableGoogleAnalytics: true, linkPreviewApiServers: []};")
        await context.add_init_script(f"window.sandboxSettings = {json.dumps(self._settings)};")
        await context.add_init_script(path=WA_JS)
        self.page.on("pageerror", self._page_error)
        self.page.on("console", self._console)
        await self.page.goto(self._url)
        await self.attached()

    async def close(self) -> None:
        if self._context is not None:
            await self._context.close()
            self._context = None

    @property
    def page(self) -> Page:
        assert self._context is not None
        return self._context.pages[0]

    async def attached(self) -> None:
        """Wait until wa-js has found its modules, and listen to its events."""
        await self.page.wait_for_function("window.WPP?.isFullReady")
        await self.page.evaluate(_LISTEN, list(self._listened))

    async def ready(self) -> None:
        await self.page.wait_for_function(READY)

    async def evaluate(self, script: str, argument: Any = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def qr(self) -> str:
        return str(await eventually(lambda: self.evaluate("WPP.conn.getAuthCode().then((code) => code?.fullCode)")))

    async def link(self, account: Account) -> None:
        """Show a QR code, have the account's phone scan it, wait until the page is ready."""
        await in_thread(account.scan, await self.qr())
        await self.ready()

    async def send(self, to: Account | str, text: str, **options: Any) -> dict[str, Any]:
        """`WPP.chat.sendTextMessage`, waiting for the server's acknowledgement."""
        jid = to if isinstance(to, str) else to.jid
        script = """async ([to, text, options]) => {
          const sent = await WPP.chat.sendTextMessage(to, text, {linkPreview: false, createChat: true, ...options});
          return {id: sent.id, ack: sent.ack, result: await sent.sendMsgResult};
        }"""
        result: dict[str, Any] = await self.evaluate(script, [jid, text, {"waitForAck": True} | options])
        return result

    async def send_file(self, to: Account | str, data: bytes, mime_type: str, **options: Any) -> dict[str, Any]:
        """`WPP.chat.sendFileMessage`, waiting for the server's acknowledgement."""
        script = """async ([to, data, options]) => {
          const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
          const file = new File([bytes], options.filename ?? "file", {type: options.mimetype});
          const sent = await WPP.chat.sendFileMessage(to, file, {createChat: true, waitForAck: true, ...options});
          return {id: sent.id, ack: sent.ack, result: await sent.sendMsgResult};
        }"""
        encoded = base64.b64encode(data).decode()
        result: dict[str, Any] = await self.evaluate(
            script, [to if isinstance(to, str) else to.jid, encoded, {"mimetype": mime_type} | options]
        )
        return result

    async def download(self, key: str) -> dict[str, Any]:
        """`WPP.chat.downloadMedia`; what it rejects with as `error`, and the stage it left the message's file in."""
        script = """async (id) => {
          const stage = async () => (await WPP.chat.getMessageById(id)).mediaData.mediaStage;
          try {
            const blob = await WPP.chat.downloadMedia(id);
            const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
            const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
            return {sha256, size: blob.size, type: blob.type, stage: await stage()};
          } catch (error) {
            return {error: error.code ?? error.message, stage: await stage()};
          }
        }"""
        result: dict[str, Any] = await self.evaluate(script, key)
        return result

    async def received_from(self, sender: Account, message_id: str) -> dict[str, Any]:
        """The message with this id (its last part), once wa-js told of it."""

        async def find() -> dict[str, Any] | None:
            messages: Iterable[dict[str, Any]] = await self.events("chat.new_message")
            return next((each for each in messages if each["id"] == f"false_{sender.jid}_{message_id}"), None)

        found = await eventually(find, what=f"the message {message_id}")
        assert found is not None
        return found

    async def message(self, key: str) -> dict[str, Any]:
        """`WPP.chat.getMessageById`."""
        script = """async (id) => {
          const {body, ack, type, quotedStanzaID} = await WPP.chat.getMessageById(id);
          return {body, ack, type, quotedStanzaID: quotedStanzaID ?? null};
        }"""
        result: dict[str, Any] = await self.evaluate(script, key)
        return result

    async def events(self, name: str) -> list[Any]:
        """What wa-js told under this name so far: the first argument of each event."""
        return [
            event[1] if len(event) > 1 else None for event in await self.evaluate("libraryEvents") if event[0] == name
        ]

    async def told(self, name: str, count: int, **wanted: Any) -> list[dict[str, Any]]:
        """The events under this name that hold what is wanted, once there are so many."""

        async def find() -> list[dict[str, Any]] | None:
            events = [each for each in await self.events(name) if wanted.items() <= each.items()]
            return events if len(events) >= count else None

        found = await eventually(find, what=f"{count} of {name}")
        assert found is not None
        return found

    async def received(self, text: str) -> dict[str, Any]:
        """The message with this text, once wa-js told of it."""

        async def find() -> dict[str, Any] | None:
            messages: Iterable[dict[str, Any]] = await self.events("chat.new_message")
            return next((message for message in messages if message.get("body") == text), None)

        found = await eventually(find, what=f"a message {text!r}")
        assert found is not None
        return found

    async def acks(self, key: str) -> list[int]:
        """The acks wa-js told for a message, in order."""
        return [event["ack"] for event in await self.events("chat.msg_ack_change") if key in event["ids"]]

    def _page_error(self, error: Error) -> None:
        self.errors.append(f"{error.message}\n{error.stack}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)
