"""The public JSON shapes of users and keys."""

from typing import Any

from application.representation.values import optional_time, time_to_text
from domain.access import ApiKey, User

type Json = dict[str, Any]


def user_to_dict(user: User) -> Json:
    """A user."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.value,
        "disabled": user.is_disabled,
        "disabled_at": optional_time(user.disabled_at),
        "created_at": time_to_text(user.created_at),
        "updated_at": time_to_text(user.updated_at),
    }


def api_key_to_dict(key: ApiKey) -> Json:
    """What is known of a key."""
    return {
        "id": key.id,
        "user_id": key.user_id,
        "name": key.name,
        "role": key.role.value,
        "session_ids": list(key.session_ids),
        "hint": key.hint,
        "created_at": time_to_text(key.created_at),
        "expires_at": optional_time(key.expires_at),
        "revoked_at": optional_time(key.revoked_at),
        "last_used_at": optional_time(key.last_used_at),
        "replaced_by": key.replaced_by,
    }
