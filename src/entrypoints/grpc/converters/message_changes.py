"""What was done to messages: as events tell it, and as the messages show it."""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import Message as ProtoMessage

from domain.changes import Change, Reacted, Voted
from domain.message import Message
from domain.message_change_events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageReacted,
    MessageRevoked,
    MessageStarred,
    PollVoted,
)
from domain.message_state import OptionResult
from domain.poll_content import Poll
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.more_contents import event_to_proto
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import message_change_pb2 as pb
from entrypoints.grpc.gen.pombo.v1 import message_pb2


def set_state(converted: message_pb2.Message, message: Message) -> None:
    """Puts what was done to a message into it."""
    state = message.state
    for field, change in (
        (converted.edited_time, state.edited),
        (converted.revoked_time, state.revoked),
        (converted.deleted_time, state.deleted),
    ):
        if change is not None:
            field.CopyFrom(time_to_proto(change.at))
    if state.revoked is not None:
        converted.revoked_by = str(state.revoked.by)
    converted.starred = state.starred is not None and state.starred.starred
    if state.pinned is not None and state.pinned.until is not None:
        converted.pinned_until_time.CopyFrom(time_to_proto(state.pinned.until))
    converted.reactions.extend(map(reaction_to_proto, state.present_reactions))
    if isinstance(message.content, Poll):
        converted.poll_results.extend(results_to_proto(message, message.content))


def reaction_to_proto(reaction: Reacted) -> message_pb2.MessageReaction:
    """A reaction that stands."""
    return message_pb2.MessageReaction(
        sender=str(reaction.by),
        alternate_id=None if reaction.alternate is None else str(reaction.alternate),
        from_me=reaction.from_me,
        emoji=reaction.emoji,
        reaction_time=time_to_proto(reaction.at),
    )


def vote_to_proto(vote: Voted) -> message_pb2.MessageVote:
    """A vote that stands."""
    return message_pb2.MessageVote(
        sender=str(vote.by),
        alternate_id=None if vote.alternate is None else str(vote.alternate),
        from_me=vote.from_me,
        options=vote.options,
        vote_time=time_to_proto(vote.at),
    )


def results_to_proto(message: Message, poll: Poll) -> list[message_pb2.PollResult]:
    """What a poll has got."""
    return [result_to_proto(result) for result in message.state.results(poll.options)]


def result_to_proto(result: OptionResult) -> message_pb2.PollResult:
    """What one option of a poll has got."""
    return message_pb2.PollResult(option=result.option, voters=[str(voter) for voter in result.voters])


def _change(payload: Any) -> pb.MessageChange:
    change: Change = payload.change
    return pb.MessageChange(
        message_id=payload.message_id or "",
        whatsapp_id=change.target,
        chat_id=str(change.chat),
        sender=str(change.by),
        alternate_id=None if change.alternate is None else str(change.alternate),
        from_me=change.from_me,
        change_time=time_to_proto(change.at),
    )


def _edited(payload: MessageEdited) -> pb.MessageEdited:
    change = payload.change
    mentions = [str(jid) for jid in change.mentions]
    event = None if change.event is None else event_to_proto(change.event)
    return pb.MessageEdited(change=_change(payload), body=change.body, mentions=mentions, event=event)


def _plain(proto: type[Any]) -> Callable[[Any], ProtoMessage]:
    def write(payload: Any) -> ProtoMessage:
        converted: ProtoMessage = proto(change=_change(payload))
        return converted

    return write


def _reacted(payload: MessageReacted) -> pb.MessageReacted:
    return pb.MessageReacted(change=_change(payload), emoji=payload.change.emoji)


def _voted(payload: PollVoted) -> pb.PollVoted:
    return pb.PollVoted(change=_change(payload), options=payload.change.options)


def _pinned(payload: MessagePinned) -> pb.MessagePinned:
    return pb.MessagePinned(change=_change(payload), until_time=optional_time_to_proto(payload.change.until))


def _starred(payload: MessageStarred) -> pb.MessageStarred:
    return pb.MessageStarred(change=_change(payload), starred=payload.change.starred)


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(field="message_edited", kind=MessageEdited, write=_edited),
    PayloadConverter(field="message_revoked", kind=MessageRevoked, write=_plain(pb.MessageRevoked)),
    PayloadConverter(field="message_reacted", kind=MessageReacted, write=_reacted),
    PayloadConverter(field="poll_voted", kind=PollVoted, write=_voted),
    PayloadConverter(field="message_pinned", kind=MessagePinned, write=_pinned),
    PayloadConverter(field="message_starred", kind=MessageStarred, write=_starred),
    PayloadConverter(field="message_deleted", kind=MessageDeleted, write=_plain(pb.MessageDeleted)),
)
