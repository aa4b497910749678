"""SuppressionService: see proto/pombo/v1/suppression_service.proto."""

from typing import Any, Final, override

import grpc.aio

from application.page_tokens import read_id_token
from domain.jid import Jid
from entrypoints.grpc.converters.suppressions import suppression_to_proto
from entrypoints.grpc.gen.pombo.v1 import suppression_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.suppression_service_pb2_grpc import SuppressionServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100


class SuppressionService(SuppressionServiceServicer):
    """The opt-outs' use cases over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases.pacing

    @override
    async def ListSuppressions(
        self, request: pb.ListSuppressionsRequest, context: Context
    ) -> pb.ListSuppressionsResponse:
        page = await self._use_cases.list_suppressions.execute(
            request.session_id,
            after=read_id_token(request.page_token, Jid.parse),
            limit=request.page_size or _DEFAULT_PAGE,
        )
        return pb.ListSuppressionsResponse(
            suppressions=map(suppression_to_proto, page.items),
            next_page_token="" if page.next_after is None else str(page.next_after),
        )

    @override
    async def AddSuppression(self, request: pb.AddSuppressionRequest, context: Context) -> pb.AddSuppressionResponse:
        shown = await self._use_cases.add_suppression.execute(
            request.session_id,
            Jid.parse_recipient(request.address, field="address"),
            note=request.note or None,
            request=key_of(request),
        )
        return pb.AddSuppressionResponse(suppression=suppression_to_proto(shown))

    @override
    async def RemoveSuppression(
        self, request: pb.RemoveSuppressionRequest, context: Context
    ) -> pb.RemoveSuppressionResponse:
        address = Jid.parse_recipient(request.address, field="address")
        await self._use_cases.remove_suppression.execute(request.session_id, address, request=key_of(request))
        return pb.RemoveSuppressionResponse()
