"""Streams end when whoever reads them may not any more."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from application.access.authenticate import Authenticate
from application.access.key_ring import KeyRing
from application.access.policy import POLICY, Rule
from application.access.principal import CALLER, Principal
from domain.errors import TRANSIENT, PomboError

_END: Final = object()


class StreamAccess:
    """Looks at a stream's key again whenever one was changed, when its time is over, and every few seconds."""

    def __init__(self, authenticate: Authenticate, ring: KeyRing) -> None:
        self._authenticate = authenticate
        self._ring = ring

    def guard[T](self, items: AsyncIterator[T], operation: str) -> AsyncIterator[T]:
        """The items, as long as the present caller may have them.

        Raises:
            UnauthenticatedError: from the stream: ``API_KEY_REVOKED``, ``API_KEY_EXPIRED``, ``USER_DISABLED``.
            PermissionDeniedError: from the stream: ``ROLE_TOO_LOW``.
        """
        principal = CALLER.get(None)
        if principal is None or principal.key_id is None:
            return items
        return self._guarded(items, principal, POLICY[operation])

    async def _guarded[T](self, items: AsyncIterator[T], principal: Principal, rule: Rule) -> AsyncGenerator[T]:
        interrupt = _Interrupt()
        watching = asyncio.create_task(self._until_ended(principal, rule))
        watching.add_done_callback(interrupt.fire)
        try:
            while not watching.done():
                # Only the waiting is interrupted, never what the reader does with an item.
                try:
                    async with interrupt.limit():
                        item = await anext(items, _END)
                except TimeoutError:
                    if not watching.done():
                        raise
                    break
                if item is _END:
                    return
                yield item  # type: ignore[misc]  # mypy can't tell the sentinel from an item
            await watching
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            if not watching.cancelled():
                watching.exception()  # seen above, or of no interest any more
            if isinstance(items, AsyncGenerator):
                await items.aclose()

    async def _until_ended(self, principal: Principal, rule: Rule) -> None:
        """Ends with the error that tells why."""
        while True:
            changed = self._ring.next_change
            wait = self._ring.fresh
            try:
                present = await self._authenticate.again(principal)
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            else:
                rule.check(present)
                if present.expires_at is not None:
                    wait = min(wait, present.expires_at - self._ring.now())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds()):
                    await changed.wait()


class _Interrupt:
    """Ends the waiting that goes on."""

    def __init__(self) -> None:
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as limit:
            self._limit = limit
            try:
                yield
            finally:
                self._limit = None

    def fire(self, _: asyncio.Task[None]) -> None:
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
