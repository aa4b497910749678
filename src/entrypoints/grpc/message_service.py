"""MessageService: see proto/pombo/v1/message_service.proto."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, override

import grpc.aio

from application.messages.acceptance import SendMessageCommand
from application.messages.content_types import parse_content_types
from application.messages.read_messages import ListMessagesQuery
from application.messages.send_messages import SendMessagesCommand, check_count
from application.ports.message_repository import MessageFilter
from domain.errors import InvalidArgumentError, PomboError
from domain.ids import parse_session_id
from domain.jid import Jid
from domain.message import Message
from entrypoints.caller import CALLER
from entrypoints.grpc.converters.contents import content_from_proto
from entrypoints.grpc.converters.messages import direction_from_proto, message_to_proto, status_from_proto
from entrypoints.grpc.converters.times import time_from_proto
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from entrypoints.grpc.message_operations import SEND_WAIT, MessageOperationsServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.grpc.waits import wait_within
from entrypoints.status import STATUS

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 50
_FIELDS: Final = {"not_before": "not_before_time", "deadline": "deadline_time"}


class MessageService(MessageOperationsServicer):
    """The messages' use cases over gRPC."""

    @override
    async def SendMessage(self, request: pb.SendMessageRequest, context: Context) -> pb.SendMessageResponse:
        wait = wait_within(context, request.wait if request.HasField("wait") else None, default=SEND_WAIT)
        command = replace(_command(request), wait=wait, request=key_of(request))
        try:
            message = await self._use_cases.send_message.execute(command)
        except InvalidArgumentError as error:
            raise InvalidArgumentError(error.reason, error.message, field=_field(error)) from error
        return pb.SendMessageResponse(message=message_to_proto(message))

    @override
    async def SendMessages(self, request: pb.SendMessagesRequest, context: Context) -> pb.SendMessagesResponse:
        check_count(len(request.messages))
        await self._use_cases.limits.charge_sends(CALLER.get().scope, len(request.messages) - 1)
        command = SendMessagesCommand(
            entries=[_entry(message) for message in request.messages], request=key_of(request)
        )
        outcomes = await self._use_cases.send_messages.execute(command)
        return pb.SendMessagesResponse(results=[_result(outcome) for outcome in outcomes])

    @override
    async def CancelMessage(self, request: pb.CancelMessageRequest, context: Context) -> pb.CancelMessageResponse:
        message = await self._use_cases.cancel_message.execute(request.message_id, request=key_of(request))
        return pb.CancelMessageResponse(message=message_to_proto(message))

    @override
    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        query = ListMessagesQuery(
            criteria=_criteria(request),
            page_token=request.page_token or None,
            limit=request.page_size or _DEFAULT_PAGE,
        )
        page = await self._use_cases.list_messages.execute(query)
        return pb.ListMessagesResponse(
            messages=[message_to_proto(message) for message in page.items],
            next_page_token=page.next_page_token or "",
        )

    @override
    async def GetMessage(self, request: pb.GetMessageRequest, context: Context) -> pb.GetMessageResponse:
        message = await self._use_cases.get_message.execute(request.message_id)
        return pb.GetMessageResponse(message=message_to_proto(message))


def _command(request: pb.SendMessageRequest) -> SendMessageCommand:
    return SendMessageCommand(
        session_id=request.session_id,
        to=Jid.parse_recipient(request.to),
        content=content_from_proto(request),
        link_preview=request.text.preview_url,
        reply_to=request.context.message_id if request.HasField("context") else None,
        not_before=_not_before(request),
        deadline=_deadline(request),
    )


def _not_before(request: pb.SendMessageRequest) -> datetime | None:
    if not request.HasField("not_before_time"):
        return None
    return time_from_proto(request.not_before_time, field="not_before_time")


def _deadline(request: pb.SendMessageRequest) -> datetime | None:
    if not request.HasField("deadline_time"):
        return None
    return time_from_proto(request.deadline_time, field="deadline_time")


def _entry(request: pb.SendMessageRequest) -> SendMessageCommand | PomboError:
    try:
        # The use case reads the session's id last; one that isn't one is that entry's own error, too.
        parse_session_id(request.session_id)
        return _command(request)
    except PomboError as error:
        return error


def _result(outcome: Message | PomboError) -> pb.SendMessagesResult:
    if isinstance(outcome, PomboError):
        return pb.SendMessagesResult(error=_error(outcome))
    return pb.SendMessagesResult(message=message_to_proto(outcome))


def _field(error: PomboError) -> str | None:
    """The field at fault by the name that it has here."""
    return error.field if error.field is None else _FIELDS.get(error.field, error.field)


def _error(error: PomboError) -> pb.SendError:
    return pb.SendError(
        code=STATUS[error.kind].grpc.value[0],
        reason=error.reason,
        message=error.message,
        field=_field(error) or "",
        metadata=error.metadata,
    )


def _criteria(request: pb.ListMessagesRequest) -> MessageFilter:
    return MessageFilter(
        session_id=parse_session_id(request.session_id) if request.session_id else None,
        chat=Jid.parse_recipient(request.chat_id, field="chat_id") if request.chat_id else None,
        direction=direction_from_proto(request.direction),
        status=status_from_proto(request.status),
        since=time_from_proto(request.since_time, field="since_time") if request.HasField("since_time") else None,
        until=time_from_proto(request.until_time, field="until_time") if request.HasField("until_time") else None,
        types=parse_content_types(request.types),
    )
