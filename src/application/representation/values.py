"""Times and addresses, and what else is within many shapes."""

from datetime import UTC, datetime
from typing import Any

from domain.jid import Jid

type Json = dict[str, Any]


def time_to_text(time: datetime) -> str:
    """RFC 3339 in UTC, microseconds where there are any."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Reads what ``time_to_text`` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def optional_time(time: datetime | None) -> str | None:
    """As ``time_to_text`` has it, where there is one."""
    return None if time is None else time_to_text(time)


def read_optional_time(text: str | None) -> datetime | None:
    """Reads what ``optional_time`` wrote."""
    return None if text is None else read_time(text)


def optional_jid(jid: Jid | None) -> str | None:
    """An address, where there is one."""
    return None if jid is None else str(jid)


def read_jid(text: str | None) -> Jid | None:
    """Reads what ``optional_jid`` wrote."""
    return None if text is None else Jid.parse(text)
