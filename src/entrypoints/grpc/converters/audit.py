"""Entries of the audit log."""

from typing import Final

from domain.audit import AuditEntry, AuditTransport
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import audit_pb2

# A member without a value of its own in the proto fails the import: none can be forgotten.
_TRANSPORTS: Final = {each: audit_pb2.AuditTransport.Value(f"AUDIT_TRANSPORT_{each.name}") for each in AuditTransport}


def audit_entry_to_proto(entry: AuditEntry) -> audit_pb2.AuditEntry:
    """An entry."""
    record = entry.record
    return audit_pb2.AuditEntry(
        sequence=entry.sequence,
        time=time_to_proto(record.time),
        operation=record.operation,
        result=record.result,
        transport=_TRANSPORTS[record.transport],
        actor=audit_pb2.AuditActor(
            user_id=record.actor.user_id or "", key_id=record.actor.key_id or "", name=record.actor.name
        ),
        address=record.address or "",
        request_id=record.request_id or "",
        session_id=record.session_id or "",
        targets=record.targets,
        count=record.count,
        previous_hash=entry.previous.hex(),
        hash=entry.hash.hex(),
    )
