"""What was done to a message: as it is kept, and as the message shows it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from application.representation.changes import (
    change_to_dict,
    read_deleted,
    read_edited,
    read_pinned,
    read_reacted,
    read_revoked,
    read_starred,
    read_voted,
)
from application.representation.values import Json, optional_jid, optional_time, read_jid, read_time, time_to_text
from domain.changes import Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.content import Content
from domain.event_content import EventInvitation
from domain.jid import Jid
from domain.message import Direction, Message
from domain.message_state import MessageState, OptionResult
from domain.poll_content import Poll
from domain.text_content import Text


def state_to_dict(state: MessageState) -> Json:
    """All of it; what hasn't happened is left out."""
    single = {
        "edited": state.edited,
        "revoked": state.revoked,
        "pinned": state.pinned,
        "starred": state.starred,
        "deleted": state.deleted,
    }
    data: Json = {name: change_to_dict(change) for name, change in single.items() if change is not None}
    if state.reactions:
        data["reactions"] = [change_to_dict(reaction) for reaction in state.reactions]
    if state.votes:
        data["votes"] = [change_to_dict(vote) for vote in state.votes]
    return data


def state_from_dict(data: Mapping[str, Any]) -> MessageState:
    """Reads what ``state_to_dict`` wrote."""
    return MessageState(
        edited=read_edited(data["edited"]) if "edited" in data else None,
        revoked=read_revoked(data["revoked"]) if "revoked" in data else None,
        pinned=read_pinned(data["pinned"]) if "pinned" in data else None,
        starred=read_starred(data["starred"]) if "starred" in data else None,
        deleted=read_deleted(data["deleted"]) if "deleted" in data else None,
        reactions=tuple(read_reacted(reaction) for reaction in data.get("reactions", ())),
        votes=tuple(read_voted(vote) for vote in data.get("votes", ())),
    )


def shown_state(message: Message) -> Json:
    """What a message shows of it."""
    state, content = message.state, message.content
    revoked, pinned = state.revoked, state.pinned
    results = state.results(content.options) if isinstance(content, Poll) else None
    return {
        "edited_at": None if state.edited is None else time_to_text(state.edited.at),
        "revoked_at": None if revoked is None else time_to_text(revoked.at),
        "revoked_by": None if revoked is None else str(revoked.by),
        "deleted_at": None if state.deleted is None else time_to_text(state.deleted.at),
        "starred": state.starred is not None and state.starred.starred,
        "pinned_until": None if pinned is None else optional_time(pinned.until),
        "reactions": [reaction_to_dict(reaction) for reaction in state.present_reactions],
        "results": None if results is None else [result_to_dict(result) for result in results],
    }


def reaction_to_dict(reaction: Reacted) -> Json:
    """A reaction that stands."""
    return {
        "from": str(reaction.by),
        "alternate_id": optional_jid(reaction.alternate),
        "from_me": reaction.from_me,
        "emoji": reaction.emoji,
        "at": time_to_text(reaction.at),
    }


def vote_to_dict(vote: Voted) -> Json:
    """A vote that stands."""
    return {
        "from": str(vote.by),
        "alternate_id": optional_jid(vote.alternate),
        "from_me": vote.from_me,
        "options": list(vote.options),
        "at": time_to_text(vote.at),
    }


def result_to_dict(result: OptionResult) -> Json:
    """What an option of a poll has got."""
    return {
        "option": result.option,
        "votes": len(result.voters),
        "voters": [str(voter) for voter in result.voters],
    }


def read_shown_state(message: Message, data: Mapping[str, Any]) -> MessageState:
    """Reads what ``shown_state`` wrote; ``message`` is the rest of it. What a message doesn't show isn't there."""
    common: dict[str, Any] = {
        "target": message.whatsapp_id,
        "chat": message.chat,
        "by": message.sender,
        "from_me": message.direction is Direction.OUTBOUND,
    }
    edited_at, revoked_at = data.get("edited_at"), data.get("revoked_at")
    deleted_at, pinned_until = data.get("deleted_at"), data.get("pinned_until")
    at = message.created_at
    return MessageState(
        edited=None if edited_at is None else _edited(common, message.content, read_time(edited_at)),
        revoked=None
        if revoked_at is None
        else Revoked(**(common | {"by": Jid.parse(data["revoked_by"])}), at=read_time(revoked_at)),
        deleted=None if deleted_at is None else Deleted(**common, at=read_time(deleted_at)),
        pinned=None if pinned_until is None else Pinned(**common, at=at, until=read_time(pinned_until)),
        starred=Starred(**common, at=at, starred=True) if data.get("starred") else None,
        reactions=tuple(_read_reaction(common, reaction) for reaction in data.get("reactions", ())),
        votes=_read_votes(common, at, data.get("results") or ()),
    )


def _edited(common: dict[str, Any], content: Content, at: datetime) -> Edited:
    if isinstance(content, EventInvitation):
        return Edited(**common, at=at, body=content.name, event=content)
    body = content.body if isinstance(content, Text) else getattr(content, "caption", None) or ""
    mentions = content.mentions if isinstance(content, Text) else ()
    return Edited(**common, at=at, body=body, mentions=mentions)


def _read_reaction(common: dict[str, Any], data: Mapping[str, Any]) -> Reacted:
    return Reacted(
        target=common["target"],
        chat=common["chat"],
        by=Jid.parse(data["from"]),
        alternate=read_jid(data["alternate_id"]),
        from_me=data["from_me"],
        at=read_time(data["at"]),
        emoji=data["emoji"],
    )


def _read_votes(common: dict[str, Any], at: datetime, results: Iterable[Mapping[str, Any]]) -> tuple[Voted, ...]:
    chosen: dict[str, list[str]] = {}
    for result in results:
        for voter in result["voters"]:
            chosen.setdefault(voter, []).append(result["option"])
    return tuple(
        Voted(
            target=common["target"],
            chat=common["chat"],
            by=Jid.parse(voter),
            from_me=False,
            at=at,
            options=tuple(options),
        )
        for voter, options in chosen.items()
    )
