"""Chats, people, presence and calls as the bridge tells of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.playwright.fields import (
    MalformedError,
    field,
    instant,
    jid,
    mapping,
    number,
    optional,
    readable_jid,
    text,
    whole,
)
from application.ports.people_events import (
    CallRings,
    CallStopped,
    ChatChanged,
    ContactChanged,
    PeopleEvent,
    PresenceChanged,
)
from domain.call import Call, CallOutcome
from domain.chat import Chat, Muted
from domain.contact import BusinessProfile, Contact, Existence
from domain.presence import Activity, Presence

_FOR_GOOD: Final = -1
_OUTCOMES: Final = {outcome.value.lower(): outcome for outcome in CallOutcome}
_ACTIVITIES: Final = {activity.value.lower(): activity for activity in Activity}


def chat(item: object) -> Chat:
    """One chat.

    Raises:
        MalformedError, InvalidArgumentError: it can't be read.
    """
    told = mapping(item)
    until = optional(told, "mutedUntil", int)
    pinned, last = optional(told, "pinnedAt", int), optional(told, "lastAt", int)
    muted = None if until is None else Muted(until=None if until == _FOR_GOOD else instant(until))
    return Chat(
        jid=jid(text(told, "jid")),
        alternate=readable_jid(told.get("alternate")),
        name=optional(told, "name", str),
        unread=whole(told, "unread"),
        marked_unread=field(told, "markedUnread", bool),
        archived=field(told, "archived", bool),
        pinned_at=None if pinned is None else instant(pinned),
        muted=muted,
        last_at=None if last is None else instant(last),
        more_on_phone=optional(told, "moreOnPhone", bool),
    )


def contact(item: object) -> Contact:
    """One person.

    Raises:
        MalformedError, InvalidArgumentError: it can't be read.
    """
    told = mapping(item)
    return Contact(
        jid=jid(text(told, "jid")),
        alternate=readable_jid(told.get("alternate")),
        username=optional(told, "username", str),
        name=optional(told, "name", str),
        push_name=optional(told, "pushName", str),
        verified_name=optional(told, "verifiedName", str),
        saved=field(told, "saved", bool),
        business=field(told, "business", bool),
        blocked=field(told, "blocked", bool),
        me=field(told, "me", bool),
    )


def existence(item: object) -> Existence:
    """Whether somebody is on WhatsApp.

    Raises:
        MalformedError: it can't be read.
    """
    told = mapping(item)
    return Existence(
        asked=text(told, "asked"),
        jid=readable_jid(told.get("jid")),
        lid=readable_jid(told.get("lid")),
        username=optional(told, "username", str),
    )


def business(item: object) -> BusinessProfile:
    """A business's profile.

    Raises:
        MalformedError: it can't be read.
    """
    told = mapping(item)
    return BusinessProfile(
        description=optional(told, "description", str),
        email=optional(told, "email", str),
        address=optional(told, "address", str),
        websites=_texts(told, "websites"),
        categories=_texts(told, "categories"),
    )


def presence(item: object) -> Presence:
    """Somebody's presence.

    Raises:
        MalformedError, InvalidArgumentError: it can't be read.
    """
    told = mapping(item)
    seen = told.get("lastSeen")
    return Presence(
        chat=jid(text(told, "chat")),
        alternate=readable_jid(told.get("alternate")),
        participant=readable_jid(told.get("participant")),
        online=optional(told, "online", bool),
        activity=_ACTIVITIES.get(text(told, "activity"), Activity.PAUSED),
        last_seen=None if seen is None else instant(number(told, "lastSeen")),
    )


def call(item: object) -> Call:
    """An incoming call.

    Raises:
        MalformedError, InvalidArgumentError: it can't be read.
    """
    told = mapping(item)
    return Call(
        id=text(told, "id"),
        caller=jid(text(told, "caller")),
        alternate=readable_jid(told.get("alternate")),
        video=field(told, "video", bool),
        group=field(told, "group", bool),
        offered_at=instant(number(told, "offeredAt")),
    )


def news(items: object) -> Iterable[PeopleEvent]:
    """What a page tells of its own accord.

    Raises:
        MalformedError, InvalidArgumentError: something of it can't be read.
    """
    if not isinstance(items, list):
        raise MalformedError("people")
    for item in items:
        yield _event(mapping(item))


def _event(told: Mapping[str, Any]) -> PeopleEvent:
    match told.get("kind"):
        case "chat":
            return ChatChanged(chat=chat(told.get("chat")), changed=_texts(told, "changed"))
        case "presence":
            return PresenceChanged(presence=presence(told.get("presence")))
        case "contact":
            return ContactChanged(contact=contact(told.get("contact")))
        case "call":
            return CallRings(call=call(told.get("call")))
        case "callStopped":
            outcome = _OUTCOMES.get(text(told, "outcome"))
            if outcome is None:
                raise MalformedError("outcome")
            return CallStopped(call=call(told.get("call")), outcome=outcome, at=instant(number(told, "at") / 1000))
        case _:
            raise MalformedError("kind")


def _texts(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = told.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedError(name)
    return tuple(value)
