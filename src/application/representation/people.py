"""Chats, people, presence and calls as the API shows them and the log stores them."""

from collections.abc import Mapping
from typing import Any

from application.representation.values import (
    Json,
    optional_jid,
    optional_time,
    read_jid,
    read_optional_time,
    read_time,
    time_to_text,
)
from domain.call import Call
from domain.chat import Chat, Muted
from domain.contact import BusinessProfile, Contact, Existence
from domain.jid import Jid, Server
from domain.person import Person
from domain.presence import Activity, Presence


def forms_to_dict(jid: Jid | None, alternate: Jid | None) -> Json:
    """A person's address in both forms, where known; both null for a group."""
    known = {each.server: each for each in (jid, alternate) if each is not None}
    return {"phone": optional_jid(known.get(Server.USER)), "lid": optional_jid(known.get(Server.LID))}


def chat_to_dict(chat: Chat) -> Json:
    """A chat."""
    return {
        "id": str(chat.jid),
        **forms_to_dict(chat.jid, chat.alternate),
        "name": chat.name,
        "unread_count": chat.unread,
        "marked_unread": chat.marked_unread,
        "archived": chat.archived,
        "pinned_at": optional_time(chat.pinned_at),
        "muted": chat.muted is not None,
        "muted_until": None if chat.muted is None else optional_time(chat.muted.until),
        "last_activity_at": optional_time(chat.last_at),
        "more_on_phone": chat.more_on_phone,
    }


def chat_from_dict(data: Mapping[str, Any]) -> Chat:
    """Reads what ``chat_to_dict`` wrote."""
    jid = Jid.parse(data["id"])
    return Chat(
        jid=jid,
        alternate=_alternate(jid, data),
        name=data["name"],
        unread=data["unread_count"],
        marked_unread=data["marked_unread"],
        archived=data["archived"],
        pinned_at=read_optional_time(data["pinned_at"]),
        muted=Muted(until=read_optional_time(data["muted_until"])) if data["muted"] else None,
        last_at=read_optional_time(data["last_activity_at"]),
        more_on_phone=data["more_on_phone"],
    )


def contact_to_dict(contact: Contact) -> Json:
    """A person."""
    return {
        "id": str(contact.jid),
        **forms_to_dict(contact.jid, contact.alternate),
        "username": contact.username,
        "name": contact.name,
        "push_name": contact.push_name,
        "verified_name": contact.verified_name,
        "saved": contact.saved,
        "business": contact.business,
        "blocked": contact.blocked,
        "me": contact.me,
    }


def contact_from_dict(data: Mapping[str, Any]) -> Contact:
    """Reads what ``contact_to_dict`` wrote."""
    jid = Jid.parse(data["id"])
    return Contact(
        jid=jid,
        alternate=_alternate(jid, data),
        username=data["username"],
        name=data["name"],
        push_name=data["push_name"],
        verified_name=data["verified_name"],
        saved=data["saved"],
        business=data["business"],
        blocked=data["blocked"],
        me=data["me"],
    )


def existence_to_dict(existence: Existence) -> Json:
    """Whether somebody is on WhatsApp."""
    return {
        "asked": existence.asked,
        "exists": existence.exists,
        "phone": optional_jid(existence.jid),
        "lid": optional_jid(existence.lid),
        "username": existence.username,
    }


def existence_from_dict(data: Mapping[str, Any]) -> Existence:
    """Reads what ``existence_to_dict`` wrote."""
    return Existence(
        asked=data["asked"], jid=read_jid(data["phone"]), lid=read_jid(data["lid"]), username=data["username"]
    )


def business_to_dict(profile: BusinessProfile) -> Json:
    """A business's profile."""
    return {
        "description": profile.description,
        "email": profile.email,
        "address": profile.address,
        "websites": list(profile.websites),
        "categories": list(profile.categories),
    }


def person_to_dict(person: Person) -> Json:
    """Who has several addresses."""
    return {
        "contact_id": str(person.id),
        "phone": optional_jid(person.phone),
        "lid": optional_jid(person.lid),
        "username": person.username,
        "addresses": [str(address) for address in person.addresses],
    }


def presence_to_dict(presence: Presence) -> Json:
    """Somebody's presence."""
    return {
        "chat_id": str(presence.chat),
        **forms_to_dict(presence.chat, presence.alternate),
        "participant": optional_jid(presence.participant),
        "online": presence.online,
        "activity": presence.activity.value,
        "last_seen_at": optional_time(presence.last_seen),
    }


def presence_from_dict(data: Mapping[str, Any]) -> Presence:
    """Reads what ``presence_to_dict`` wrote."""
    chat = Jid.parse(data["chat_id"])
    return Presence(
        chat=chat,
        alternate=_alternate(chat, data),
        participant=read_jid(data["participant"]),
        online=data["online"],
        activity=Activity(data["activity"]),
        last_seen=read_optional_time(data["last_seen_at"]),
    )


def call_to_dict(call: Call) -> Json:
    """An incoming call."""
    return {
        "id": call.id,
        "from": str(call.caller),
        **forms_to_dict(call.caller, call.alternate),
        "video": call.video,
        "group": call.group,
        "offered_at": time_to_text(call.offered_at),
    }


def call_from_dict(data: Mapping[str, Any]) -> Call:
    """Reads what ``call_to_dict`` wrote."""
    caller = Jid.parse(data["from"])
    return Call(
        id=data["id"],
        caller=caller,
        alternate=_alternate(caller, data),
        video=data["video"],
        group=data["group"],
        offered_at=read_time(data["offered_at"]),
    )


def _alternate(jid: Jid, data: Mapping[str, Any]) -> Jid | None:
    return next((each for each in (read_jid(data["phone"]), read_jid(data["lid"])) if each not in {None, jid}), None)
