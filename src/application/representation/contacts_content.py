"""Contact cards, as Meta's Cloud API has them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.values import Json
from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard, Contacts


def _write_contacts(contacts: Contacts) -> list[Json]:
    return [_write_card(card) for card in contacts.cards]


def _write_card(card: ContactCard) -> Json:
    return {
        "name": {
            "formatted_name": card.name.formatted,
            "first_name": card.name.first,
            "last_name": card.name.last,
            "middle_name": card.name.middle,
            "prefix": card.name.prefix,
            "suffix": card.name.suffix,
        },
        "phones": [{"phone": each.phone, "type": each.type, "wa_id": each.whatsapp} for each in card.phones],
        "emails": [{"email": each.value, "type": each.type} for each in card.emails],
        "urls": [{"url": each.value, "type": each.type} for each in card.urls],
        "addresses": [
            {
                "street": each.street,
                "city": each.city,
                "state": each.state,
                "zip": each.zip,
                "country": each.country,
                "type": each.type,
            }
            for each in card.addresses
        ],
        "org": {"company": card.company, "department": card.department, "title": card.title},
        "birthday": card.birthday,
    }


def _read_contacts(data: Sequence[Mapping[str, Any]]) -> Contacts:
    return Contacts(cards=tuple(_read_card(card) for card in data))


def _read_card(data: Mapping[str, Any]) -> ContactCard:
    name, org = data["name"], data["org"]
    return ContactCard(
        name=CardName(
            formatted=name["formatted_name"],
            first=name["first_name"],
            last=name["last_name"],
            middle=name["middle_name"],
            prefix=name["prefix"],
            suffix=name["suffix"],
        ),
        phones=tuple(
            CardPhone(phone=each["phone"], type=each["type"], whatsapp=each["wa_id"]) for each in data["phones"]
        ),
        emails=tuple(CardEntry(value=each["email"], type=each["type"]) for each in data["emails"]),
        urls=tuple(CardEntry(value=each["url"], type=each["type"]) for each in data["urls"]),
        addresses=tuple(CardAddress(**each) for each in data["addresses"]),
        company=org["company"],
        department=org["department"],
        title=org["title"],
        birthday=data["birthday"],
    )


FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="contacts", kind=Contacts, write=_write_contacts, read=_read_contacts),
)
