"""One running gateway and its people, for tests that don't need one of their own."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio

from .conftest import ANA, BEN, serving
from .messages_grpc import MessagesGrpc
from .messages_rest import MessagesRest
from .messages_transport import MessagesTransport
from .processes import ROOT, Gateway, Sandbox, until
from .transport import SESSION

CLARA, DINA, EVA, FAY, NOBODY = "15550100300", "15550100400", "15550100500", "15550100600", "15550109999"
FURTHER = ("15550100701", "15550100702")
_RENAMED = {
    "domain/addons/pins.js": ("{ sendPinInChatMsg }", "{ pinInChat: sendPinInChatMsg }"),
    "contract.json": ('Action": {\n   "sendPinInChatMsg"', 'Action": {\n   "pinInChat"'),
    "domain/addons/stars.js": ("sendStarMsgs: (", "starMsgs: ("),
}
"""What isn't in the page where wa-js looks for it, as when WhatsApp renames things: then PIN and STAR are lacking."""


def _lacking_page(home: Path) -> Path:
    page = home / "page"
    shutil.copytree(ROOT / "src" / "sandbox" / "page", page)
    for name, (old, new) in _RENAMED.items():
        text = (page / name).read_text()
        assert text.count(old) == 1, name
        (page / name).write_text(text.replace(old, new))
    return page


class Conversation:
    """The gateway's account is Ana's; everybody else has a phone."""

    def __init__(self, gateway: Gateway, sandbox: Sandbox, transports: dict[str, MessagesTransport]) -> None:
        self.gateway = gateway
        self.sandbox = sandbox
        self.over = transports

    @classmethod
    @asynccontextmanager
    async def run(cls, home: Path) -> AsyncIterator["Conversation"]:
        options = ("--group-size", "6", "--page-dir", str(_lacking_page(home)))
        async with Sandbox.run(home / "sandbox", *options) as sandbox:
            for phone in (ANA, BEN, CLARA, DINA, EVA, FAY, *FURTHER):
                await sandbox.account(phone)
            await sandbox.call("PATCH", f"/accounts/{EVA}", {"groups_add": "none"})
            # Each outcome is looked at by itself: WhatsApp's restrictions pause nothing here (test_governor.py).
            async with serving(home, sandbox, POMBO_PACE_RESTRICTION_MINUTES="0") as gateway:
                await gateway.link(SESSION, sandbox, ANA)
                async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
                    over = {"rest": MessagesRest(gateway), "grpc": MessagesGrpc(channel, gateway.key)}
                    yield cls(gateway, sandbox, over)

    async def phone(self, phone: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What somebody does on a phone, or sees there."""
        return await self.sandbox.call(method, f"/accounts/{phone}{path}", body)

    async def found(self, phone: str, subject: str, *people: str) -> str:
        """Has somebody found a group; gives its address."""
        body = {"subject": subject, "participants": list(people)}
        return str((await self.phone(phone, "POST", "/groups", body))["group"]["id"])

    async def act(self, phone: str, group: str, action: str, *people: str) -> None:
        body = {"action": action, "participants": list(people)}
        await self.phone(phone, "POST", f"/groups/{group}/participants", body)

    async def set(self, phone: str, group: str, name: str, value: object) -> None:
        await self.phone(phone, "POST", f"/groups/{group}/setting", {"name": name, "value": value})

    async def roles(self, phone: str, group: str) -> dict[str, str]:
        """Who is in a group, as somebody's phone shows it."""
        shown = await self.phone(phone, "GET", f"/groups/{group}")
        return {each["pn"].removesuffix("@c.us"): each["role"] for each in shown["participants"]}

    async def fault(self, kind: str, phone: str = ANA, **more: object) -> None:
        await self.sandbox.call("POST", "/faults", {"kind": kind, "account": phone, **more})

    async def no_faults(self) -> None:
        await self.sandbox.call("DELETE", "/faults")

    async def told(self, group: str, *types: str) -> list[dict[str, Any]]:
        """A group's events."""
        events = await self.gateway.events(*types)
        return [event for event in events if event["payload"].get("group_id") == group]

    async def until_told(self, group: str, kind: str, **fields: object) -> dict[str, Any]:
        """Waits for a group's event."""

        async def look() -> dict[str, Any] | None:
            for event in await self.told(group, kind):
                if all(event["payload"][name] == value for name, value in fields.items()):
                    payload: dict[str, Any] = event["payload"]
                    return payload
            return None

        try:
            return await until(look)
        except TimeoutError as error:
            told = [event["payload"] for event in await self.told(group)]
            raise AssertionError(f"{kind} {fields} wasn't told, but {told}") from error
