"""AuditService: see proto/pombo/v1/audit_service.proto."""

from typing import Any, Final, override

import grpc.aio

from application.audit.read_log import ListAuditLogQuery
from entrypoints.grpc.converters.audit import audit_entry_to_proto
from entrypoints.grpc.converters.times import time_from_proto
from entrypoints.grpc.gen.pombo.v1 import audit_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.audit_service_pb2_grpc import AuditServiceServicer
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100


class AuditService(AuditServiceServicer):
    """The audit log over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._list = use_cases.audit.list

    @override
    async def ListAuditLog(self, request: pb.ListAuditLogRequest, context: Context) -> pb.ListAuditLogResponse:
        page = await self._list.execute(_query(request))
        return pb.ListAuditLogResponse(
            entries=map(audit_entry_to_proto, page.items), next_page_token=page.next_page_token or ""
        )


def _query(request: pb.ListAuditLogRequest) -> ListAuditLogQuery:
    return ListAuditLogQuery(
        since=time_from_proto(request.since_time, field="since_time") if request.HasField("since_time") else None,
        until=time_from_proto(request.until_time, field="until_time") if request.HasField("until_time") else None,
        user_id=request.user_id or None,
        key_id=request.key_id or None,
        operation=request.operation or None,
        session_id=request.session_id or None,
        result=request.result or None,
        page_token=request.page_token or None,
        limit=request.page_size or _DEFAULT_PAGE,
    )
