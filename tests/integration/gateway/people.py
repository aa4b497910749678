"""One running gateway and the people around its account, for tests of messages, chats and people."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import grpc.aio

from .conftest import ANA, serving
from .messages_grpc import MessagesGrpc
from .messages_rest import MessagesRest
from .messages_transport import MessagesTransport
from .processes import Gateway, Sandbox, until
from .transport import SESSION

_SOONER = "unavailableDelayMs=200"
"""That the account is there no more is told to the server after this long, not after 5 s."""


class Person(NamedTuple):
    """Somebody with a phone."""

    sandbox: Sandbox
    phone: str
    lid: str

    @property
    def jid(self) -> str:
        return f"{self.phone}@c.us"

    async def does(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Does something on the phone, or looks at it."""
        return await self.sandbox.call(method, f"/accounts/{self.phone}{path}", body)

    async def shows(self, **profile: object) -> None:
        """Shows something of themselves, or to fewer people."""
        await self.does("PATCH", "", profile)

    async def sends(self, to: "Person", text: str) -> str:
        return await self.sandbox.send(self.phone, to.phone, text)

    async def held(self, chat: "Person") -> list[dict[str, Any]]:
        """The messages of a chat on the phone, oldest first."""
        messages: list[dict[str, Any]] = (await self.does("GET", f"/messages?chat={chat.phone}"))["messages"]
        return messages

    async def texts(self, chat: "Person") -> list[str]:
        return [message["body"] for message in await self.held(chat)]

    async def message(self, chat: str, message: dict[str, Any]) -> dict[str, Any]:
        """A message of the gateway's as the phone shows it, in a chat with a number or of a group."""
        short = message["whatsapp_id"].split("_")[2]  # the part that is the same for everybody
        found = (await self.does("GET", f"/messages?chat={chat}"))["messages"]
        (held,) = [each for each in found if each["id"] == short]
        return dict(held)

    async def shows_message(self, chat: str, message: dict[str, Any], **wanted: object) -> dict[str, Any]:
        """Waits until the phone shows a message of the gateway's so."""

        async def look() -> dict[str, Any] | None:
            held = await self.message(chat, message)
            return held if {name: held[name] for name in wanted} == wanted else None

        try:
            return await until(look)
        except TimeoutError as error:
            raise AssertionError(f"not {wanted}, but {await self.message(chat, message)}") from error

    async def chat(self, other: "Person") -> dict[str, Any] | None:
        """A chat as the phone lists it."""
        chats: list[dict[str, Any]] = (await self.does("GET", "/chats"))["chats"]
        return next((chat for chat in chats if chat["lid"] == other.lid), None)

    async def shows_chat(self, other: "Person", **wanted: object) -> None:
        """Waits until the phone shows a chat so."""

        async def look() -> bool | None:
            chat = await self.chat(other)
            return (chat is not None and {name: chat[name] for name in wanted} == wanted) or None

        try:
            await until(look)
        except TimeoutError as error:
            raise AssertionError(f"not {wanted}, but {await self.chat(other)}") from error

    async def sees(self, other: "Person") -> dict[str, Any]:
        """What the phone shows of somebody's presence."""
        seen: dict[str, Any] = await self.does("GET", f"/presence?of={other.phone}")
        return seen

    async def sees_until(self, other: "Person", **wanted: object) -> dict[str, Any]:
        """Waits until the phone shows it."""

        async def look() -> dict[str, Any] | None:
            seen = await self.sees(other)
            return seen if {name: seen[name] for name in wanted} == wanted else None

        return await until(look)


class People:
    """The gateway's account is Ana's. Everybody else is somebody new, so that no test finds another's traces."""

    def __init__(
        self, gateway: Gateway, sandbox: Sandbox, http: aiohttp.ClientSession, over: dict[str, MessagesTransport]
    ) -> None:
        self.gateway = gateway
        self.sandbox = sandbox
        self.over = over
        self.http = http
        self._numbers = itertools.count(15550200001)

    @classmethod
    @asynccontextmanager
    async def run(
        cls, home: Path, before_link: Callable[["People"], Awaitable[None]] | None = None, **settings: str
    ) -> AsyncIterator["People"]:
        """``before_link`` is what happens while nobody is linked; ``settings`` are the gateway's."""
        async with Sandbox.run(home / "sandbox") as sandbox, aiohttp.ClientSession() as http:
            await sandbox.account(ANA)
            async with (
                serving(home, sandbox, WHATSAPP_WEB_URL=f"{sandbox.page}?{_SOONER}", **settings) as gateway,
                grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel,
            ):
                over = {"rest": MessagesRest(gateway), "grpc": MessagesGrpc(channel, gateway.key)}
                people = cls(gateway, sandbox, http, over)
                if before_link is not None:
                    await before_link(people)
                await gateway.link(SESSION, sandbox, ANA)
                yield people

    async def ana(self) -> Person:
        return await self._person(ANA)

    async def somebody(self, **profile: object) -> Person:
        """Somebody new; ``profile`` is as accounts of the sandbox have it."""
        phone = str(next(self._numbers))
        await self.sandbox.account(phone, **profile)
        return await self._person(phone)

    async def writer(self, *texts: str, **profile: object) -> Person:
        """Somebody new who has written to Ana."""
        person, ana = await self.somebody(**profile), await self.ana()
        for text in texts:
            await person.sends(ana, text)
            await self.gateway.received(text)
        return person

    async def picture(self, person: Person, picture: bytes) -> None:
        """Somebody sets their picture."""
        url = f"{self.sandbox.control}/accounts/{person.phone}/picture"
        async with self.http.put(url, data=picture, headers={"Content-Type": "image/jpeg"}) as answer:
            assert answer.ok, (answer.status, await answer.text())

    async def told(self, *types: str, about: Person | str) -> list[dict[str, Any]]:
        """What was told of somebody, or of a call, oldest first."""
        wanted = {about} if isinstance(about, str) else {about.jid, about.lid}
        payloads = [event["payload"] for event in await self.gateway.events(*types)]
        return [payload for payload in payloads if wanted & _named(payload)]

    async def until_told(
        self, kind: str, about: Person | str, holds: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Waits for an event about somebody, or about a call."""

        async def look() -> dict[str, Any] | None:
            return next((told for told in await self.told(kind, about=about) if holds(told)), None)

        try:
            return await until(look)
        except TimeoutError as error:
            raise AssertionError(f"not told, but {await self.told(kind, about=about)}") from error

    async def until_all_told(self, kind: str, about: Person, count: int) -> list[dict[str, Any]]:
        """Waits for so many events about somebody; gives what there is by then, so that more would be seen."""

        async def look() -> list[dict[str, Any]] | None:
            told = await self.told(kind, about=about)
            return told if len(told) >= count else None

        try:
            return await until(look)
        except TimeoutError as error:
            raise AssertionError(f"of {count} only {await self.told(kind, about=about)}") from error

    async def _person(self, phone: str) -> Person:
        return Person(self.sandbox, phone, (await self.sandbox.call("GET", f"/accounts/{phone}"))["lid"])


def _named(payload: dict[str, Any]) -> set[str]:
    """Whom or what an event is about."""
    subject = next((payload[name] for name in ("chat", "contact", "presence", "call") if name in payload), payload)
    return {subject[name] for name in ("id", "chat_id", "contact_id", "phone", "lid") if subject.get(name)}
