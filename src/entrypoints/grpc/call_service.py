"""CallService: see proto/pombo/v1/call_service.proto."""

from typing import Any, override

import grpc.aio

from entrypoints.grpc.converters.people import call_to_proto
from entrypoints.grpc.gen.pombo.v1 import call_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.call_service_pb2_grpc import CallServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]


class CallService(CallServiceServicer):
    """The use cases of calls over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def ListCalls(self, request: pb.ListCallsRequest, context: Context) -> pb.ListCallsResponse:
        calls = await self._use_cases.list_calls.execute(request.session_id)
        return pb.ListCallsResponse(calls=[call_to_proto(call) for call in calls])

    @override
    async def RejectCall(self, request: pb.RejectCallRequest, context: Context) -> pb.RejectCallResponse:
        call = await self._use_cases.reject_call.execute(request.session_id, request.call_id, request=key_of(request))
        return pb.RejectCallResponse(call=call_to_proto(call))
