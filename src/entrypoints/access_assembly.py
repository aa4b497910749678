"""Wires who may call, and what manages it."""

from dataclasses import dataclass
from datetime import timedelta

from application.access.authenticate import Authenticate
from application.access.bootstrap import EnsureApiKey
from application.access.foreign_keys import CountForeignKeys
from application.access.key_hashes import KeyHashes
from application.access.key_ring import FRESH, KeyRing
from application.access.manage_keys import CreateApiKey, GetApiKey, ListApiKeys, RevokeApiKey, RotateApiKey
from application.access.manage_users import CreateUser, GetUser, ListUsers, UpdateUser
from application.access.stream_access import StreamAccess
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessUseCases:
    """Everything that a transport may do with users and keys."""

    create_user: CreateUser
    get_user: GetUser
    list_users: ListUsers
    update_user: UpdateUser
    create_key: CreateApiKey
    get_key: GetApiKey
    list_keys: ListApiKeys
    rotate_key: RotateApiKey
    revoke_key: RevokeApiKey


class AccessAssembly:
    """One ring of keys, and all that uses it."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        bus: EventBus,
        hash_secrets: tuple[bytes, ...],
        configured_key: str | None,
        fresh: timedelta = FRESH,
    ) -> None:
        hashes = KeyHashes(hash_secrets)
        self.ring = KeyRing(uow, clock, bus, hashes, fresh)
        self.authenticate = Authenticate(self.ring, configured_key)
        self.ensure_key = EnsureApiKey(uow, clock, ids, hashes, configured_key)
        self.count_foreign_keys = CountForeignKeys(uow, clock, hashes.secret_ids)
        self.streams = StreamAccess(self.authenticate, self.ring)
        self.use_cases = AccessUseCases(
            create_user=CreateUser(uow, clock, ids),
            get_user=GetUser(uow),
            list_users=ListUsers(uow),
            update_user=UpdateUser(uow, clock, self.ring),
            create_key=CreateApiKey(uow, clock, ids, hashes),
            get_key=GetApiKey(uow),
            list_keys=ListApiKeys(uow),
            rotate_key=RotateApiKey(uow, clock, ids, hashes, self.ring),
            revoke_key=RevokeApiKey(uow, clock, self.ring),
        )
