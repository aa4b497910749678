"""Messages over REST."""

from datetime import datetime
from typing import Any, override
from urllib.parse import urlencode

from .messages_transport import Json, MessagesTransport
from .people_rest import PeopleRest
from .rest_transport import API
from .transport import SESSION


class MessagesRest(PeopleRest, MessagesTransport):
    """REST."""

    async def _of(self, message: str, method: str, path: str = "", body: Any = None) -> Json:
        answer: Json = await self._call(method, f"/messages/{message}{path}", body)
        return answer

    @override
    async def sent(
        self, to: str, kind: str, content: Any, not_before: datetime | None = None, answers: str | None = None
    ) -> Json:
        body = {"session_id": SESSION, "to": to, "type": kind, kind: content}
        later = {} if not_before is None else {"not_before": not_before.isoformat()}
        context = {} if answers is None else {"context": {"message_id": answers}}
        message: Json = await self._call("POST", "/messages/send", body | later | context)
        return message

    @override
    async def upload(self, data: bytes, mime_type: str, filename: str) -> Json:
        url, headers = f"{self._gateway.url}{API}/media", {"Content-Type": mime_type}
        async with self._gateway.http.post(url, params={"filename": filename}, data=data, headers=headers) as answer:
            media: Json = await answer.json()
            assert answer.ok, media
            return media

    @override
    async def sent_many(self, *texts: tuple[str, str]) -> list[Json]:
        bodies = [{"session_id": SESSION, "to": to, "type": "text", "text": {"body": text}} for to, text in texts]
        answer = await self._call("POST", "/messages/bulk", {"messages": bodies})
        return [result["message"] for result in answer["results"]]

    @override
    async def canceled(self, message: str) -> Json:
        return await self._of(message, "POST", "/cancel")

    @override
    async def message(self, message: str) -> Json:
        return await self._of(message, "GET")

    @override
    async def told(self, kind: str) -> list[Json]:
        return [event["payload"]["message"] for event in await self._gateway.events(kind)]

    @override
    async def listed(self, **which: Any) -> tuple[list[Json], str | None]:
        page = await self._call("GET", f"/messages?{urlencode({'session_id': SESSION, **which})}")
        return page["items"], page["next_page_token"]

    @override
    async def edited(self, message: str, body: str) -> Json:
        return await self._of(message, "PATCH", body={"text": {"body": body}})

    @override
    async def revoked(self, message: str) -> Json:
        return await self._of(message, "DELETE")

    @override
    async def reacted(self, message: str, emoji: str | None) -> Json:
        if emoji is None:
            return await self._of(message, "DELETE", "/reaction")
        return await self._of(message, "PUT", "/reaction", {"emoji": emoji})

    @override
    async def voted(self, message: str, *options: str) -> Json:
        return await self._of(message, "POST", "/vote", {"options": list(options)})

    @override
    async def pinned(self, message: str, days: int) -> Json:
        return await self._of(message, "POST", "/pin", {"duration": days * 86_400})

    @override
    async def unpinned(self, message: str) -> Json:
        return await self._of(message, "POST", "/unpin")

    @override
    async def forward(self, message: str, to: str) -> Json:
        return await self._of(message, "POST", "/forward", {"to": to})

    @override
    async def unstar(self, message: str) -> Json:
        return await self._of(message, "POST", "/unstar")

    @override
    async def delete_for_me(self, message: str) -> Json:
        deleted: Json = (await self._of(message, "DELETE", "?for=me"))["message"]
        return deleted

    @override
    async def reactions(self, message: str) -> list[Json]:
        items: list[Json] = (await self._of(message, "GET", "/reactions"))["items"]
        return items

    @override
    async def votes(self, message: str) -> Json:
        return await self._of(message, "GET", "/votes")

    @override
    async def receipts(self, message: str) -> list[Json]:
        items: list[Json] = (await self._of(message, "GET", "/receipts"))["items"]
        return items

    @override
    async def history(self, chat: str, before: str | None, limit: int) -> Json:
        return await self._one("POST", f"/chats/{chat}/history", {"before": before, "limit": limit})
