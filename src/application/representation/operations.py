"""Operations on messages, as contents. ``message_id`` is WhatsApp's id of the message that each concerns."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.values import Json
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke


def _target(data: Mapping[str, Any]) -> WhatsAppMessageId:
    return WhatsAppMessageId(data["message_id"])


def _write_reaction(reaction: Reaction) -> Json:
    return {"message_id": reaction.target, "emoji": reaction.emoji}


def _read_reaction(data: Mapping[str, Any]) -> Reaction:
    return Reaction(target=_target(data), emoji=data["emoji"])


def _write_edit(edit: Edit) -> Json:
    return {"message_id": edit.target, "body": edit.body, "mentions": [str(jid) for jid in edit.mentions]}


def _read_edit(data: Mapping[str, Any]) -> Edit:
    return Edit(target=_target(data), body=data["body"], mentions=tuple(Jid.parse(jid) for jid in data["mentions"]))


def _write_revoke(revoke: Revoke) -> Json:
    return {"message_id": revoke.target}


def _read_revoke(data: Mapping[str, Any]) -> Revoke:
    return Revoke(target=_target(data))


def _write_vote(vote: PollVote) -> Json:
    return {"message_id": vote.target, "options": list(vote.options)}


def _read_vote(data: Mapping[str, Any]) -> PollVote:
    return PollVote(target=_target(data), options=tuple(data["options"]))


def _write_pin(pin: Pin) -> Json:
    return {
        "message_id": pin.target,
        "duration": None if pin.duration is None else int(pin.duration.total_seconds()),
    }


def _read_pin(data: Mapping[str, Any]) -> Pin:
    seconds = data["duration"]
    return Pin(target=_target(data), duration=None if seconds is None else timedelta(seconds=seconds))


FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="reaction", kind=Reaction, write=_write_reaction, read=_read_reaction),
    ContentForm(name="edit", kind=Edit, write=_write_edit, read=_read_edit),
    ContentForm(name="revoke", kind=Revoke, write=_write_revoke, read=_read_revoke),
    ContentForm(name="poll_vote", kind=PollVote, write=_write_vote, read=_read_vote),
    ContentForm(name="pin", kind=Pin, write=_write_pin, read=_read_pin),
)
