"""What is done to messages: as events tell it, and as it is kept."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from application.representation.more_contents import event_to_dict, read_event
from application.representation.payload_form import PayloadForm
from application.representation.values import (
    Json,
    optional_jid,
    optional_time,
    read_jid,
    read_optional_time,
    read_time,
    time_to_text,
)
from domain.changes import AnyChange, Change, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.message_change_events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageReacted,
    MessageRevoked,
    MessageStarred,
    PollVoted,
)


def _common_to_dict(change: Change) -> Json:
    return {
        "whatsapp_id": change.target,
        "chat_id": str(change.chat),
        "from": str(change.by),
        "from_me": change.from_me,
        "alternate_id": optional_jid(change.alternate),
        "at": time_to_text(change.at),
    }


def _common(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": WhatsAppMessageId(data["whatsapp_id"]),
        "chat": Jid.parse(data["chat_id"]),
        "by": Jid.parse(data["from"]),
        "from_me": data["from_me"],
        "alternate": read_jid(data.get("alternate_id")),
        "at": read_time(data["at"]),
    }


_MORE: Final[Mapping[type[Any], Callable[[Any], Json]]] = {
    Edited: lambda edit: {
        "text": {"body": edit.body, "mentions": [str(jid) for jid in edit.mentions]},
        "event": None if edit.event is None else event_to_dict(edit.event),
    },
    Reacted: lambda reaction: {"emoji": reaction.emoji},
    Voted: lambda vote: {"options": list(vote.options)},
    Pinned: lambda pin: {"pinned": pin.until is not None, "until": optional_time(pin.until)},
    Starred: lambda star: {"starred": star.starred},
    Revoked: lambda _: {},
    Deleted: lambda _: {},
}


def change_to_dict(change: AnyChange) -> Json:
    """A change."""
    return _common_to_dict(change) | _MORE[type(change)](change)


def read_edited(data: Mapping[str, Any]) -> Edited:
    """Reads what ``change_to_dict`` wrote, as do the others."""
    text, event = data["text"], data.get("event")
    return Edited(
        **_common(data),
        body=text["body"],
        mentions=tuple(Jid.parse(jid) for jid in text["mentions"]),
        event=None if event is None else read_event(event),
    )


def read_reacted(data: Mapping[str, Any]) -> Reacted:
    """A reaction."""
    return Reacted(**_common(data), emoji=data["emoji"])


def read_voted(data: Mapping[str, Any]) -> Voted:
    """A vote."""
    return Voted(**_common(data), options=tuple(data["options"]))


def read_pinned(data: Mapping[str, Any]) -> Pinned:
    """A pin, or its end."""
    return Pinned(**_common(data), until=read_optional_time(data["until"]))


def read_starred(data: Mapping[str, Any]) -> Starred:
    """A star, or its end."""
    return Starred(**_common(data), starred=data["starred"])


def read_revoked(data: Mapping[str, Any]) -> Revoked:
    """A deletion for everyone."""
    return Revoked(**_common(data))


def read_deleted(data: Mapping[str, Any]) -> Deleted:
    """A deletion for the account alone."""
    return Deleted(**_common(data))


def _form[T](kind: type[T], read: Callable[[Mapping[str, Any]], AnyChange]) -> PayloadForm[T]:
    made: type[Any] = kind

    def write(payload: Any) -> Json:
        return {"message_id": payload.message_id} | change_to_dict(payload.change)

    def read_payload(data: Mapping[str, Any]) -> T:
        message_id = data["message_id"]
        payload: T = made(message_id=None if message_id is None else MessageId(message_id), change=read(data))
        return payload

    return PayloadForm(kind=kind, write=write, read=read_payload)


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    _form(MessageEdited, read_edited),
    _form(MessageRevoked, read_revoked),
    _form(MessageReacted, read_reacted),
    _form(PollVoted, read_voted),
    _form(MessagePinned, read_pinned),
    _form(MessageStarred, read_starred),
    _form(MessageDeleted, read_deleted),
)
