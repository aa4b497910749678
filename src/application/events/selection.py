"""Which events a reader wants."""

from dataclasses import dataclass
from typing import Self

from domain.errors import InvalidArgumentError
from domain.event import PAYLOAD_TYPES
from domain.ids import SessionId, parse_session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSelection:
    """One session or all, some types or all."""

    session_id: SessionId | None = None
    types: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, *, session_id: str | None = None, types: str | None = None) -> Self:
        """Reads what a caller gave: ``types`` is a comma-separated list.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``UNKNOWN_EVENT_TYPE``.
        """
        names = frozenset(name.strip() for name in (types or "").split(",") if name.strip())
        unknown = names - set(PAYLOAD_TYPES)
        if unknown:
            raise InvalidArgumentError(
                "UNKNOWN_EVENT_TYPE", f"There are these types: {', '.join(PAYLOAD_TYPES)}.", field="types"
            )
        return cls(session_id=None if session_id is None else parse_session_id(session_id), types=names)
