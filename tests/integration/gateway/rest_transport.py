"""The gateway's REST."""

from base64 import b64encode
from typing import Any, override

from .processes import Gateway
from .transport import SESSION, RefusedError, Transport, outcomes

API = "/api/v1"


class Rest(Transport):
    """REST."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def _call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        async with self._gateway.http.request(
            method, f"{self._gateway.url}{API}{path}", json=body, headers=headers
        ) as answer:
            content = await answer.json(content_type=None) if answer.status != 204 else None
            if not answer.ok:
                raise RefusedError(content["reason"], answer.status, content["metadata"])
            return content

    async def _groups(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        return await self._call(method, f"/sessions/{SESSION}{path}", body, key)

    @override
    async def create(self, subject: str, people: list[str], key: str) -> dict[str, Any]:
        created: dict[str, Any] = await self._groups(
            "POST", "/groups", {"subject": subject, "participants": people}, key
        )
        return created

    @override
    async def groups(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self._groups("GET", "/groups?participants=true"))["items"]
        return items

    @override
    async def group(self, group: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._groups("GET", f"/groups/{group}")
        return found

    @override
    async def update(self, group: str, **changes: Any) -> dict[str, Any]:
        changed: dict[str, Any] = await self._groups("PATCH", f"/groups/{group}", changes)
        return changed

    @override
    async def picture(self, group: str, picture: bytes | None) -> None:
        if picture is None:
            await self._groups("DELETE", f"/groups/{group}/picture")
        else:
            await self._groups("PUT", f"/groups/{group}/picture", {"base64": b64encode(picture).decode()})

    @override
    async def leave(self, group: str) -> None:
        await self._groups("POST", f"/groups/{group}/leave")

    @override
    async def change(self, group: str, action: str, *people: str) -> dict[str, str]:
        body = {"action": action, "participants": list(people)}
        return outcomes((await self._groups("POST", f"/groups/{group}/participants", body))["results"])

    @override
    async def code(self, group: str) -> str:
        return str((await self._groups("GET", f"/groups/{group}/invite-code"))["code"])

    @override
    async def revoke_code(self, group: str) -> str:
        return str((await self._groups("DELETE", f"/groups/{group}/invite-code"))["code"])

    @override
    async def preview(self, code: str) -> dict[str, Any]:
        shown: dict[str, Any] = await self._groups("GET", f"/group-invites/{code}")
        return shown

    @override
    async def join(self, code: str) -> dict[str, Any]:
        joined: dict[str, Any] = await self._groups("POST", "/group-invites/join", {"code": code})
        return joined

    @override
    async def requests(self, group: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self._groups("GET", f"/groups/{group}/requests"))["items"]
        return items

    @override
    async def decide(self, group: str, person: str, *, approve: bool, key: str = "") -> dict[str, str]:
        body = {"participants": [person], "approve": approve}
        return outcomes((await self._groups("POST", f"/groups/{group}/requests", body, key))["results"])

    @override
    async def failure(self, message: str) -> str:
        return str((await self._call("GET", f"/messages/{message}"))["error"]["reason"])

    @override
    async def send(self, to: str, body: str) -> None:
        request = {"session_id": SESSION, "to": to, "type": "text", "text": {"body": body}}
        await self._call("POST", "/messages/send", request)

    @override
    async def edit(self, message: str, body: str) -> None:
        await self._call("PATCH", f"/messages/{message}", {"text": {"body": body}})

    @override
    async def delete(self, message: str) -> None:
        await self._call("DELETE", f"/messages/{message}")

    @override
    async def react(self, message: str) -> None:
        await self._call("PUT", f"/messages/{message}/reaction", {"emoji": "👍"})

    @override
    async def pin(self, message: str) -> None:
        await self._call("POST", f"/messages/{message}/pin", {"duration": 86_400})

    @override
    async def star(self, message: str) -> None:
        await self._call("POST", f"/messages/{message}/star")

    @override
    async def file(self, message: str) -> bytes:
        async with self._gateway.http.get(f"{self._gateway.url}{API}/messages/{message}/media") as answer:
            if not answer.ok:
                problem = await answer.json(content_type=None)
                raise RefusedError(problem["reason"], answer.status, problem["metadata"])
            return await answer.read()
