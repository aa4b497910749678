"""What messages without a file hold beside texts, between the domain and the bridge."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.playwright.fields import MalformedError, field, instant, jid, mapping, number, optional, text, whole
from adapters.playwright.handed import Handed
from domain.contact_content import Contacts
from domain.content import Content
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.interactive_content import Choice, Interactive, InteractiveReply, ListMenu, ReplyButtons, Section
from domain.location_content import Location
from domain.poll_content import Poll
from domain.vcard import read_vcard, write_vcard


def items(item: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list."""
    value = item.get(name)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise MalformedError(name)
    return value


def texts(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts."""
    found = tuple(items(item, name))
    if not all(isinstance(each, str) for each in found):
        raise MalformedError(name)
    return found


def _read_location(item: Mapping[str, Any]) -> Location:
    return Location(
        latitude=float(number(item, "latitude")),
        longitude=float(number(item, "longitude")),
        name=optional(item, "name", str) or None,
        address=optional(item, "address", str) or None,
        live=item.get("live") is True,
    )


def _hand_location(place: Location) -> Handed:
    return Handed(needs=("SEND_LOCATION",), args=_place(place), command="sendLocation")


def _place(place: Location) -> dict[str, Any]:
    return _without_none(
        {"latitude": place.latitude, "longitude": place.longitude, "name": place.name, "address": place.address}
    )


def _read_contacts(item: Mapping[str, Any]) -> Contacts:
    cards = [mapping(card) for card in items(item, "contacts")]
    return Contacts(
        cards=tuple(read_vcard(field(card, "vcard", str), name=optional(card, "name", str)) for card in cards)
    )


def _hand_contacts(content: Contacts) -> Handed:
    cards = [{"name": card.name.formatted, "vcard": write_vcard(card)} for card in content.cards]
    return Handed(needs=("SEND_CONTACTS",), args={"contacts": cards}, command="sendContacts")


def _read_poll(item: Mapping[str, Any]) -> Poll:
    return Poll(
        question=field(item, "question", str),
        options=texts(item, "options"),
        selectable=whole(item, "selectable"),
    )


def _hand_poll(poll: Poll) -> Handed:
    args = {"question": poll.question, "options": list(poll.options), "selectable": poll.selectable}
    return Handed(needs=("SEND_POLL",), args=args, command="sendPoll")


def read_event(item: Mapping[str, Any]) -> EventInvitation:
    """An event that people are asked to.

    Raises:
        MalformedError: a field is missing or of the wrong type.
    """
    place, call = item.get("location"), optional(item, "call", str)
    return EventInvitation(
        name=field(item, "name", str),
        starts_at=instant(number(item, "startTime")),
        ends_at=_optional_instant(item, "endTime"),
        description=optional(item, "description", str) or None,
        location=None if place is None else _read_location(mapping(place)),
        call=CallType(call) if call in set(CallType) else None,
        canceled=item.get("canceled") is True,
    )


def _hand_event(event: EventInvitation) -> Handed:
    args = {
        "name": event.name,
        "description": event.description,
        "startTime": int(event.starts_at.timestamp()),
        "endTime": None if event.ends_at is None else int(event.ends_at.timestamp()),
        "location": None if event.location is None else _place(event.location),
        "call": None if event.call is None else event.call.value,
    }
    return Handed(needs=("SEND_EVENT",), args=_without_none(args), command="sendEvent")


def _read_invite(item: Mapping[str, Any]) -> GroupInvite:
    return GroupInvite(
        group=jid(text(item, "group")),
        code=text(item, "code"),
        group_name=optional(item, "groupName", str) or None,
        caption=optional(item, "caption", str) or None,
        expires_at=_optional_instant(item, "expiresAt"),
    )


def _hand_invite(invite: GroupInvite) -> Handed:
    args = {
        "group": str(invite.group),
        "code": invite.code,
        "groupName": invite.group_name,
        "caption": invite.caption,
        "expiresAt": None if invite.expires_at is None else int(invite.expires_at.timestamp()),
    }
    return Handed(needs=("SEND_GROUP_INVITE",), args=_without_none(args), command="sendGroupInvite")


def _read_choice(item: object) -> Choice:
    fields = mapping(item)
    return Choice(
        id=field(fields, "id", str),
        title=field(fields, "title", str),
        description=optional(fields, "description", str) or None,
    )


def _choice(choice: Choice) -> dict[str, Any]:
    return _without_none({"id": choice.id, "title": choice.title, "description": choice.description})


def _read_list(item: Mapping[str, Any]) -> Interactive:
    sections = [mapping(section) for section in items(item, "sections")]
    menu = ListMenu(
        button=field(item, "button", str),
        sections=tuple(
            Section(
                title=optional(section, "title", str) or None,
                rows=tuple(_read_choice(row) for row in items(section, "rows")),
            )
            for section in sections
        ),
    )
    return _read_interactive(item, menu)


def _read_buttons(item: Mapping[str, Any]) -> Interactive:
    return _read_interactive(item, ReplyButtons(buttons=tuple(_read_choice(each) for each in items(item, "buttons"))))


def _read_interactive(item: Mapping[str, Any], action: ListMenu | ReplyButtons) -> Interactive:
    return Interactive(
        body=field(item, "body", str),
        action=action,
        header=optional(item, "header", str) or None,
        footer=optional(item, "footer", str) or None,
    )


def _read_reply(item: Mapping[str, Any]) -> InteractiveReply:
    return InteractiveReply(choice=_read_choice(item.get("choice")), of_list=text(item, "type") == "list_response")


def _hand_interactive(content: Interactive) -> Handed:
    args: dict[str, Any] = {"body": content.body, "header": content.header, "footer": content.footer}
    match content.action:
        case ListMenu(button=button, sections=sections):
            args["button"] = button
            args["sections"] = [
                _without_none({"title": section.title, "rows": [_choice(row) for row in section.rows]})
                for section in sections
            ]
            return Handed(needs=("SEND_LIST",), args=_without_none(args), command="sendList")
        case ReplyButtons(buttons=buttons):
            args["buttons"] = [_choice(button) for button in buttons]
            return Handed(needs=("SEND_BUTTONS",), args=_without_none(args), command="sendButtons")


def _optional_instant(item: Mapping[str, Any], name: str) -> datetime | None:
    return None if item.get(name) is None else instant(number(item, name))


def _without_none(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value is not None}


READ: Final[Mapping[str, Callable[[Mapping[str, Any]], Content]]] = {
    "location": _read_location,
    "vcard": _read_contacts,
    "multi_vcard": _read_contacts,
    "poll_creation": _read_poll,
    "event_creation": read_event,
    "groups_v4_invite": _read_invite,
    "list": _read_list,
    "buttons": _read_buttons,
    "list_response": _read_reply,
    "buttons_response": _read_reply,
    "template_button_reply": _read_reply,
}
"""By the page's own name of the type."""

HAND: Final[Mapping[type[Any], Callable[[Any], Handed]]] = {
    Location: _hand_location,
    Contacts: _hand_contacts,
    Poll: _hand_poll,
    EventInvitation: _hand_event,
    GroupInvite: _hand_invite,
    Interactive: _hand_interactive,
}
