"""Ann on wa-js and Bob on whatsapp-web.js, each with a phone, in a sandbox of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import async_playwright

from adapters.playwright.browser import Browser

from .sandbox import Account, Sandbox, eventually, in_thread
from .wajs import EVENTS, WaJsPage
from .wwebjs import WwebjsClient

ADDON_EVENTS = ("chat.new_reaction", "chat.msg_edited", "chat.msg_revoke", "chat.poll_response")
type Json = dict[str, Any]


class Pair(NamedTuple):
    ann: Account
    page: WaJsPage
    bob: Account
    client: WwebjsClient

    async def from_ann(self, text: str) -> tuple[str, str]:
        """Ann writes; answers the message's keys on her page and on Bob's."""
        sent = await self.page.send(self.bob, text)
        return sent["id"], (await self.client.received(text))["id"]

    async def from_bob(self, text: str) -> tuple[str, str]:
        """Bob writes; answers the message's keys on Ann's page and on his."""
        sent = await self.client.call("send", to=self.ann.jid, text=text, options={"waitUntilMsgSent": True})
        return (await self.page.received(text))["id"], sent["id"]

    async def told(self, event: str, **fields: Any) -> Json:
        """What wa-js told under this name with these fields."""

        async def find() -> Json | None:
            return next((each for each in await self.page.events(event) if fields.items() <= each.items()), None)

        found = await eventually(find, what=f"{event} with {fields}")
        assert found is not None
        return found

    def on_phone(self, of: Account, key: str) -> Json:
        """The message as the phone of one of the two has it."""
        other = self.bob if of is self.ann else self.ann
        (message,) = [each for each in of.messages(other) if each["id"] == key.split("_")[2]]
        return message

    async def shows(self, of: Account, key: str, **fields: Any) -> Json:
        """The message on a phone, once it shows these fields."""

        def look() -> Json | None:
            message = self.on_phone(of, key)
            return message if fields.items() <= message.items() else None

        found = await eventually(look, what=f"{fields} on the phone")
        assert found is not None
        return found


@asynccontextmanager
async def paired(browser: Browser, folder: Path) -> AsyncIterator[Pair]:
    """Both linked; the sandbox is theirs alone, for its clock may be moved."""
    sandbox = Sandbox(folder)
    try:
        ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
        async with (
            async_playwright() as playwright,
            WwebjsClient(browser, folder / "bob", sandbox.https_port) as client,
            WaJsPage(playwright, browser, folder / "ann", sandbox.page, {}, events=(*EVENTS, *ADDON_EVENTS)) as page,
        ):
            await in_thread(bob.scan, (await client.wait("qr"))["qr"])
            await client.wait("ready")
            await page.link(ann)
            yield Pair(ann, page, bob, client)
            assert page.errors == []
            assert [event for event in client.events if event["event"] == "unhandled"] == []
    finally:
        sandbox.stop()
