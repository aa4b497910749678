"""Create, read and change users."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from application.access.key_ring import KeyRing
from application.access.principal import CALLER
from application.audit.notes import note_target
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.page_tokens import read_id_token
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Role, User
from domain.access_checks import check_name
from domain.errors import ConflictError, InvalidArgumentError
from domain.ids import UserId, parse_user_id

MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUserCommand:
    """A user to create."""

    name: str
    role: Role
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUserCommand:
    """What to change; None leaves it."""

    user_id: str
    name: str | None = None
    role: Role | None = None
    disabled: bool | None = None
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """Users in the order of their ids; ``next_after`` None when there are no more."""

    items: Sequence[User]
    next_after: UserId | None


class CreateUser:
    """Makes a user, who has no key yet."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, command: CreateUserCommand) -> User:
        """Creates.

        Raises:
            InvalidArgumentError: ``INVALID_NAME``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        asked = {"name": command.name, "role": command.role.value}
        keyed = None if command.request is None else command.request.of("users.create", asked)
        now = self._clock.now()
        user = User(
            id=self._ids.user_id(), name=check_name(command.name), role=command.role, created_at=now, updated_at=now
        )
        async with self._uow.begin() as uow:
            if (answer := await answered(uow, keyed, now)) is not None:
                return await uow.users.get(UserId(answer["user_id"]))
            await uow.users.add(user)
            await note_answer(uow, keyed, {"user_id": user.id})
        note_target("user", user.id)
        return user


class GetUser:
    """Reads one user."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, user_id: str) -> User:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_USER_ID``.
            NotFoundError: ``USER_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            return await uow.users.get(parse_user_id(user_id))


class ListUsers:
    """Lists users."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, *, page_token: str | None = None, limit: int = 100) -> UserPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        check_page(limit)
        async with self._uow.begin() as uow:
            found = await uow.users.list(after=read_id_token(page_token, parse_user_id), limit=limit + 1)
        return UserPage(items=found[:limit], next_after=found[limit - 1].id if len(found) > limit else None)


class UpdateUser:
    """Changes a user. What becomes less holds for all of the user's keys at once, and ends their streams."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ring: KeyRing) -> None:
        self._uow = uow
        self._clock = clock
        self._ring = ring

    async def execute(self, command: UpdateUserCommand) -> User:
        """Changes.

        Raises:
            InvalidArgumentError: ``INVALID_USER_ID``, ``INVALID_NAME``.
            NotFoundError: ``USER_NOT_FOUND``.
            ConflictError: ``OWN_ACCESS``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        user_id = parse_user_id(command.user_id)
        asked = {
            "user_id": user_id,
            "name": command.name,
            "role": command.role and command.role.value,
            "disabled": command.disabled,
        }
        keyed = None if command.request is None else command.request.of("users.update", asked)
        now = self._clock.now()
        try:
            async with self._uow.begin() as uow:
                if await answered(uow, keyed, now) is not None:
                    return await uow.users.get(user_id)
                user = await uow.users.get(user_id, lock=True)
                changed = replace(
                    user,
                    name=user.name if command.name is None else check_name(command.name),
                    role=command.role or user.role,
                    updated_at=now,
                )
                if command.disabled is not None:
                    changed = replace(changed, disabled_at=(user.disabled_at or now) if command.disabled else None)
                _check_own(user, changed)
                await uow.users.save(changed)
                await note_answer(uow, keyed, {"user_id": user_id})
        finally:
            # Also where the commit got no answer: it may have been made.
            await self._ring.changed()
        return changed


def _check_own(user: User, changed: User) -> None:
    """Whoever shuts others out stays: so there is always somebody left who can let them in again."""
    caller = CALLER.get(None)
    if caller is None or caller.key_id is None or caller.user_id != user.id:
        return
    if changed.is_disabled or not changed.role.allows(Role.ADMIN):
        raise own_access()


def own_access() -> ConflictError:
    """The caller would shut itself out."""
    return ConflictError(
        "OWN_ACCESS", "This would end the access of the key that asks for it; do it with another administrator's key."
    )


def check_page(limit: int) -> None:
    """A page's size.

    Raises:
        InvalidArgumentError: ``INVALID_PAGE_SIZE``.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
