"""Users in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, override

from adapters.postgres.transaction import Transaction
from application.ports.user_repository import UserRepository
from domain.access import Role, User
from domain.access_errors import user_not_found
from domain.ids import UserId

_COLUMNS: Final = "id, name, role, disabled_at, created_at, updated_at"
_ADD: Final = f"""
INSERT INTO pombo.users ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING id
"""  # noqa: S608 - of constants
_GET: Final = f"SELECT {_COLUMNS} FROM pombo.users WHERE id = $1"  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {_COLUMNS} FROM pombo.users WHERE id > $1 ORDER BY id LIMIT $2
"""  # noqa: S608 - of constants
_SAVE: Final = f"""
UPDATE pombo.users SET ({_COLUMNS}) = ROW ($1, $2, $3, $4, $5, $6) WHERE id = $1 RETURNING id
"""  # noqa: S608 - of constants


class PostgresUserRepository(UserRepository):
    """Users within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, user: User) -> bool:
        return bool(await self._transaction.write(_ADD, *_values(user)))

    @override
    async def get(self, user_id: UserId, *, lock: bool = False) -> User:
        if lock:
            # Keys of theirs may be added meanwhile.
            rows = await self._transaction.write(f"{_GET} FOR NO KEY UPDATE", user_id)
        else:
            rows = await self._transaction.read(_GET, user_id)
        if not rows:
            raise user_not_found(user_id)
        return to_user(rows[0])

    @override
    async def list(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        return tuple(map(to_user, await self._transaction.read(_LIST, after or "", limit)))

    @override
    async def save(self, user: User) -> None:
        if not await self._transaction.write(_SAVE, *_values(user)):
            raise user_not_found(user.id)


def _values(user: User) -> tuple[object, ...]:
    return user.id, user.name, user.role.value, user.disabled_at, user.created_at, user.updated_at


def to_user(row: Mapping[str, Any], prefix: str = "") -> User:
    """A user of a row, whose columns begin with the prefix."""
    return User(
        id=UserId(row[f"{prefix}id"]),
        name=row[f"{prefix}name"],
        role=Role(row[f"{prefix}role"]),
        disabled_at=row[f"{prefix}disabled_at"],
        created_at=row[f"{prefix}created_at"],
        updated_at=row[f"{prefix}updated_at"],
    )
