"""Chats, people, presence and calls over REST."""

from typing import Any, override
from urllib.parse import urlencode

from .people_transport import PeopleTransport
from .rest_transport import Rest
from .transport import SESSION


def _query(which: dict[str, Any]) -> str:
    return urlencode({name: str(value).lower() if value in (True, False) else value for name, value in which.items()})


class PeopleRest(Rest, PeopleTransport):
    """REST."""

    async def _session(self, method: str, path: str, body: Any = None) -> Any:
        return await self._call(method, f"/sessions/{SESSION}{path}", body)

    async def _items(self, path: str) -> list[Any]:
        items: list[Any] = (await self._session("GET", path))["items"]
        return items

    async def _page(self, path: str, which: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
        page = await self._session("GET", f"{path}?{_query(which)}")
        return page["items"], page["next_page_token"]

    async def _one(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        one: dict[str, Any] = await self._session(method, path, body)
        return one

    @override
    async def chats(self, **which: Any) -> tuple[list[dict[str, Any]], str | None]:
        return await self._page("/chats", which)

    @override
    async def chat(self, chat: str) -> dict[str, Any]:
        return await self._one("GET", f"/chats/{chat}")

    @override
    async def update_chat(self, chat: str, **changes: Any) -> dict[str, Any]:
        return await self._one("PATCH", f"/chats/{chat}", changes)

    @override
    async def clear_chat(self, chat: str, *, keep_starred: bool = True) -> dict[str, Any]:
        return await self._one("POST", f"/chats/{chat}/clear", {} if keep_starred else {"keep_starred": False})

    @override
    async def delete_chat(self, chat: str) -> None:
        await self._session("DELETE", f"/chats/{chat}")

    @override
    async def show(self, *, online: bool) -> None:
        await self._session("PUT", "/presence", {"online": online})

    @override
    async def act(self, chat: str, activity: str) -> None:
        await self._session("PUT", f"/chats/{chat}/activity", {"activity": activity})

    @override
    async def subscribe(self, chat: str) -> dict[str, Any]:
        return await self._one("PUT", f"/presence/{chat}")

    @override
    async def unsubscribe(self, chat: str) -> None:
        await self._session("DELETE", f"/presence/{chat}")

    @override
    async def contacts(self, **which: Any) -> tuple[list[dict[str, Any]], str | None]:
        return await self._page("/contacts", which)

    @override
    async def contact(self, person: str) -> dict[str, Any]:
        return await self._one("GET", f"/contacts/{person}")

    @override
    async def check(self, *people: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._session("POST", "/contacts/check", {"contacts": people}))["items"]
        return found

    @override
    async def picture_of(self, person: str) -> str | None:
        url: str | None = (await self._session("GET", f"/contacts/{person}/picture"))["url"]
        return url

    @override
    async def about(self, person: str) -> str | None:
        about: str | None = (await self._session("GET", f"/contacts/{person}/about"))["about"]
        return about

    @override
    async def business(self, person: str) -> dict[str, Any] | None:
        profile: dict[str, Any] | None = (await self._session("GET", f"/contacts/{person}/business"))["profile"]
        return profile

    @override
    async def common_groups(self, person: str) -> list[str]:
        return await self._items(f"/contacts/{person}/groups")

    @override
    async def identity(self, person: str) -> dict[str, Any]:
        return await self._one("GET", f"/contacts/{person}/identity")

    @override
    async def save(self, person: str, first: str, last: str = "", *, on_phone: bool = True) -> dict[str, Any]:
        body = {"first_name": first, "last_name": last, **({} if on_phone else {"on_phone": False})}
        return await self._one("PUT", f"/contacts/{person}", body)

    @override
    async def remove(self, person: str) -> dict[str, Any]:
        return await self._one("DELETE", f"/contacts/{person}")

    @override
    async def blocked(self) -> list[dict[str, Any]]:
        return await self._items("/blocklist")

    @override
    async def block(self, person: str) -> dict[str, Any]:
        return await self._one("PUT", f"/blocklist/{person}")

    @override
    async def unblock(self, person: str) -> dict[str, Any]:
        return await self._one("DELETE", f"/blocklist/{person}")

    @override
    async def calls(self) -> list[dict[str, Any]]:
        return await self._items("/calls")

    @override
    async def reject(self, call: str) -> dict[str, Any]:
        return await self._one("POST", f"/calls/{call}/reject")

    @override
    async def messages(self, chat: str) -> list[dict[str, Any]]:
        query = _query({"session_id": SESSION, "chat_id": chat})
        items: list[dict[str, Any]] = (await self._call("GET", f"/messages?{query}"))["items"]
        return items

    @override
    async def played(self, message: str) -> dict[str, Any]:
        played: dict[str, Any] = await self._call("POST", f"/messages/{message}/played")
        return played
