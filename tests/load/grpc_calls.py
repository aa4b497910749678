"""A client over gRPC."""

from collections.abc import Callable
from typing import Any, Final, override

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status

from entrypoints.grpc.gen.pombo.v1.event_service_pb2 import ListEventsRequest
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from entrypoints.grpc.gen.pombo.v1.message_pb2 import Text
from entrypoints.grpc.gen.pombo.v1.message_service_pb2 import GetMessageRequest, SendMessageRequest
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2 import GetSessionStatusRequest, ListSessionsRequest
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.gen.pombo.v1.webhook_service_pb2 import ListWebhooksRequest
from entrypoints.grpc.gen.pombo.v1.webhook_service_pb2_grpc import WebhookServiceStub
from tests.load.calls import CALL_SECONDS, Answer, Caller

_NO_KEY: Final = "k" * 32
OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
"""A connection of its own for each channel, and no tries that its client doesn't know of."""


class GrpcCaller(Caller):
    """Has a connection of its own, which it keeps."""

    def __init__(self, address: str, key: str) -> None:
        self._key = key
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        self._messages = MessageServiceStub(self._channel)
        self._sessions = SessionServiceStub(self._channel)
        self._events = EventServiceStub(self._channel)
        self._webhooks = WebhookServiceStub(self._channel)

    @override
    async def close(self) -> None:
        await self._channel.close()

    @override
    async def send(self, session: str, to: str, body: str, key: str, *, waits: bool) -> Answer:
        wait = None if waits else Duration(seconds=0)
        request = SendMessageRequest(session_id=session, to=to, text=Text(body=body), request_id=key, wait=wait)
        return await self._call(self._messages.SendMessage, request)

    @override
    async def message(self, message_id: str) -> Answer:
        return await self._call(self._messages.GetMessage, GetMessageRequest(message_id=message_id))

    @override
    async def status(self, session: str) -> Answer:
        return await self._call(self._sessions.GetSessionStatus, GetSessionStatusRequest(session_id=session))

    @override
    async def events(self, after: int, page_size: int) -> Answer:
        return await self._call(self._events.ListEvents, ListEventsRequest(after=after, page_size=page_size))

    @override
    async def endpoints(self) -> Answer:
        return await self._call(self._webhooks.ListWebhooks, ListWebhooksRequest())

    @override
    async def with_another_key(self) -> Answer:
        return await self._call(self._sessions.ListSessions, ListSessionsRequest(), _NO_KEY)

    async def _call(self, method: Callable[..., Any], request: Any, key: str | None = None) -> Answer:
        try:
            answer = await method(request, timeout=CALL_SECONDS, metadata=(("x-api-key", key or self._key),))
        except grpc.aio.AioRpcError as error:
            return _failure(error)
        return Answer(status="OK", message_id=answer.message.id if hasattr(answer, "message") else None)


def _failure(error: grpc.aio.AioRpcError) -> Answer:
    info, retry, after = ErrorInfo(), RetryInfo(), None
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has what is looked at
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
        if detail.Unpack(retry):
            after = retry.retry_delay.ToTimedelta().total_seconds()
    return Answer(
        status=error.code().name,
        reason=info.reason,
        message_id=info.metadata.get("message_id"),
        retry_after=after,
        policy=info.metadata.get("policy", ""),
    )
