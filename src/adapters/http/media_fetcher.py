"""Files fetched with aiohttp."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, Self, override

import aiohttp
from aiohttp import ClientResponse, ClientSession, TCPConnector
from yarl import URL

from adapters.http.address_policy import AddressPolicy, Network
from adapters.http.guarded_resolver import (
    GuardedResolver,
    Lookup,
    SystemLookup,
    TargetRefusedError,
    guarded_sockets,
)
from application.ports.media_fetcher import FetchedFile, MediaFetcher
from domain.errors import InvalidArgumentError, UnprocessableError
from domain.media_limits import media_too_large

_CHUNK: Final = 65_536
_MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PLAIN: Final = frozenset({"", "identity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetcherSettings:
    """How files are fetched.

    Attributes:
        allowed: networks that may be fetched from although they aren't public.
        timeout: of a whole file, from the name's lookup to its last byte.
        user_agent: what requests say they come from.
    """

    allowed: Sequence[Network] = ()
    timeout: timedelta = timedelta(seconds=60)
    user_agent: str = "Pombo-Media"


class HttpMediaFetcher(MediaFetcher):
    """Fetches from addresses that were checked, at each redirect anew. Nothing is sent but the request: no cookies."""

    def __init__(self, session: ClientSession, policy: AddressPolicy, settings: FetcherSettings) -> None:
        self._session = session
        self._policy = policy
        self._timeout = settings.timeout.total_seconds()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: FetcherSettings | None = None, lookup: Lookup | None = None) -> AsyncIterator[Self]:
        """Opens the fetcher, and closes its connections at the end. ``lookup`` replaces the system's resolver."""
        settings = settings or FetcherSettings()
        policy = AddressPolicy(settings.allowed)
        system = SystemLookup()
        connector = TCPConnector(
            resolver=GuardedResolver(policy, lookup or system),
            use_dns_cache=False,
            limit=0,
            force_close=True,
            socket_factory=guarded_sockets(policy),
        )
        try:
            async with ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity", "Accept": "*/*"},
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=_CHUNK,
            ) as session:
                yield cls(session, policy, settings)
        finally:
            system.close()

    @override
    def check(self, url: str) -> None:
        self._checked(url)

    def _checked(self, url: str | URL) -> URL:
        try:
            parsed = URL(url)
        except ValueError:
            raise _unreadable() from None
        if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.user or parsed.password:
            raise _unreadable()
        if self._policy.permits_literal(parsed.host) is False:
            raise _refused()
        return parsed

    @override
    def fetch(self, url: str, *, max_bytes: int) -> AbstractAsyncContextManager[FetchedFile]:
        return self._fetch(url, max_bytes)

    @asynccontextmanager
    async def _fetch(self, url: str, max_bytes: int) -> AsyncIterator[FetchedFile]:
        until = asyncio.get_running_loop().time() + self._timeout
        with _translated():
            async with asyncio.timeout_at(until):
                response = await self._follow(self._checked(url))
        try:
            if response.content_length is not None and response.content_length > max_bytes:
                raise media_too_large(max_bytes)
            disposition = response.content_disposition
            named = disposition.filename if disposition is not None and disposition.filename else None
            yield FetchedFile(
                chunks=_read(response, until),
                mime_type=response.headers.get("Content-Type"),
                filename=named or PurePosixPath(URL(url).path).name or None,
            )
        finally:
            response.close()

    async def _follow(self, url: URL) -> ClientResponse:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._session.get(url, allow_redirects=False)
            if response.status == HTTPStatus.OK:
                if response.headers.get("Content-Encoding", "").lower() not in _PLAIN:
                    response.close()
                    raise _failed("it is packed in a way that wasn't asked for")
                return response
            location = response.headers.get("Location")
            response.close()
            if response.status not in _REDIRECTS or location is None:
                raise _failed(f"it answered {response.status}")
            try:
                url = self._checked(url.join(URL(location)))
            except ValueError:
                raise _failed("it leads to no address") from None
        raise _failed("it leads on and on")


async def _read(response: ClientResponse, until: float) -> AsyncIterator[bytes]:
    while True:
        with _translated():
            async with asyncio.timeout_at(until):
                chunk = await response.content.read(_CHUNK)
        if not chunk:
            return
        yield chunk


@contextmanager
def _translated() -> Iterator[None]:
    """The error's texts aren't told: they may hold parts of the address, or what was answered."""
    try:
        yield
    except TimeoutError as error:
        raise _failed("it took too long") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, TargetRefusedError):
                raise _refused() from error
            cause = cause.__cause__ or cause.__context__
        raise _failed("no file came from it") from error


def _unreadable() -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_MEDIA_LINK", "Give an address of http or https, without a user's name.", field="link"
    )


def _refused() -> InvalidArgumentError:
    return InvalidArgumentError(
        "MEDIA_LINK_REFUSED",
        "This address is private, loopback or the like; POMBO_MEDIA_LINK_ALLOW_PRIVATE can allow it.",
        field="link",
    )


def _failed(why: str) -> UnprocessableError:
    return UnprocessableError("MEDIA_LINK_FAILED", f"The file can't be fetched from the link: {why}.", field="link")
