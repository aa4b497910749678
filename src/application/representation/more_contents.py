"""What messages without a file hold beside texts. Objects are named like those of Meta's Cloud API where it has one."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.values import Json, optional_time, read_optional_time, read_time, time_to_text
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.jid import Jid
from domain.location_content import Location
from domain.poll_content import Poll


def _write_location(place: Location) -> Json:
    return {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "name": place.name,
        "address": place.address,
        "live": place.live,
    }


def _read_location(data: Mapping[str, Any]) -> Location:
    return Location(
        latitude=data["latitude"],
        longitude=data["longitude"],
        name=data["name"],
        address=data["address"],
        live=data["live"],
    )


def _write_poll(poll: Poll) -> Json:
    return {"question": poll.question, "options": list(poll.options), "selectable": poll.selectable}


def _read_poll(data: Mapping[str, Any]) -> Poll:
    return Poll(question=data["question"], options=tuple(data["options"]), selectable=data["selectable"])


def event_to_dict(event: EventInvitation) -> Json:
    """An event that people are asked to."""
    return {
        "name": event.name,
        "description": event.description,
        "start_time": time_to_text(event.starts_at),
        "end_time": optional_time(event.ends_at),
        "location": None if event.location is None else _write_location(event.location),
        "call": None if event.call is None else event.call.value,
        "canceled": event.canceled,
    }


def read_event(data: Mapping[str, Any]) -> EventInvitation:
    """Reads what ``event_to_dict`` wrote."""
    return EventInvitation(
        name=data["name"],
        description=data["description"],
        starts_at=read_time(data["start_time"]),
        ends_at=read_optional_time(data["end_time"]),
        location=None if data["location"] is None else _read_location(data["location"]),
        call=None if data["call"] is None else CallType(data["call"]),
        canceled=data["canceled"],
    )


def _write_invite(invite: GroupInvite) -> Json:
    return {
        "group_id": str(invite.group),
        "code": invite.code,
        "group_name": invite.group_name,
        "caption": invite.caption,
        "expires_at": optional_time(invite.expires_at),
    }


def _read_invite(data: Mapping[str, Any]) -> GroupInvite:
    return GroupInvite(
        group=Jid.parse(data["group_id"]),
        code=data["code"],
        group_name=data["group_name"],
        caption=data["caption"],
        expires_at=read_optional_time(data["expires_at"]),
    )


FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="location", kind=Location, write=_write_location, read=_read_location),
    ContentForm(name="poll", kind=Poll, write=_write_poll, read=_read_poll),
    ContentForm(name="event", kind=EventInvitation, write=event_to_dict, read=read_event),
    ContentForm(name="group_invite", kind=GroupInvite, write=_write_invite, read=_read_invite),
)
