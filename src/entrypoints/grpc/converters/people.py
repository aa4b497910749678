"""Chats, people, presence and calls."""

from typing import Any, Final

from application.representation.people import forms_to_dict
from domain.call import Call, CallOutcome
from domain.chat import Chat
from domain.contact import BusinessProfile, Contact, Existence
from domain.jid import Jid
from domain.people_events import (
    CallEnded,
    CallReceived,
    CallRejected,
    ChatUpdated,
    ContactMerged,
    ContactUpdated,
    PresenceUpdated,
)
from domain.person import Person
from domain.presence import Activity, Presence
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import call_pb2, chat_pb2, contact_pb2, presence_pb2
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb

ACTIVITIES: Final = {
    Activity.COMPOSING: presence_pb2.ACTIVITY_COMPOSING,
    Activity.RECORDING: presence_pb2.ACTIVITY_RECORDING,
    Activity.PAUSED: presence_pb2.ACTIVITY_PAUSED,
}
_OUTCOMES: Final = {
    CallOutcome.ACCEPTED_ELSEWHERE: call_pb2.CALL_OUTCOME_ACCEPTED_ELSEWHERE,
    CallOutcome.REJECTED: call_pb2.CALL_OUTCOME_REJECTED,
    CallOutcome.MISSED: call_pb2.CALL_OUTCOME_MISSED,
}


def chat_to_proto(chat: Chat) -> chat_pb2.Chat:
    """A chat."""
    return chat_pb2.Chat(
        id=str(chat.jid),
        **_forms(chat.jid, chat.alternate),
        name=chat.name,
        unread_count=chat.unread,
        marked_unread=chat.marked_unread,
        archived=chat.archived,
        pin_time=optional_time_to_proto(chat.pinned_at),
        muted=chat.muted is not None,
        mute_end_time=None if chat.muted is None else optional_time_to_proto(chat.muted.until),
        last_activity_time=optional_time_to_proto(chat.last_at),
        more_on_phone=chat.more_on_phone,
    )


def contact_to_proto(contact: Contact) -> contact_pb2.Contact:
    """A person."""
    return contact_pb2.Contact(
        id=str(contact.jid),
        **_forms(contact.jid, contact.alternate),
        username=contact.username,
        name=contact.name,
        push_name=contact.push_name,
        verified_name=contact.verified_name,
        saved=contact.saved,
        business=contact.business,
        blocked=contact.blocked,
        me=contact.me,
    )


def existence_to_proto(existence: Existence) -> contact_pb2.ContactExistence:
    """Whether somebody is on WhatsApp."""
    return contact_pb2.ContactExistence(
        asked=existence.asked,
        exists=existence.exists,
        phone=_text(existence.jid),
        lid=_text(existence.lid),
        username=existence.username,
    )


def business_to_proto(profile: BusinessProfile) -> contact_pb2.BusinessProfile:
    """A business's profile."""
    return contact_pb2.BusinessProfile(
        description=profile.description,
        email=profile.email,
        address=profile.address,
        websites=profile.websites,
        categories=profile.categories,
    )


def person_to_proto(person: Person) -> contact_pb2.ContactIdentity:
    """Who has several addresses."""
    return contact_pb2.ContactIdentity(
        contact_id=str(person.id),
        phone=_text(person.phone),
        lid=_text(person.lid),
        username=person.username,
        addresses=[str(address) for address in person.addresses],
    )


def presence_to_proto(presence: Presence) -> presence_pb2.Presence:
    """Somebody's presence."""
    return presence_pb2.Presence(
        chat_id=str(presence.chat),
        **_forms(presence.chat, presence.alternate),
        participant=_text(presence.participant),
        online=presence.online,
        activity=ACTIVITIES[presence.activity],
        last_seen_time=optional_time_to_proto(presence.last_seen),
    )


def call_to_proto(call: Call) -> call_pb2.Call:
    """An incoming call."""
    converted = call_pb2.Call(
        id=call.id,
        **_forms(call.caller, call.alternate),
        video=call.video,
        group=call.group,
        offer_time=time_to_proto(call.offered_at),
    )
    setattr(converted, "from", str(call.caller))
    return converted


def _merged(payload: ContactMerged) -> pb.ContactMerged:
    return pb.ContactMerged(
        contact_id=str(payload.contact_id),
        phone=_text(payload.phone),
        lid=_text(payload.lid),
        username=payload.username,
        merged=[str(address) for address in payload.merged],
    )


def _ended(payload: CallEnded) -> pb.CallEnded:
    outcome = _OUTCOMES[payload.outcome]
    return pb.CallEnded(call=call_to_proto(payload.call), outcome=outcome, end_time=time_to_proto(payload.at))


def _forms(jid: Jid, alternate: Jid | None) -> dict[str, Any]:
    return forms_to_dict(jid, alternate)


def _text(jid: Jid | None) -> str | None:
    return None if jid is None else str(jid)


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(
        field="chat_updated",
        kind=ChatUpdated,
        write=lambda payload: pb.ChatUpdated(chat=chat_to_proto(payload.chat), changed=payload.changed),
    ),
    PayloadConverter(
        field="presence_updated",
        kind=PresenceUpdated,
        write=lambda payload: pb.PresenceUpdated(presence=presence_to_proto(payload.presence)),
    ),
    PayloadConverter(
        field="contact_updated",
        kind=ContactUpdated,
        write=lambda payload: pb.ContactUpdated(contact=contact_to_proto(payload.contact)),
    ),
    PayloadConverter(field="contact_merged", kind=ContactMerged, write=_merged),
    PayloadConverter(
        field="call_received",
        kind=CallReceived,
        write=lambda payload: pb.CallReceived(call=call_to_proto(payload.call)),
    ),
    PayloadConverter(field="call_ended", kind=CallEnded, write=_ended),
    PayloadConverter(
        field="call_rejected",
        kind=CallRejected,
        write=lambda payload: pb.CallRejected(call=call_to_proto(payload.call), reject_time=time_to_proto(payload.at)),
    ),
)
