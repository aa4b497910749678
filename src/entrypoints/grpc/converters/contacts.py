"""Contact cards."""

from typing import Any, Final

from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard, Contacts
from entrypoints.grpc.converters.forms import ContentConverter
from entrypoints.grpc.converters.more_contents import optional
from entrypoints.grpc.gen.pombo.v1 import content_pb2 as pb


def _write(contacts: Contacts) -> pb.Contacts:
    return pb.Contacts(cards=map(_write_card, contacts.cards))


def _write_card(card: ContactCard) -> pb.ContactCard:
    name = card.name
    org = pb.ContactOrganization(company=card.company, department=card.department, title=card.title)
    return pb.ContactCard(
        name=pb.ContactName(
            formatted_name=name.formatted,
            first_name=name.first,
            last_name=name.last,
            middle_name=name.middle,
            prefix=name.prefix,
            suffix=name.suffix,
        ),
        phones=[pb.ContactPhone(phone=each.phone, type=each.type, wa_id=each.whatsapp) for each in card.phones],
        emails=[pb.ContactEmail(email=each.value, type=each.type) for each in card.emails],
        urls=[pb.ContactUrl(url=each.value, type=each.type) for each in card.urls],
        addresses=[
            pb.ContactAddress(
                street=each.street,
                city=each.city,
                state=each.state,
                zip=each.zip,
                country=each.country,
                type=each.type,
            )
            for each in card.addresses
        ],
        org=org if org != pb.ContactOrganization() else None,
        birthday=card.birthday,
    )


def _compose(contacts: pb.Contacts) -> Contacts:
    return Contacts.compose(map(_read_card, contacts.cards))


def _read_card(card: pb.ContactCard) -> ContactCard:
    name = card.name
    return ContactCard(
        name=CardName(
            formatted=name.formatted_name,
            first=optional(name, "first_name"),
            last=optional(name, "last_name"),
            middle=optional(name, "middle_name"),
            prefix=optional(name, "prefix"),
            suffix=optional(name, "suffix"),
        ),
        phones=tuple(
            CardPhone(phone=each.phone, type=optional(each, "type"), whatsapp=optional(each, "wa_id"))
            for each in card.phones
        ),
        emails=tuple(CardEntry(value=each.email, type=optional(each, "type")) for each in card.emails),
        urls=tuple(CardEntry(value=each.url, type=optional(each, "type")) for each in card.urls),
        addresses=tuple(_read_address(each) for each in card.addresses),
        company=optional(card.org, "company"),
        department=optional(card.org, "department"),
        title=optional(card.org, "title"),
        birthday=optional(card, "birthday"),
    )


def _read_address(address: pb.ContactAddress) -> CardAddress:
    return CardAddress(
        street=optional(address, "street"),
        city=optional(address, "city"),
        state=optional(address, "state"),
        zip=optional(address, "zip"),
        country=optional(address, "country"),
        type=optional(address, "type"),
    )


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="contacts", kind=Contacts, write=_write, compose=_compose),
)
