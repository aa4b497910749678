"""Webhook requests with aiohttp."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final, Self, override

import aiohttp
import structlog
from aiohttp import ClientResponse, ClientSession, TCPConnector, TraceConfig
from aiohttp.client_exceptions import InvalidURL
from yarl import URL

from adapters.http.address_policy import AddressPolicy, Network
from adapters.http.guarded_resolver import (
    GuardedResolver,
    Lookup,
    SystemLookup,
    TargetRefusedError,
    guarded_sockets,
)
from adapters.http.signatures import signed_headers
from application.ports.clock import Clock
from application.ports.webhook_sender import SendResult, WebhookSender
from domain.errors import InvalidArgumentError
from domain.ids import EventId
from domain.webhook import DeliveryOutcome, WebhookEndpoint

_log: Final = structlog.stdlib.get_logger(__name__)
_READ_AT_MOST: Final = 65_536
"""Bytes of an answer's body that are read, so that its connection can be used again; a longer one is dropped."""
_BODY_SECONDS: Final = 1.0
"""How long such a body may take: the answer's status is what counts, and it is there by then."""
_SUCCESS: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """How requests are made.

    Attributes:
        allowed: networks that requests may go to although they aren't public.
        timeout: of a whole request, from the name's lookup to the answer's status.
        user_agent: what requests say they come from.
    """

    allowed: Sequence[Network] = ()
    timeout: timedelta = timedelta(seconds=15)
    user_agent: str = "Pombo-Webhooks"


@dataclass(slots=True)
class _Trace:
    """What one request went through."""

    is_reused: bool = field(default=False)


class HttpWebhookSender(WebhookSender):
    """Posts with connections that are kept alive, to addresses that were checked, and follows nobody elsewhere."""

    def __init__(self, session: ClientSession, policy: AddressPolicy, clock: Clock, settings: SenderSettings) -> None:
        self._session = session
        self._policy = policy
        self._clock = clock
        self._timeout = settings.timeout.total_seconds()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, clock: Clock, settings: SenderSettings | None = None, lookup: Lookup | None = None
    ) -> AsyncIterator[Self]:
        """Opens the sender, and closes its connections at the end. ``lookup`` replaces the system's resolver."""
        settings = settings or SenderSettings()
        policy = AddressPolicy(settings.allowed)
        system = SystemLookup()
        connector = TCPConnector(
            resolver=GuardedResolver(policy, lookup or system),
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=30,
            socket_factory=guarded_sockets(policy),
        )
        try:
            async with ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                raise_for_status=False,
                headers={"User-Agent": settings.user_agent},
                skip_auto_headers=("Accept-Encoding",),
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[_tracing()],
            ) as session:
                yield cls(session, policy, clock, settings)
        finally:
            system.close()

    @override
    def check_target(self, url: str) -> None:
        try:
            host = URL(url).host
        except ValueError:
            host = None
        if not host:
            raise InvalidArgumentError("INVALID_WEBHOOK_URL", "This address can't be read.", field="url")
        if self._policy.permits_literal(host) is False:
            raise InvalidArgumentError(
                "WEBHOOK_TARGET_REFUSED",
                "This address is private, loopback or the like; POMBO_WEBHOOK_ALLOW_PRIVATE can allow it.",
                field="url",
            )

    @override
    async def send(self, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> SendResult:
        began = time.monotonic()
        outcome, status, detail = await self._send(endpoint, event_id, body)
        took = timedelta(seconds=time.monotonic() - began)
        return SendResult(outcome=outcome, took=took, status=status, detail=detail)

    async def _send(
        self, endpoint: WebhookEndpoint, event_id: EventId, body: str
    ) -> tuple[DeliveryOutcome, int | None, str | None]:
        try:
            self.check_target(endpoint.url)
            async with asyncio.timeout(self._timeout):
                response = await self._post(endpoint, event_id, body)
        except TimeoutError:
            return DeliveryOutcome.TIMEOUT, None, f"No answer within {self._timeout:g} s."
        except InvalidArgumentError as error:
            return DeliveryOutcome.TARGET_REFUSED, None, error.message
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _what_failed(error)
        await _finish(response)
        return _meaning(response.status)

    async def _post(self, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> ClientResponse:
        trace = _Trace()
        try:
            return await self._request(endpoint, event_id, body, trace)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # A connection that was kept, and that the other side closed in the same moment, says nothing of it.
            if not trace.is_reused:
                raise
        return await self._request(endpoint, event_id, body, trace)

    async def _request(self, endpoint: WebhookEndpoint, event_id: EventId, body: str, trace: _Trace) -> ClientResponse:
        now = self._clock.now()
        return await self._session.post(
            URL(endpoint.url),
            data=body.encode(),
            headers={
                **endpoint.headers,
                **signed_headers(event_id, now, body, endpoint.signing_secrets(now)),
                "Content-Type": "application/json",
            },
            allow_redirects=False,
            trace_request_ctx=trace,
        )


async def _finish(response: ClientResponse) -> None:
    """Reads the little that a receiver says, so that its connection can be kept, and drops what is longer."""
    left = _READ_AT_MOST
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while left > 0 and not response.content.at_eof():
                left -= len(await response.content.read(left))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        _log.debug("webhook_answer_dropped", error=type(error).__name__)
    finally:
        if response.content.at_eof():
            response.release()
        else:
            response.close()


def _meaning(status: int) -> tuple[DeliveryOutcome, int, str | None]:
    if status in _SUCCESS:
        return DeliveryOutcome.DELIVERED, status, None
    if status == HTTPStatus.GONE:
        return DeliveryOutcome.GONE, status, "Answered 410: it wants no more."
    if status in _REDIRECT:
        return DeliveryOutcome.REDIRECTED, status, "Redirects aren't followed: set the address that it leads to."
    return DeliveryOutcome.REFUSED, status, f"Answered {status}."


def _what_failed(error: Exception) -> tuple[DeliveryOutcome, None, str]:
    """The error's texts aren't told: they may hold parts of the address, or what was answered."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and isinstance(cause, Exception):
        causes.append(cause)
    if any(isinstance(cause, TargetRefusedError) for cause in causes):
        return DeliveryOutcome.TARGET_REFUSED, None, "Its name leads to an address that isn't allowed."
    if isinstance(error, aiohttp.ClientConnectorDNSError) or any(
        isinstance(cause, socket.gaierror) for cause in causes
    ):
        return DeliveryOutcome.NAME_NOT_RESOLVED, None, "Its name has no address at present."
    if isinstance(error, aiohttp.ClientSSLError):
        return DeliveryOutcome.TLS_FAILED, None, "Its certificate or its TLS isn't good."
    if isinstance(error, InvalidURL):
        return DeliveryOutcome.TARGET_REFUSED, None, "Its address can't be read."
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return DeliveryOutcome.CONNECTION_FAILED, None, _about(error)
    return DeliveryOutcome.INVALID_ANSWER, None, "What it answered isn't HTTP."


def _about(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return "The connection couldn't be made."
    return "The connection broke before the answer."


def _tracing() -> TraceConfig:
    async def reused(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.is_reused = True

    async def created(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.is_reused = False

    config = TraceConfig()
    config.on_connection_reuseconn.append(reused)
    config.on_connection_create_end.append(created)
    return config
