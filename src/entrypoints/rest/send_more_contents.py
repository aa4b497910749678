"""What is to be sent without a file beside texts, from the models of requests."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard, Contacts
from domain.content import Content
from domain.errors import InvalidArgumentError
from domain.event_content import CallType, EventInvitation
from domain.group_invite_content import GroupInvite
from domain.ids import WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.operations import Reaction
from domain.poll_content import Poll
from entrypoints.rest.models import interactive
from entrypoints.rest.models import more_contents as models


def _location(place: models.LocationToSend) -> Location:
    return Location.compose(place.latitude, place.longitude, name=place.name, address=place.address)


def _contacts(cards: Sequence[models.ContactCard]) -> Contacts:
    return Contacts.compose(_card(card) for card in cards)


def _card(card: models.ContactCard) -> ContactCard:
    name, org = card.name, card.org or models.ContactOrganization()
    return ContactCard(
        name=CardName(
            formatted=name.formatted_name,
            first=name.first_name,
            last=name.last_name,
            middle=name.middle_name,
            prefix=name.prefix,
            suffix=name.suffix,
        ),
        phones=tuple(CardPhone(phone=each.phone, type=each.type, whatsapp=each.wa_id) for each in card.phones),
        emails=tuple(CardEntry(value=each.email, type=each.type) for each in card.emails),
        urls=tuple(CardEntry(value=each.url, type=each.type) for each in card.urls),
        addresses=tuple(CardAddress(**each.model_dump()) for each in card.addresses),
        company=org.company,
        department=org.department,
        title=org.title,
        birthday=card.birthday,
    )


def _poll(poll: models.PollToSend) -> Poll:
    return Poll.compose(poll.question, poll.options, selectable=poll.selectable)


def _event(event: models.EventInvitationToSend) -> EventInvitation:
    return EventInvitation.compose(
        event.name,
        event.start_time,
        ends_at=event.end_time,
        description=event.description,
        location=None if event.location is None else _location(event.location),
        call=None if event.call is None else CallType(event.call),
    )


def _group_invite(invite: models.GroupInviteToSend) -> GroupInvite:
    return GroupInvite.compose(
        Jid.parse(invite.group_id, field="group_invite.group_id"),
        invite.code,
        group_name=invite.group_name,
        caption=invite.caption,
        expires_at=invite.expires_at,
    )


def _interactive(content: interactive.Interactive) -> Interactive:
    return Interactive.compose(
        content.body.text,
        _action(content),
        header=None if content.header is None else content.header.text,
        footer=None if content.footer is None else content.footer.text,
    )


def _action(content: interactive.Interactive) -> ListMenu | ReplyButtons:
    action, field = content.action, "interactive.action"
    if content.type == "list":
        if action.button is None or action.sections is None or action.buttons is not None:
            raise InvalidArgumentError("INVALID_REQUEST", "A list has a button and sections.", field=field)
        return ListMenu(button=action.button, sections=tuple(map(_section, action.sections)))
    if action.buttons is None or action.button is not None or action.sections is not None:
        raise InvalidArgumentError("INVALID_REQUEST", "Buttons have nothing beside.", field=field)
    return ReplyButtons(buttons=tuple(Choice(id=each.reply.id, title=each.reply.title) for each in action.buttons))


def _section(section: interactive.ListSection) -> Section:
    rows = (Choice(id=row.id, title=row.title, description=row.description) for row in section.rows)
    return Section(title=section.title, rows=tuple(rows))


def _reaction(reaction: models.ReactionToSend) -> Reaction:
    return Reaction.compose(WhatsAppMessageId(reaction.message_id), reaction.emoji, field="reaction.emoji")


COMPOSE: Final[Mapping[str, Callable[[Any], Content]]] = {
    "location": _location,
    "contacts": _contacts,
    "poll": _poll,
    "event": _event,
    "group_invite": _group_invite,
    "interactive": _interactive,
    "reaction": _reaction,
}
"""By the type's public name."""
