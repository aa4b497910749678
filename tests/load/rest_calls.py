"""A client over REST."""

import json
from typing import Any, Final, override

import aiohttp

from tests.load.calls import CALL_SECONDS, Answer, Caller

_NO_KEY: Final = "k" * 32


class RestCaller(Caller):
    """Has a connection of its own, which it keeps."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1),
            headers={"X-API-Key": key},
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS),
        )

    @override
    async def close(self) -> None:
        await self._http.close()

    @override
    async def send(self, session: str, to: str, body: str, key: str, *, waits: bool) -> Answer:
        content = {"session_id": session, "to": to, "type": "text", "text": {"body": body}}
        headers = {"Idempotency-Key": key} | ({} if waits else {"Prefer": "respond-async"})
        return await self._call("POST", "/messages/send", content, headers)

    @override
    async def message(self, message_id: str) -> Answer:
        return await self._call("GET", f"/messages/{message_id}")

    @override
    async def status(self, session: str) -> Answer:
        return await self._call("GET", f"/sessions/{session}/status")

    @override
    async def events(self, after: int, page_size: int) -> Answer:
        return await self._call("GET", f"/events?after={after}&page_size={page_size}")

    @override
    async def endpoints(self) -> Answer:
        return await self._call("GET", "/webhooks")

    @override
    async def with_another_key(self) -> Answer:
        return await self._call("GET", "/sessions", headers={"X-API-Key": _NO_KEY})

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        try:
            async with self._http.request(method, f"{self._url}/api/v1{path}", json=body, headers=headers) as answer:
                raw = await answer.read()
                content = json.loads(raw)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(status=type(error).__name__)
        retry = answer.headers.get("Retry-After")
        return Answer(
            status=str(answer.status),
            reason=str(content.get("reason", "")) if not answer.ok else "",
            message_id=content.get("id") if answer.ok else (content.get("metadata") or {}).get("message_id"),
            retry_after=float(retry) if retry is not None and retry.isdecimal() else None,
            policy=str((content.get("metadata") or {}).get("policy", "")) if not answer.ok else "",
        )
