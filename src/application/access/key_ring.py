"""The keys that are in use, looked up and remembered for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.access.key_hashes import KeyHashes, plain_hash
from application.ports.api_key_repository import ApiKeyRepository
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import OwnedKey
from domain.errors import NotFoundError, PomboError
from domain.ids import ApiKeyId

TOPIC: Final = "access"
FRESH: Final = timedelta(seconds=5)
"""How long a key is taken for what it was: the safety net where the bus is away, not the way."""

_NOTE_USE_EVERY: Final = timedelta(minutes=10)
_MOST: Final = 10_000
"""Keys that are remembered at most."""


@dataclass(frozen=True, slots=True)
class _Known:
    owned: OwnedKey
    until: timedelta


class KeyRing:
    """Finds keys. What changes one is told to every gateway over the bus, and forgotten there at once.

    ``fresh``: how long a key is taken for what it was.
    """

    def __init__(
        self, uow: UnitOfWorkFactory, clock: Clock, bus: EventBus, hashes: KeyHashes, fresh: timedelta = FRESH
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._bus = bus
        self._hashes = hashes
        self.fresh = fresh
        self._known: dict[bytes | ApiKeyId, _Known] = {}
        self._used: dict[ApiKeyId, datetime] = {}
        self._changed = asyncio.Event()

    async def find(self, key: str) -> OwnedKey | None:
        """The key, as it was some seconds ago at most, in whatever state it is.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        owned = await self._look_up(plain_hash(key), lambda keys: keys.find(self._hashes.candidates(key)))
        if owned is not None:
            await self._note_use(owned)
        return owned

    async def get(self, key_id: ApiKeyId) -> OwnedKey | None:
        """The same, by the key's id.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """

        async def load(keys: ApiKeyRepository) -> OwnedKey | None:
            try:
                return await keys.get(key_id)
            except NotFoundError:
                return None

        return await self._look_up(key_id, load)

    async def _look_up(
        self, name: bytes | ApiKeyId, load: Callable[[ApiKeyRepository], Awaitable[OwnedKey | None]]
    ) -> OwnedKey | None:
        known = self._known.get(name)
        if known is not None and known.until > self._clock.elapsed():
            return known.owned
        mark, until = self._changed, self._clock.elapsed() + self.fresh
        async with self._uow.begin() as uow:
            owned = await load(uow.api_keys)
        # What was read before a change that was told meanwhile isn't kept.
        if owned is not None and not mark.is_set():
            if len(self._known) >= _MOST:
                self._known.clear()
                self._used.clear()
            self._known[name] = _Known(owned, until)
        return owned

    async def changed(self) -> None:
        """Says that a key or a user was changed. Call it when that is committed."""
        self.forget()
        await self._bus.publish(TOPIC)

    def forget(self) -> None:
        """Forgets everything, and wakes who waits for a change."""
        self._known.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def next_change(self) -> asyncio.Event:
        """Set at the next change. Take it before you look, and none that comes while you look is missed."""
        return self._changed

    async def run(self) -> None:
        """Hears of other gateways' changes, until cancelled."""
        async with self._bus.subscribe(TOPIC) as signals:
            async for _ in signals:
                self.forget()

    def now(self) -> datetime:
        """The time by which keys end."""
        return self._clock.now()

    async def _note_use(self, owned: OwnedKey) -> None:
        now, last = self._clock.now(), self._used.get(owned.key.id, owned.key.last_used_at)
        if last is not None and now - last < _NOTE_USE_EVERY:
            return
        self._used[owned.key.id] = now
        # It is for people: nobody is shut out because it can't be written.
        with suppress(PomboError):
            async with self._uow.begin() as uow:
                await uow.api_keys.touch(owned.key.id, now)
