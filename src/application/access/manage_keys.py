"""Create, read, rotate and revoke API keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.access.key_hashes import KeyHashes, hint_of, new_key
from application.access.key_ring import KeyRing
from application.access.manage_users import check_page, own_access
from application.access.principal import CALLER
from application.audit.notes import note_target
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.page_tokens import read_id_token
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.values import optional_time
from domain.access import ROTATION_OVERLAP, ApiKey, KeyStatus, Role, User
from domain.access_checks import check_expiry, check_key_sessions, check_name, check_overlap
from domain.errors import ConflictError
from domain.ids import ApiKeyId, parse_api_key_id, parse_user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiKeyCommand:
    """A key to make. ``session_ids`` empty: for all sessions; ``expires_at`` None: it never ends by itself."""

    user_id: str
    name: str
    role: Role
    session_ids: Collection[str] = ()
    expires_at: datetime | None = None
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateApiKeyCommand:
    """A key to replace. ``expires_at`` None: the successor lasts as long as the key was to last."""

    key_id: str
    overlap: timedelta = ROTATION_OVERLAP
    expires_at: datetime | None = None
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key. ``secret`` is the key itself, told this once: None where the same request is answered again."""

    key: ApiKey
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyPage:
    """Keys in the order of their ids; ``next_after`` None when there are no more."""

    items: Sequence[ApiKey]
    next_after: ApiKeyId | None


class CreateApiKey:
    """Makes a key."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, hashes: KeyHashes) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._hashes = hashes

    async def execute(self, command: CreateApiKeyCommand) -> IssuedKey:
        """Creates.

        Raises:
            InvalidArgumentError: ``INVALID_USER_ID``, ``INVALID_NAME``, ``INVALID_SESSION_ID``, ``TOO_MANY_SESSIONS``,
                ``ADMIN_NOT_SCOPED``, ``INVALID_EXPIRY``.
            NotFoundError: ``USER_NOT_FOUND``.
            ConflictError: ``ROLE_ABOVE_USER``, ``USER_IS_DISABLED``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        now, user_id = self._clock.now(), parse_user_id(command.user_id)
        session_ids = check_key_sessions(command.session_ids, command.role)
        asked = {
            "user_id": user_id,
            "name": command.name,
            "role": command.role.value,
            "session_ids": list(session_ids),
            "expires_at": optional_time(command.expires_at),
        }
        keyed = None if command.request is None else command.request.of("api_keys.create", asked)
        key_id, secret = self._ids.api_key_id(), new_key()
        async with self._uow.begin() as uow:
            if (answer := await answered(uow, keyed, now)) is not None:
                return IssuedKey(key=(await uow.api_keys.get(ApiKeyId(answer["key_id"]))).key, secret=None)
            key = ApiKey(
                id=key_id,
                user_id=user_id,
                name=check_name(command.name),
                role=command.role,
                session_ids=session_ids,
                hint=hint_of(secret),
                request_scope=f"key:{key_id}",
                created_at=now,
                expires_at=check_expiry(command.expires_at, now),
            )
            # Locked: it mustn't be disabled, or allowed less, in between.
            _check_user(await uow.users.get(user_id, lock=True), command.role)
            await uow.api_keys.add(key, self._hashes.make(secret))
            await note_answer(uow, keyed, {"key_id": key_id})
        note_target("user", user_id)
        note_target("api_key", key_id)
        return IssuedKey(key=key, secret=secret)


class GetApiKey:
    """Reads what is known of one key."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, key_id: str) -> ApiKey:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_API_KEY_ID``.
            NotFoundError: ``API_KEY_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            return (await uow.api_keys.get(parse_api_key_id(key_id))).key


class ListApiKeys:
    """Lists keys, those that have ended too."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(
        self, *, user_id: str | None = None, page_token: str | None = None, limit: int = 100
    ) -> ApiKeyPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_USER_ID``, ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        check_page(limit)
        of_user = None if user_id is None else parse_user_id(user_id)
        after = read_id_token(page_token, parse_api_key_id)
        async with self._uow.begin() as uow:
            found = await uow.api_keys.list(user_id=of_user, after=after, limit=limit + 1)
        return ApiKeyPage(items=found[:limit], next_after=found[limit - 1].id if len(found) > limit else None)


class RotateApiKey:
    """Makes a key's successor, which may do the same. For the overlap both work."""

    def __init__(
        self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, hashes: KeyHashes, ring: KeyRing
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._hashes = hashes
        self._ring = ring

    async def execute(self, command: RotateApiKeyCommand) -> IssuedKey:
        """Rotates.

        Raises:
            InvalidArgumentError: ``INVALID_API_KEY_ID``, ``INVALID_DURATION``, ``INVALID_EXPIRY``.
            NotFoundError: ``API_KEY_NOT_FOUND``.
            ConflictError: ``API_KEY_NOT_ACTIVE``, ``API_KEY_REPLACED``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        now, key_id, overlap = self._clock.now(), parse_api_key_id(command.key_id), check_overlap(command.overlap)
        asked = {
            "key_id": key_id,
            "overlap": overlap.total_seconds(),
            "expires_at": optional_time(command.expires_at),
        }
        keyed = None if command.request is None else command.request.of("api_keys.rotate", asked)
        secret = new_key()
        try:
            async with self._uow.begin() as uow:
                if (answer := await answered(uow, keyed, now)) is not None:
                    return IssuedKey(key=(await uow.api_keys.get(ApiKeyId(answer["key_id"]))).key, secret=None)
                key = (await uow.api_keys.get(key_id, lock=True)).key
                _check_rotatable(key, now)
                successor = self._successor(key, secret, command.expires_at, now)
                await uow.api_keys.add(successor, self._hashes.make(secret))
                await uow.api_keys.save(key.replace_by(successor.id, overlap=overlap, now=now))
                await note_answer(uow, keyed, {"key_id": successor.id})
        finally:
            # Also where the commit got no answer: it may have been made.
            await self._ring.changed()
        note_target("api_key", successor.id)
        return IssuedKey(key=successor, secret=secret)

    def _successor(self, key: ApiKey, secret: str, expires_at: datetime | None, now: datetime) -> ApiKey:
        end = check_expiry(expires_at, now)
        if end is None and key.expires_at is not None:
            end = now + (key.expires_at - key.created_at)
        return ApiKey(
            id=self._ids.api_key_id(),
            user_id=key.user_id,
            name=key.name,
            role=key.role,
            session_ids=key.session_ids,
            hint=hint_of(secret),
            request_scope=key.request_scope,
            created_at=now,
            expires_at=end,
        )


class RevokeApiKey:
    """Ends a key: on every gateway, and with it the streams that it has open."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ring: KeyRing) -> None:
        self._uow = uow
        self._clock = clock
        self._ring = ring

    async def execute(self, key_id: str, *, request: RequestKey | None = None) -> ApiKey:
        """Revokes; one that is revoked stays so.

        Raises:
            InvalidArgumentError: ``INVALID_API_KEY_ID``.
            NotFoundError: ``API_KEY_NOT_FOUND``.
            ConflictError: ``OWN_ACCESS``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        checked, now = parse_api_key_id(key_id), self._clock.now()
        keyed = None if request is None else request.of("api_keys.revoke", {"key_id": checked})
        caller = CALLER.get(None)
        if caller is not None and caller.key_id == checked:
            raise own_access()
        try:
            async with self._uow.begin() as uow:
                if await answered(uow, keyed, now) is not None:
                    return (await uow.api_keys.get(checked)).key
                revoked = (await uow.api_keys.get(checked, lock=True)).key.revoke(now)
                await uow.api_keys.save(revoked)
                await note_answer(uow, keyed, {"key_id": checked})
        finally:
            # Also where the commit got no answer: it may have been made.
            await self._ring.changed()
        return revoked


def _check_user(user: User, role: Role) -> None:
    if user.is_disabled:
        raise ConflictError("USER_IS_DISABLED", "This user is disabled; enable them first.")
    if not user.role.allows(role):
        raise ConflictError(
            "ROLE_ABOVE_USER",
            f"This user may be '{user.role}' at most; change that first.",
            metadata={"role": user.role.value},
        )


def _check_rotatable(key: ApiKey, now: datetime) -> None:
    status = key.status(now)
    if status is not KeyStatus.ACTIVE:
        raise ConflictError("API_KEY_NOT_ACTIVE", f"This key is {status}; make a new one.")
    if key.replaced_by is not None:
        raise ConflictError(
            "API_KEY_REPLACED", "This key has a successor already; rotate that.", metadata={"key_id": key.replaced_by}
        )
