"""What is said of users and keys that aren't there."""

from domain.errors import NotFoundError
from domain.ids import ApiKeyId, UserId


def user_not_found(user_id: UserId) -> NotFoundError:
    """There is no such user."""
    return NotFoundError("USER_NOT_FOUND", "There is no user with this id.", metadata={"user_id": user_id})


def api_key_not_found(key_id: ApiKeyId) -> NotFoundError:
    """There is no such key."""
    return NotFoundError("API_KEY_NOT_FOUND", "There is no API key with this id.", metadata={"key_id": key_id})
