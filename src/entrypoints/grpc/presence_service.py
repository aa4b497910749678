"""PresenceService: see proto/pombo/v1/presence_service.proto."""

from typing import Any, Final, override

import grpc.aio

from domain.errors import InvalidArgumentError
from entrypoints.grpc.converters.people import ACTIVITIES, presence_to_proto
from entrypoints.grpc.gen.pombo.v1 import presence_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.presence_service_pb2_grpc import PresenceServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_BY_NUMBER: Final = {int(number): activity for activity, number in ACTIVITIES.items()}


class PresenceService(PresenceServiceServicer):
    """The use cases of presence over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def SetPresence(self, request: pb.SetPresenceRequest, context: Context) -> pb.SetPresenceResponse:
        await self._use_cases.set_presence.execute(request.session_id, online=request.online, request=key_of(request))
        return pb.SetPresenceResponse()

    @override
    async def SetActivity(self, request: pb.SetActivityRequest, context: Context) -> pb.SetActivityResponse:
        activity = _BY_NUMBER.get(int(request.activity))
        if activity is None:
            raise InvalidArgumentError("INVALID_REQUEST", "Give what the account is at.", field="activity")
        await self._use_cases.set_activity.execute(
            request.session_id, request.chat_id, activity, request=key_of(request)
        )
        return pb.SetActivityResponse()

    @override
    async def SubscribePresence(
        self, request: pb.SubscribePresenceRequest, context: Context
    ) -> pb.SubscribePresenceResponse:
        presence = await self._use_cases.subscribe_presence.execute(
            request.session_id, request.chat_id, request=key_of(request)
        )
        return pb.SubscribePresenceResponse(presence=presence_to_proto(presence))

    @override
    async def UnsubscribePresence(
        self, request: pb.UnsubscribePresenceRequest, context: Context
    ) -> pb.UnsubscribePresenceResponse:
        await self._use_cases.unsubscribe_presence.execute(request.session_id, request.chat_id, request=key_of(request))
        return pb.UnsubscribePresenceResponse()
