"""Who may do what: users, their API keys, and the roles of both."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.ids import ApiKeyId, SessionId, UserId

BOOTSTRAP_USER: Final = UserId("usr_00000000000000000000000000")
"""The user of the keys that a gateway begins with, and of those of before there were users."""

ROTATION_OVERLAP: Final = timedelta(hours=24)
"""How long a key goes on beside its successor unless told otherwise."""


class Role(StrEnum):
    """What may be done, from the least on: each role may do all that those before it may. Public and stable."""

    READER = "reader"
    """Reads."""
    SENDER = "sender"
    """Also sends, and does things to messages."""
    OPERATOR = "operator"
    """Also runs and links sessions; webhooks, chats, contacts and groups."""
    ADMIN = "admin"
    """Also users, keys, and whatever concerns the gateway as a whole."""

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what needs that one."""
        return _ORDER.index(self) >= _ORDER.index(needed)

    def below(self, ceiling: "Role") -> "Role":
        """The lesser of the two."""
        return self if ceiling.allows(self) else ceiling


_ORDER: Final = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody, or something, that keys belong to.

    Attributes:
        name: for people.
        role: a ceiling: none of the user's keys may do more, whatever its own role.
        disabled_at: since when none of the user's keys works; None lets them work.
    """

    id: UserId
    name: str
    role: Role
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_disabled(self) -> bool:
        """Whether the user's keys are shut out."""
        return self.disabled_at is not None


class KeyStatus(StrEnum):
    """Whether a key works. Public and stable."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key. The key itself isn't kept anywhere.

    Attributes:
        name: for people.
        role: what it may do, at most what its user may.
        session_ids: the sessions that it may see; empty: all.
        hint: the key's first characters, by which people tell keys apart; too few to be of use to anybody else.
        request_scope: in whose name its idempotency keys are kept. A successor has its predecessor's: a request that is
            repeated with the new key is the same request.
        last_used_at: when it was used last, to some minutes.
        replaced_by: its successor.
    """

    id: ApiKeyId
    user_id: UserId
    name: str
    role: Role
    hint: str
    request_scope: str
    created_at: datetime
    session_ids: tuple[SessionId, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_by: ApiKeyId | None = None

    def status(self, now: datetime) -> KeyStatus:
        """Whether it works at a time. Its user's being disabled doesn't show here."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if self.expires_at is not None and self.expires_at <= now else KeyStatus.ACTIVE

    def revoke(self, now: datetime) -> "ApiKey":
        """The same key, ended. One that was revoked stays as it is."""
        return self if self.revoked_at is not None else replace(self, revoked_at=now)

    def replace_by(self, successor: ApiKeyId, *, overlap: timedelta, now: datetime) -> "ApiKey":
        """The same key, with a successor: it goes on for the overlap, and never longer than it would have anyway."""
        end = now + overlap
        if self.expires_at is not None:
            end = min(end, self.expires_at)
        return replace(self, replaced_by=successor, expires_at=end)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHash:
    """What is kept in a key's place.

    Attributes:
        digest: 32 bytes.
        secret_id: names the secret that it was made under, and tells nothing of it; None: it was made without one, as
            those of before there were secrets.
    """

    digest: bytes
    secret_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedKey:
    """A key and whose it is."""

    key: ApiKey
    user: User

    @property
    def role(self) -> Role:
        """What may be done with it."""
        return self.key.role.below(self.user.role)
