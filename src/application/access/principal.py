"""Who calls."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.access import Role
from domain.ids import ApiKeyId, SessionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls.

    Attributes:
        name: for the logs; doesn't give the key away.
        scope: what tells callers apart for certain. A key and those that replace it are one caller.
        role: what may be done.
        session_ids: the sessions that may be seen; None: all, and what belongs to none.
        user_id: whose key it is.
        key_id: which key; None for the one of the settings.
        expires_at: when it ends.
        key_name: what people call the key.
    """

    name: str
    scope: str
    role: Role
    user_id: UserId
    session_ids: frozenset[SessionId] | None = None
    key_id: ApiKeyId | None = None
    expires_at: datetime | None = None
    key_name: str = ""

    def sees(self, session_id: SessionId | None) -> bool:
        """Whether what belongs to this session, or to none, is there for this caller."""
        return self.session_ids is None or session_id in self.session_ids


CALLER: Final[ContextVar[Principal]] = ContextVar("caller")
"""Set by each transport once it has authenticated a call. Without one the gateway itself is at work, and sees all."""
