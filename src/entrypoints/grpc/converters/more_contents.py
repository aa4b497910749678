"""What messages without a file hold beside texts."""

from typing import Any, Final

from domain.errors import InvalidArgumentError
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.poll_content import Poll
from entrypoints.grpc.converters.forms import ContentConverter
from entrypoints.grpc.converters.times import optional_time_to_proto, time_from_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import content_pb2 as pb

_CALLS: Final = {call: pb.EventCall.Value(f"EVENT_CALL_{call.name}") for call in CallType}


def optional(message: Any, name: str) -> Any:
    """A field's value, where it is there."""
    return getattr(message, name) if message.HasField(name) else None


def _write_location(place: Location) -> pb.Location:
    return pb.Location(
        latitude=place.latitude, longitude=place.longitude, name=place.name, address=place.address, live=place.live
    )


def _compose_location(place: pb.Location) -> Location:
    return Location.compose(
        place.latitude, place.longitude, name=optional(place, "name"), address=optional(place, "address")
    )


def _write_poll(poll: Poll) -> pb.Poll:
    return pb.Poll(question=poll.question, options=poll.options, selectable=poll.selectable)


def _compose_poll(poll: pb.Poll) -> Poll:
    return Poll.compose(poll.question, poll.options, selectable=poll.selectable if poll.HasField("selectable") else 1)


def event_to_proto(event: EventInvitation) -> pb.EventInvitation:
    """An event that people are asked to."""
    return pb.EventInvitation(
        name=event.name,
        start_time=time_to_proto(event.starts_at),
        end_time=optional_time_to_proto(event.ends_at),
        description=event.description,
        location=None if event.location is None else _write_location(event.location),
        call=pb.EVENT_CALL_UNSPECIFIED if event.call is None else _CALLS[event.call],
        canceled=event.canceled,
    )


def _compose_event(event: pb.EventInvitation) -> EventInvitation:
    if not event.HasField("start_time"):
        raise InvalidArgumentError("INVALID_REQUEST", "Give the event's start.", field="event.start_time")
    end = time_from_proto(event.end_time, field="event.end_time") if event.HasField("end_time") else None
    return EventInvitation.compose(
        event.name,
        time_from_proto(event.start_time, field="event.start_time"),
        ends_at=end,
        description=optional(event, "description"),
        location=_compose_location(event.location) if event.HasField("location") else None,
        call=_call(event.call),
    )


def _call(value: int) -> CallType | None:
    if value == pb.EVENT_CALL_UNSPECIFIED:
        return None
    for call, known in _CALLS.items():
        if known == value:
            return call
    raise InvalidArgumentError("INVALID_REQUEST", "There is no such kind of call.", field="event.call")


def _write_invite(invite: GroupInvite) -> pb.GroupInvite:
    return pb.GroupInvite(
        group_id=str(invite.group),
        code=invite.code,
        group_name=invite.group_name,
        caption=invite.caption,
        expire_time=optional_time_to_proto(invite.expires_at),
    )


def _compose_invite(invite: pb.GroupInvite) -> GroupInvite:
    field = "group_invite.expire_time"
    return GroupInvite.compose(
        Jid.parse(invite.group_id, field="group_invite.group_id"),
        invite.code,
        group_name=optional(invite, "group_name"),
        caption=optional(invite, "caption"),
        expires_at=time_from_proto(invite.expire_time, field=field) if invite.HasField("expire_time") else None,
    )


def _write_interactive(content: Interactive) -> pb.Interactive:
    converted = pb.Interactive(body=content.body, header=content.header, footer=content.footer)
    match content.action:
        case ListMenu(button=button, sections=sections):
            rows = [pb.ListSection(title=each.title, rows=map(_write_choice, each.rows)) for each in sections]
            converted.list.CopyFrom(pb.ListMenu(button=button, sections=rows))
        case ReplyButtons(buttons=buttons):
            converted.buttons.CopyFrom(pb.ReplyButtons(buttons=map(_write_choice, buttons)))
    return converted


def _compose_interactive(content: pb.Interactive) -> Interactive:
    action: ListMenu | ReplyButtons
    match content.WhichOneof("action"):
        case "list":
            sections = (
                Section(title=optional(each, "title"), rows=tuple(map(_read_choice, each.rows)))
                for each in content.list.sections
            )
            action = ListMenu(button=content.list.button, sections=tuple(sections))
        case "buttons":
            action = ReplyButtons(buttons=tuple(map(_read_choice, content.buttons.buttons)))
        case _:
            raise InvalidArgumentError("INVALID_REQUEST", "Give a list or buttons.", field="interactive.action")
    return Interactive.compose(
        content.body, action, header=optional(content, "header"), footer=optional(content, "footer")
    )


def _write_choice(choice: Choice) -> pb.Choice:
    return pb.Choice(id=choice.id, title=choice.title, description=choice.description)


def _read_choice(choice: pb.Choice) -> Choice:
    return Choice(id=choice.id, title=choice.title, description=optional(choice, "description"))


def _write_reply(reply: InteractiveReply) -> pb.InteractiveReply:
    return pb.InteractiveReply(choice=_write_choice(reply.choice), of_list=reply.of_list)


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="location", kind=Location, write=_write_location, compose=_compose_location),
    ContentConverter(field="poll", kind=Poll, write=_write_poll, compose=_compose_poll),
    ContentConverter(field="event", kind=EventInvitation, write=event_to_proto, compose=_compose_event),
    ContentConverter(field="group_invite", kind=GroupInvite, write=_write_invite, compose=_compose_invite),
    ContentConverter(field="interactive", kind=Interactive, write=_write_interactive, compose=_compose_interactive),
    ContentConverter(field="interactive_reply", kind=InteractiveReply, write=_write_reply),
)
