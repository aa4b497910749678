"""Operations on messages, as contents."""

from typing import Any, Final

from domain.ids import WhatsAppMessageId
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from entrypoints.grpc.converters.forms import ContentConverter
from entrypoints.grpc.converters.times import duration_to_proto
from entrypoints.grpc.gen.pombo.v1 import content_pb2 as pb


def _write_reaction(reaction: Reaction) -> pb.Reaction:
    return pb.Reaction(message_id=reaction.target, emoji=reaction.emoji)


def _compose_reaction(reaction: pb.Reaction) -> Reaction:
    return Reaction.compose(WhatsAppMessageId(reaction.message_id), reaction.emoji, field="reaction.emoji")


def _write_edit(edit: Edit) -> pb.Edit:
    return pb.Edit(message_id=edit.target, body=edit.body, mentions=[str(jid) for jid in edit.mentions])


def _write_revoke(revoke: Revoke) -> pb.Revoke:
    return pb.Revoke(message_id=revoke.target)


def _write_vote(vote: PollVote) -> pb.PollVote:
    return pb.PollVote(message_id=vote.target, options=vote.options)


def _write_pin(pin: Pin) -> pb.Pin:
    return pb.Pin(message_id=pin.target, duration=None if pin.duration is None else duration_to_proto(pin.duration))


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="reaction", kind=Reaction, write=_write_reaction, compose=_compose_reaction),
    ContentConverter(field="edit", kind=Edit, write=_write_edit),
    ContentConverter(field="revoke", kind=Revoke, write=_write_revoke),
    ContentConverter(field="poll_vote", kind=PollVote, write=_write_vote),
    ContentConverter(field="pin", kind=Pin, write=_write_pin),
)
