"""What is sent beside texts, and what is done to messages, over gRPC."""

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration

from domain.ids import WhatsAppMessageId
from domain.operations import PollVote
from domain.poll_content import Poll
from entrypoints.grpc.gen.pombo.v1 import content_pb2, message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from tests.unit.application.world import ANA, BEN, SESSION, World, until

from .gateway import Gateway, fields, info
from .test_messages import text

SENT = message_pb2.MESSAGE_STATUS_SENT


async def test_a_message_is_edited_reacted_to_pinned_and_deleted(gateway: Gateway, world: World) -> None:
    await world.linked()
    sent = (await gateway.messages.SendMessage(text("helo"))).message
    edited = await gateway.messages.EditMessage(pb.EditMessageRequest(message_id=sent.id, body="hello"))
    assert (edited.operation.status, edited.operation.edit.message_id) == (SENT, sent.whatsapp_id)
    assert (edited.message.text.body, edited.message.HasField("edited_time")) == ("hello", True)
    reacted = await gateway.messages.ReactToMessage(pb.ReactToMessageRequest(message_id=sent.id, emoji="👍"))
    assert [(each.sender, each.emoji) for each in reacted.message.reactions] == [(f"{ANA}@c.us", "👍")]
    listed = await gateway.messages.ListReactions(pb.ListReactionsRequest(message_id=sent.id))
    assert list(listed.reactions) == list(reacted.message.reactions)
    reacted = await gateway.messages.ReactToMessage(pb.ReactToMessageRequest(message_id=sent.id))
    assert not reacted.message.reactions
    pinned = await gateway.messages.PinMessage(pb.PinMessageRequest(message_id=sent.id))
    assert (pinned.operation.pin.duration.seconds, pinned.message.HasField("pinned_until_time")) == (7 * 86_400, True)
    unpinned = await gateway.messages.UnpinMessage(pb.UnpinMessageRequest(message_id=sent.id))
    assert not unpinned.message.HasField("pinned_until_time")
    starred = await gateway.messages.StarMessage(pb.StarMessageRequest(message_id=sent.id))
    assert starred.message.starred
    starred = await gateway.messages.StarMessage(pb.StarMessageRequest(message_id=sent.id, remove=True))
    assert not starred.message.starred
    forwarded = await gateway.messages.ForwardMessage(pb.ForwardMessageRequest(message_id=sent.id, to=BEN))
    assert (forwarded.message.forwarded, forwarded.message.text.body) == (True, "hello")
    revoked = await gateway.messages.RevokeMessage(pb.RevokeMessageRequest(message_id=sent.id))
    assert revoked.message.revoked_by == f"{ANA}@c.us"
    deleted = await gateway.messages.DeleteMessageForMe(pb.DeleteMessageForMeRequest(message_id=sent.id))
    assert deleted.message.HasField("deleted_time")
    receipts = await gateway.messages.ListReceipts(pb.ListReceiptsRequest(message_id=sent.id))
    assert [each.participant for each in receipts.receipts] == [f"{BEN}@c.us"]
    listed = await gateway.messages.ListMessages(pb.ListMessagesRequest(types=["revoke"]))
    assert [each.WhichOneof("content") for each in listed.messages] == ["revoke"]


async def test_a_poll_is_sent_and_voted_in(gateway: Gateway, world: World) -> None:
    await world.linked()
    poll = content_pb2.Poll(question="lunch?", options=["yes", "no"])
    sent = (await gateway.messages.SendMessage(pb.SendMessageRequest(session_id=SESSION, to=BEN, poll=poll))).message
    assert sent.poll.selectable == 1
    (held,) = world.whatsapp.account(BEN).phone_messages.values()
    assert held.content == Poll(question="lunch?", options=("yes", "no"))
    await gateway.messages.VoteInPoll(pb.VoteInPollRequest(message_id=sent.id, options=["no"]))
    at_ben = WhatsAppMessageId(f"false_{ANA}@c.us_{sent.whatsapp_id.split('_')[2]}")
    world.whatsapp.phone_does(BEN, PollVote(target=at_ben, options=("yes",)))

    async def both() -> pb.ListVotesResponse | None:
        votes = await gateway.messages.ListVotes(pb.ListVotesRequest(message_id=sent.id))
        return votes if len(votes.votes) == 2 else None

    votes = await until(both)
    assert [(each.option, list(each.voters)) for each in votes.results] == [
        ("yes", [f"{BEN}@c.us"]),
        ("no", [f"{ANA}@c.us"]),
    ]


@pytest.mark.parametrize(
    ("request_of", "code", "reason", "field"),
    [
        (
            lambda m: pb.EditMessageRequest(message_id=m, body=" "),
            grpc.StatusCode.INVALID_ARGUMENT,
            "EMPTY_TEXT",
            "body",
        ),
        (
            lambda m: pb.EditMessageRequest(message_id=m, body="x", mentions=["y"]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_PHONE",
            "mentions[0]",
        ),
        (
            lambda m: pb.ReactToMessageRequest(message_id=m, emoji="ok"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_EMOJI",
            "emoji",
        ),
        (
            lambda m: pb.PinMessageRequest(message_id=m, duration=Duration(seconds=5)),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_DURATION",
            "duration",
        ),
        (lambda m: pb.VoteInPollRequest(message_id=m), grpc.StatusCode.FAILED_PRECONDITION, "NOT_A_POLL", None),
        (
            lambda m: pb.MarkMessagePlayedRequest(message_id=m),
            grpc.StatusCode.FAILED_PRECONDITION,
            "NOT_PLAYABLE",
            None,
        ),
    ],
)
async def test_what_cant_be_done_is_refused_with_its_reason(
    gateway: Gateway, world: World, request_of: object, code: grpc.StatusCode, reason: str, field: str | None
) -> None:
    await world.linked()
    sent = (await gateway.messages.SendMessage(text("hi"))).message
    request = request_of(sent.id)  # type: ignore[operator] # a function of a message's id
    call = getattr(gateway.messages, type(request).__name__.removesuffix("Request"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(request)
    assert (caught.value.code(), info(caught.value).reason) == (code, reason)
    assert fields(caught.value) == ([] if field is None else [field])
