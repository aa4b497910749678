"""Whether the object store answers."""

from typing import Final, override

from application.ports.health_check import HealthCheck
from application.ports.media_store import MediaStore
from domain.errors import UnavailableError

_NOBODYS: Final = "0" * 64
"""No content's digest that anybody knows."""


class MediaStoreHealthCheck(HealthCheck):
    """Asks for a content that isn't there. Without the store messages without files go on."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store

    @property
    @override
    def name(self) -> str:
        return "media_store"

    @property
    @override
    def is_needed(self) -> bool:
        return False

    @override
    async def check(self) -> str | None:
        try:
            await self._store.size(_NOBODYS)
        except UnavailableError as error:
            return error.message
        return None
