"""A running gateway, as the command line talks to it: REST and server-sent events."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp

from domain.errors import ErrorKind, InvalidArgumentError, PomboError, UnavailableError
from entrypoints.cli.client_tls import ClientTlsSettings, client_context
from entrypoints.cli.console import UNREACHABLE
from entrypoints.settings import Settings, load_settings
from entrypoints.status import STATUS

type Json = dict[str, Any]

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=5)
_STREAM_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=5)
_NOTICE: Final = "stream."
_MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one event: the largest that a message with a quoted one could come to."""


class GatewayRefusedError(PomboError):
    """The gateway's own error, as it told it. ``status`` is the HTTP status."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        retry, errors = problem.get("retry_after"), problem.get("errors") or []
        fields = {str(error["field"]): str(error["message"]) for error in errors}
        metadata = {str(name): str(value) for name, value in (problem.get("metadata") or {}).items()}
        told = str(problem.get("detail") or problem.get("title") or f"The gateway answered {status}.")
        super().__init__(
            str(problem.get("reason") or f"HTTP_{status}"),
            # Of one field its own message says most, and the detail at best the same.
            next(iter(fields.values())) if len(fields) == 1 else told,
            field=next(iter(fields)) if len(fields) == 1 else None,
            metadata=metadata if len(fields) == 1 else metadata | fields,
            retry_after=timedelta(seconds=float(retry)) if isinstance(retry, int | float) else None,
        )
        self.status = status
        kinds = [kind for kind, mapped in STATUS.items() if mapped.http == status]
        self.kind = kinds[0] if kinds else ErrorKind.INTERNAL


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream; ``id`` is the cursor to come back with."""

    id: str
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the gateway is and how to get in."""

    url: str
    api_key: str | None
    tls: ssl.SSLContext | None = None

    @classmethod
    def here(cls, settings: Settings, url: str, api_key: str | None) -> Self:
        """The gateway that these settings make, at an address of this machine's.

        Raises:
            SettingsError: a file of TLS can't be used.
        """
        tls = None
        if urlsplit(url).scheme == "https":
            tls = client_context(ClientTlsSettings.load(), settings.tls_cert)
        return cls(url=url, api_key=api_key, tls=tls)

    @classmethod
    def choose(cls, url: str | None, api_key: str | None, *, env_file: Path | None = Path(".env")) -> Self:
        """What the options say, else what the settings say.

        Raises:
            SettingsError: the settings are wrong, and the options don't make them needless.
            InvalidArgumentError: ``INVALID_URL``.
        """
        shown = None
        if url is None or api_key is None:
            settings = load_settings(env_file)
            if url is None:
                url, shown = own_address(settings), settings.tls_cert
            configured = None if settings.api_key is None else settings.api_key.get_secret_value()
            api_key = api_key or configured
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidArgumentError("INVALID_URL", "Give the gateway's address like http://127.0.0.1:8080.")
        tls = client_context(ClientTlsSettings.load(env_file), shown) if parts.scheme == "https" else None
        return cls(url=url.rstrip("/"), api_key=api_key, tls=tls)


def own_address(settings: Settings, host: str = "127.0.0.1") -> str:
    """Where the gateway with these settings serves REST."""
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


class GatewayClient:
    """Calls under ``/api/v1``."""

    def __init__(self, target: Target, http: aiohttp.ClientSession) -> None:
        self._target = target
        self._http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target) -> AsyncIterator[Self]:
        """A client for the time of the context."""
        headers = {"Accept": "application/json"}
        if target.api_key is not None:
            headers["X-API-Key"] = target.api_key
        connector = aiohttp.TCPConnector(ssl=True if target.tls is None else target.tls)
        async with aiohttp.ClientSession(
            headers=headers, timeout=_TIMEOUT, read_bufsize=_MAX_LINE, connector=connector
        ) as http:
            yield cls(target, http)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        params: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Json:
        """Calls, and gives the answer's JSON; an empty object where the answer has none.

        Args:
            method: the HTTP method.
            path: under ``/api/v1``.
            body: sent as JSON.
            params: the query.
            key: the request's Idempotency-Key: calling again with it is safe.

        Raises:
            GatewayRefusedError: the gateway's own error.
            UnavailableError: ``GATEWAY_UNREACHABLE``.
        """
        try:
            headers = {} if key is None else {"Idempotency-Key": key}
            async with self._http.request(
                method, self._address(path), json=body, params=params, headers=headers
            ) as answer:
                await _raise_problem(answer)
                return await answer.json() if answer.content_type == "application/json" else {}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def is_gateway(self) -> bool:
        """Whether what listens there is a gateway of ours; needs no key.

        Raises:
            UnavailableError: ``GATEWAY_UNREACHABLE``.
        """
        try:
            async with self._http.get(f"{self._target.url}/health/live") as answer:
                return answer.ok and answer.content_type == "application/json"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def stream(
        self, *, params: Mapping[str, str], after: str | None = None
    ) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        """Follows the event log until the gateway closes the stream; on entering, the gateway has begun it.

        ``after`` None begins with what comes from now on.

        Raises:
            GatewayRefusedError: the gateway's own error.
            UnavailableError: ``GATEWAY_UNREACHABLE``, also when the stream breaks.
        """
        headers = {"Accept": "text/event-stream"} | ({} if after is None else {"Last-Event-ID": after})
        try:
            async with self._http.get(
                self._address("/events"), params=params, headers=headers, timeout=_STREAM_TIMEOUT
            ) as answer:
                await _raise_problem(answer)
                yield _parse(answer.content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _address(self, path: str) -> str:
        return f"{self._target.url}/api/v1{path}"

    def _unreachable(self, error: Exception) -> UnavailableError:
        return UnavailableError(
            UNREACHABLE,
            f"No gateway answers at {self._target.url} ({type(error).__name__}). Start one with `pombo serve`, or give "
            "its address with --url.",
        )


async def _raise_problem(answer: aiohttp.ClientResponse) -> None:
    if answer.ok:
        return
    try:
        problem = await answer.json(content_type=None)
    except (ValueError, aiohttp.ClientError):
        problem = {}
    if answer.status == STATUS[ErrorKind.UNAUTHENTICATED].http and isinstance(problem, dict):
        problem["detail"] = f"{problem.get('detail', 'Not let in.')} Give it with --api-key, or in API_KEY."
    raise GatewayRefusedError(answer.status, problem if isinstance(problem, dict) else {})


async def _parse(stream: aiohttp.StreamReader) -> AsyncIterator[ServerSentEvent]:
    """Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

    The stream's own notices are passed over: being behind is no news to a person, and after an error the gateway ends
    the stream and tells whoever comes back.
    """
    event_id, kind, data = "", "", list[str]()
    async for raw in stream:
        line = raw.decode().rstrip("\r\n")
        name, _, value = line.partition(":")
        if not line:
            if data and not kind.startswith(_NOTICE):
                yield ServerSentEvent(event_id, json.loads("\n".join(data)))
            kind, data = "", []
        elif name == "event":
            kind = value.removeprefix(" ")
        elif name == "id":
            event_id = value.removeprefix(" ")
        elif name == "data":
            data.append(value.removeprefix(" "))
