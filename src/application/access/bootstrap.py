"""The first key of an installation."""

from application.access.key_hashes import KeyHashes, hint_of, new_key
from application.audit.trail import own_record
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import BOOTSTRAP_USER, ApiKey, Role, User


class EnsureApiKey:
    """Makes the first administrator, and, where none is configured and none is on record, a key of theirs."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        hashes: KeyHashes,
        configured_key: str | None,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._hashes = hashes
        self._configured = configured_key

    async def execute(self) -> str | None:
        """The new key, to be shown this once, or None when there is a key already."""
        now = self._clock.now()
        async with self._uow.begin() as uow:
            await uow.users.add(User(id=BOOTSTRAP_USER, name="admin", role=Role.ADMIN, created_at=now, updated_at=now))
            if self._configured is not None or not await uow.api_keys.is_empty():
                return None
            key, key_id = new_key(), self._ids.api_key_id()
            await uow.api_keys.add(
                ApiKey(
                    id=key_id,
                    user_id=BOOTSTRAP_USER,
                    name="made at the first start",
                    role=Role.ADMIN,
                    hint=hint_of(key),
                    request_scope=f"key:{key_id}",
                    created_at=now,
                ),
                self._hashes.make(key),
            )
            targets = (f"api_key:{key_id}", f"user:{BOOTSTRAP_USER}")
            await uow.audit.append([own_record(now, "makeFirstKey", *targets)])
        return key
