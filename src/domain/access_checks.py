"""What may be asked of users and keys."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from domain.access import Role
from domain.errors import InvalidArgumentError
from domain.ids import SessionId
from domain.webhook_checks import check_sessions

MAX_NAME: Final = 100
MAX_OVERLAP: Final = timedelta(days=30)
MAX_LIFE: Final = timedelta(days=3_660)


def check_name(name: str) -> str:
    """A name for people.

    Raises:
        InvalidArgumentError: ``INVALID_NAME``.
    """
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or not name.strip():
        raise InvalidArgumentError(
            "INVALID_NAME", f"A name has 1 to {MAX_NAME} printable characters, not only spaces.", field="name"
        )
    return name


def check_key_sessions(session_ids: Collection[str], role: Role) -> tuple[SessionId, ...]:
    """The sessions that a key is for; they needn't exist yet. An administrator's key is for all.

    Raises:
        InvalidArgumentError: ``INVALID_SESSION_ID``, ``TOO_MANY_SESSIONS``, ``ADMIN_NOT_SCOPED``.
    """
    checked = check_sessions(session_ids)
    if checked and role is Role.ADMIN:
        raise InvalidArgumentError(
            "ADMIN_NOT_SCOPED",
            "An administrator's key makes keys, for every session too: it can't be kept to some.",
            field="session_ids",
        )
    return checked


def check_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """When a key ends; None: never.

    Raises:
        InvalidArgumentError: ``INVALID_EXPIRY``.
    """
    if expires_at is not None and not now < expires_at <= now + MAX_LIFE:
        raise InvalidArgumentError(
            "INVALID_EXPIRY", "A key ends in the future, within ten years, or never.", field="expires_at"
        )
    return expires_at


def check_overlap(overlap: timedelta) -> timedelta:
    """How long a key goes on beside its successor.

    Raises:
        InvalidArgumentError: ``INVALID_DURATION``.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise InvalidArgumentError(
            "INVALID_DURATION", f"An overlap lasts 0 seconds to {MAX_OVERLAP.days} days.", field="overlap"
        )
    return overlap
