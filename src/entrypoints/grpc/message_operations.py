"""What is done to messages, and what was: the part of MessageService that isn't sending and reading."""

from datetime import timedelta
from typing import Any, Final, override

import grpc.aio
from google.protobuf.duration_pb2 import Duration

from application.messages.forward_message import ForwardCommand
from application.messages.operate import OperateCommand, Operated
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.operations import PIN_DURATIONS, Edit, Operation, Pin, PollVote, Reaction, Revoke
from entrypoints.grpc.converters.message_changes import reaction_to_proto, result_to_proto, vote_to_proto
from entrypoints.grpc.converters.messages import message_to_proto, receipt_to_proto
from entrypoints.grpc.converters.times import duration_from_proto
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.message_pb2 import Message
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceServicer
from entrypoints.grpc.request_keys import Named, key_of
from entrypoints.grpc.waits import wait_within
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

SEND_WAIT: Final = timedelta(seconds=20)


class MessageOperationsServicer(MessageServiceServicer):
    """The use cases of what is done to messages, over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def EditMessage(self, request: pb.EditMessageRequest, context: Context) -> pb.EditMessageResponse:
        mentions = (Jid.parse_recipient(jid, field=f"mentions[{place}]") for place, jid in enumerate(request.mentions))
        edit = Edit.compose(_target(request.message_id), request.body, tuple(mentions), field=None)
        done = await self._operate(edit, request, _wait(request), context)
        return pb.EditMessageResponse(**_answer(done))

    @override
    async def RevokeMessage(self, request: pb.RevokeMessageRequest, context: Context) -> pb.RevokeMessageResponse:
        done = await self._operate(Revoke(target=_target(request.message_id)), request, _wait(request), context)
        return pb.RevokeMessageResponse(**_answer(done))

    @override
    async def ReactToMessage(self, request: pb.ReactToMessageRequest, context: Context) -> pb.ReactToMessageResponse:
        reaction = Reaction.compose(_target(request.message_id), request.emoji)
        return pb.ReactToMessageResponse(**_answer(await self._operate(reaction, request, _wait(request), context)))

    @override
    async def VoteInPoll(self, request: pb.VoteInPollRequest, context: Context) -> pb.VoteInPollResponse:
        vote = PollVote(target=_target(request.message_id), options=tuple(dict.fromkeys(request.options)))
        return pb.VoteInPollResponse(**_answer(await self._operate(vote, request, _wait(request), context)))

    @override
    async def PinMessage(self, request: pb.PinMessageRequest, context: Context) -> pb.PinMessageResponse:
        given = request.HasField("duration")
        span = duration_from_proto(request.duration, field="duration") if given else PIN_DURATIONS[1]
        pin = Pin.compose(_target(request.message_id), span)
        return pb.PinMessageResponse(**_answer(await self._operate(pin, request, _wait(request), context)))

    @override
    async def UnpinMessage(self, request: pb.UnpinMessageRequest, context: Context) -> pb.UnpinMessageResponse:
        pin = Pin.compose(_target(request.message_id), None)
        return pb.UnpinMessageResponse(**_answer(await self._operate(pin, request, _wait(request), context)))

    @override
    async def ForwardMessage(self, request: pb.ForwardMessageRequest, context: Context) -> pb.ForwardMessageResponse:
        command = ForwardCommand(
            message_id=request.message_id,
            to=Jid.parse_recipient(request.to),
            wait=wait_within(context, _wait(request), default=SEND_WAIT),
            request=key_of(request),
        )
        return pb.ForwardMessageResponse(
            message=message_to_proto(await self._use_cases.forward_message.execute(command))
        )

    @override
    async def StarMessage(self, request: pb.StarMessageRequest, context: Context) -> pb.StarMessageResponse:
        message = await self._use_cases.message_commands.star(
            request.message_id, starred=not request.remove, request=key_of(request)
        )
        return pb.StarMessageResponse(message=message_to_proto(message))

    @override
    async def DeleteMessageForMe(
        self, request: pb.DeleteMessageForMeRequest, context: Context
    ) -> pb.DeleteMessageForMeResponse:
        message = await self._use_cases.message_commands.delete_for_me(request.message_id, request=key_of(request))
        return pb.DeleteMessageForMeResponse(message=message_to_proto(message))

    @override
    async def MarkMessagePlayed(
        self, request: pb.MarkMessagePlayedRequest, context: Context
    ) -> pb.MarkMessagePlayedResponse:
        message = await self._use_cases.message_commands.mark_played(request.message_id, request=key_of(request))
        return pb.MarkMessagePlayedResponse(message=message_to_proto(message))

    @override
    async def ListReactions(self, request: pb.ListReactionsRequest, context: Context) -> pb.ListReactionsResponse:
        found = await self._use_cases.read_message_state.reactions(request.message_id)
        return pb.ListReactionsResponse(reactions=map(reaction_to_proto, found))

    @override
    async def ListVotes(self, request: pb.ListVotesRequest, context: Context) -> pb.ListVotesResponse:
        found = await self._use_cases.read_message_state.votes(request.message_id)
        return pb.ListVotesResponse(votes=map(vote_to_proto, found.votes), results=map(result_to_proto, found.results))

    @override
    async def ListReceipts(self, request: pb.ListReceiptsRequest, context: Context) -> pb.ListReceiptsResponse:
        found = await self._use_cases.read_message_state.receipts(request.message_id)
        return pb.ListReceiptsResponse(receipts=map(receipt_to_proto, found))

    async def _operate(self, operation: Operation, request: Named, wait: Duration | None, context: Context) -> Operated:
        return await self._use_cases.operate_on_message.execute(
            OperateCommand(
                operation=operation, wait=wait_within(context, wait, default=SEND_WAIT), request=key_of(request)
            )
        )


def _target(message_id: str) -> WhatsAppMessageId:
    return WhatsAppMessageId(message_id)


def _wait(request: Any) -> Duration | None:
    wait: Duration | None = request.wait if request.HasField("wait") else None
    return wait


def _answer(done: Operated) -> dict[str, Message]:
    return {"operation": message_to_proto(done.operation), "message": message_to_proto(done.message)}
