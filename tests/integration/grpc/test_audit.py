"""The audit log over gRPC: every method that changes something, or shows a secret, is in it."""

from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from application.audit.audited import AUDITED, Audit
from application.audit.read_log import VerifyAuditLog
from domain.access import BOOTSTRAP_USER, Role
from entrypoints.grpc.gen.pombo.v1 import audit_pb2, audit_service_pb2
from entrypoints.grpc.gen.pombo.v1.audit_service_pb2_grpc import AuditServiceStub
from entrypoints.grpc.rules import operation_of
from tests.unit.access_samples import key_with
from tests.unit.entrypoints.assembly import API_KEY

from .test_policy import METHODS, NOBODY, Served, reason_of, request_of, server

__all__ = ["server"]


async def entries(server: Served, **criteria: Any) -> list[audit_pb2.AuditEntry]:
    """Newest first, with what waited to be written."""
    await server.container.audit_writer().write_rest()
    request = audit_service_pb2.ListAuditLogRequest(page_size=500, **criteria)
    listed = await AuditServiceStub(server.channel).ListAuditLog(request, metadata=(("x-api-key", API_KEY),))
    return list(listed.entries)


async def newest(server: Served) -> int:
    return max((entry.sequence for entry in await entries(server)), default=0)


def names(method: MethodDescriptor, field: str) -> bool:
    return field in method.input_type.fields_by_name


async def test_every_method_is_on_record_or_reads(server: Served) -> None:
    audited = 0
    for method in METHODS:
        before, name = await newest(server), operation_of(method.name)
        reason = await reason_of(server.channel, method, API_KEY, request_of(method, NOBODY))
        new = [entry for entry in await entries(server) if entry.sequence > before]
        if AUDITED[name] is Audit.NOT:
            assert new == [], method.full_name
            continue
        (entry,) = new
        audited += 1
        assert (entry.operation, entry.actor.user_id, entry.actor.name) == (name, BOOTSTRAP_USER, "API_KEY")
        assert entry.transport == audit_pb2.AUDIT_TRANSPORT_GRPC
        assert entry.address == "127.0.0.1"
        assert entry.request_id
        assert entry.result == ("OPENED" if AUDITED[name] is Audit.OPENING else reason or "OK")
        if names(method, "session_id") and name != "createSession":
            assert entry.session_id == "nobody", method.full_name
        if names(method, "webhook_id") or names(method, "webhook"):
            assert f"webhook:{NOBODY['webhook_id']}" in entry.targets, method.full_name
    assert audited > 60
    assert (await VerifyAuditLog(server.container.whole_uow()).execute()).broken is None


async def test_refused_calls_are_on_record_and_not_who_they_were_kept_from(server: Served) -> None:
    reader = await key_with(server.use_cases, Role.READER)
    method = next(method for method in METHODS if method.name == "DeleteSession")
    assert await reason_of(server.channel, method, reader, request_of(method, NOBODY)) == "ROLE_TOO_LOW"
    assert await reason_of(server.channel, method, "wrong", request_of(method, NOBODY)) == "API_KEY_INVALID"
    assert await reason_of(server.channel, method, None, request_of(method, NOBODY)) == "API_KEY_MISSING"
    found = [(entry.operation, entry.result, entry.count) for entry in await entries(server)]
    assert found == [("authenticate", "API_KEY_INVALID", 1), ("deleteSession", "ROLE_TOO_LOW", 1)]
    (refused,) = await entries(server, result="ROLE_TOO_LOW")
    assert refused.actor.key_id.startswith("key_")
    assert await entries(server, key_id=refused.actor.key_id) == [refused]
