"""The sandbox's control API, as the demonstration uses it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp

from domain.errors import UnavailableError

type Json = dict[str, Any]

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_CONFLICT: Final = 409
_OUTDATED: Final = frozenset({404, 410})


class SandboxClient:
    """Phones to command."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """A client for the time of the context."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
            yield cls(url, http)

    async def ensure_account(self, phone: str, name: str, **settings: bool | int | None) -> None:
        """An account with its phone; an existing one gets the settings."""
        status, _ = await self._call("POST", "/accounts", {"phone": phone, "name": name}, accept=frozenset({_CONFLICT}))
        if settings or status == _CONFLICT:
            await self._call("PATCH", f"/accounts/{phone}", {"name": name, **settings})

    async def scan(self, phone: str, qr: str) -> bool:
        """Lets a phone scan a QR; False when the page shows another one by now."""
        status, _ = await self._call("POST", f"/accounts/{phone}/scan", {"qr": qr}, accept=_OUTDATED)
        return status not in _OUTDATED

    async def send(self, phone: str, to: str, text: str) -> None:
        """Lets a phone write."""
        await self._call("POST", f"/accounts/{phone}/send", {"to": to, "text": text})

    async def _call(
        self, method: str, path: str, body: Json, *, accept: frozenset[int] = frozenset()
    ) -> tuple[int, Json]:
        try:
            async with self._http.request(method, f"{self._url}{path}", json=body) as answer:
                data = await answer.json(content_type=None)
                if not answer.ok and answer.status not in accept:
                    raise UnavailableError(
                        "SANDBOX_REFUSED",
                        f"The sandbox answered {answer.status} to {method} {path.rsplit('/', maxsplit=1)[-1]}: {data}",
                    )
                return answer.status, data
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise UnavailableError(
                "SANDBOX_UNREACHABLE", f"The sandbox doesn't answer ({type(error).__name__})."
            ) from error
