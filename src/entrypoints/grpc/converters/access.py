"""Users and keys."""

from typing import Final

from domain.access import ApiKey, Role, User
from domain.errors import InvalidArgumentError
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import api_key_pb2, user_pb2

# A member without a value of its own in the proto fails the import: none can be forgotten.
_ROLES: Final = {role: user_pb2.Role.Value(f"ROLE_{role.name}") for role in Role}
_BY_VALUE: Final[dict[int, Role]] = {value: role for role, value in _ROLES.items()}


def role_from_proto(value: int, *, field: str) -> Role:
    """A role that a caller gave.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    role = _BY_VALUE.get(value)
    if role is None:
        raise InvalidArgumentError(
            "INVALID_REQUEST", f"Give one of {', '.join(f'ROLE_{each.name}' for each in Role)}.", field=field
        )
    return role


def user_to_proto(user: User) -> user_pb2.User:
    """A user."""
    return user_pb2.User(
        id=user.id,
        name=user.name,
        role=_ROLES[user.role],
        disabled=user.is_disabled,
        disable_time=optional_time_to_proto(user.disabled_at),
        create_time=time_to_proto(user.created_at),
        update_time=time_to_proto(user.updated_at),
    )


def api_key_to_proto(key: ApiKey) -> api_key_pb2.ApiKey:
    """What is known of a key."""
    return api_key_pb2.ApiKey(
        id=key.id,
        user_id=key.user_id,
        name=key.name,
        role=_ROLES[key.role],
        session_ids=key.session_ids,
        hint=key.hint,
        create_time=time_to_proto(key.created_at),
        expire_time=optional_time_to_proto(key.expires_at),
        revoke_time=optional_time_to_proto(key.revoked_at),
        last_use_time=optional_time_to_proto(key.last_used_at),
        replaced_by=key.replaced_by or "",
    )
