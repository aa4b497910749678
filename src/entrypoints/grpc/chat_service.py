"""ChatService: see proto/pombo/v1/chat_service.proto."""

from typing import Any, Final, override

import grpc.aio

from application.chats.fetch_history import FetchHistoryCommand
from application.chats.manage_chats import ListChatsQuery
from domain.chat import ChatChange, Muted
from domain.errors import InvalidArgumentError
from entrypoints.grpc.converters.messages import message_to_proto
from entrypoints.grpc.converters.people import chat_to_proto
from entrypoints.grpc.converters.times import time_from_proto
from entrypoints.grpc.gen.pombo.v1 import chat_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.chat_service_pb2_grpc import ChatServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100
_DEFAULT_FETCH: Final = 50


class ChatService(ChatServiceServicer):
    """The use cases of chats over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def ListChats(self, request: pb.ListChatsRequest, context: Context) -> pb.ListChatsResponse:
        query = ListChatsQuery(
            session_id=request.session_id,
            archived=request.archived if request.HasField("archived") else None,
            unread=request.unread if request.HasField("unread") else None,
            page_token=request.page_token or None,
            limit=request.page_size or _DEFAULT_PAGE,
        )
        found = await self._use_cases.list_chats.execute(query)
        return pb.ListChatsResponse(
            chats=[chat_to_proto(chat) for chat in found.items], next_page_token=found.next_page_token or ""
        )

    @override
    async def GetChat(self, request: pb.GetChatRequest, context: Context) -> pb.GetChatResponse:
        chat = await self._use_cases.get_chat.execute(request.session_id, request.chat_id)
        return pb.GetChatResponse(chat=chat_to_proto(chat))

    @override
    async def UpdateChat(self, request: pb.UpdateChatRequest, context: Context) -> pb.UpdateChatResponse:
        chat = await self._use_cases.update_chat.execute(
            request.session_id, request.chat_id, _change(request), request=key_of(request)
        )
        return pb.UpdateChatResponse(chat=chat_to_proto(chat))

    @override
    async def ClearChat(self, request: pb.ClearChatRequest, context: Context) -> pb.ClearChatResponse:
        chat = await self._use_cases.clear_chat.execute(
            request.session_id, request.chat_id, keep_starred=not request.include_starred, request=key_of(request)
        )
        return pb.ClearChatResponse(chat=chat_to_proto(chat))

    @override
    async def DeleteChat(self, request: pb.DeleteChatRequest, context: Context) -> pb.DeleteChatResponse:
        await self._use_cases.delete_chat.execute(request.session_id, request.chat_id, request=key_of(request))
        return pb.DeleteChatResponse()

    @override
    async def FetchChatHistory(
        self, request: pb.FetchChatHistoryRequest, context: Context
    ) -> pb.FetchChatHistoryResponse:
        command = FetchHistoryCommand(
            session_id=request.session_id,
            chat_id=request.chat_id,
            before=request.before_message_id if request.HasField("before_message_id") else None,
            limit=request.limit or _DEFAULT_FETCH,
            request=key_of(request),
        )
        history = await self._use_cases.fetch_history.execute(command)
        return pb.FetchChatHistoryResponse(
            messages=[message_to_proto(message) for message in history.items],
            added_count=history.added,
            more=history.more,
        )


def _change(request: pb.UpdateChatRequest) -> ChatChange:
    until = None
    if request.HasField("mute_end_time"):
        if not request.muted:
            raise InvalidArgumentError("INVALID_REQUEST", "An end goes with `muted` only.", field="mute_end_time")
        until = time_from_proto(request.mute_end_time, field="mute_end_time")
    return ChatChange(
        archived=request.archived if request.HasField("archived") else None,
        pinned=request.pinned if request.HasField("pinned") else None,
        unread=request.unread if request.HasField("unread") else None,
        mute=Muted(until=until) if request.muted else None,
        unmute=request.HasField("muted") and not request.muted,
    )
