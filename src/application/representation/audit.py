"""The public JSON shape of the audit log's entries, also of those that are exported."""

from datetime import datetime
from typing import Any, Final

from domain.audit import Actor, AuditEntry, AuditRecord, AuditTransport, form
from domain.errors import InvalidArgumentError
from domain.ids import ApiKeyId, SessionId, UserId

type Json = dict[str, Any]

_HASHES: Final = ("previous_hash", "hash")


def audit_entry_to_dict(entry: AuditEntry) -> Json:
    """An entry: what is hashed of it, and the hashes."""
    return {
        **form(entry.sequence, entry.record),
        "previous_hash": entry.previous.hex(),
        "hash": entry.hash.hex(),
    }


def audit_entry_from_dict(value: Json) -> AuditEntry:
    """Reads what ``audit_entry_to_dict`` wrote.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``: it isn't that, or something was added to it.
    """
    try:
        actor, session_id = value["actor"], value["session_id"]
        record = AuditRecord(
            time=datetime.fromisoformat(value["time"]),
            operation=value["operation"],
            result=value["result"],
            transport=AuditTransport(value["transport"]),
            actor=Actor(
                user_id=None if actor["user_id"] is None else UserId(actor["user_id"]),
                key_id=None if actor["key_id"] is None else ApiKeyId(actor["key_id"]),
                name=actor["name"],
            ),
            address=value["address"],
            request_id=value["request_id"],
            session_id=None if session_id is None else SessionId(session_id),
            targets=tuple(value["targets"]),
            count=value["count"],
        )
        previous, own = (bytes.fromhex(value[name]) for name in _HASHES)
        entry = AuditEntry(sequence=value["sequence"], record=record, previous=previous, hash=own)
        is_same = audit_entry_to_dict(entry) == value
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_an_entry() from error
    if not is_same:
        raise _not_an_entry()
    return entry


def _not_an_entry() -> InvalidArgumentError:
    return InvalidArgumentError("INVALID_REQUEST", "This isn't an entry of the audit log as it was exported.")
