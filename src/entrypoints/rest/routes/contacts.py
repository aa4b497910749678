"""People, as a session's account knows them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.representation.people import (
    business_to_dict,
    contact_to_dict,
    existence_to_dict,
    person_to_dict,
)
from domain.contact import Name
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import people as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.people_parameters import ContactId, PersonId
from entrypoints.rest.routes.people_reasons import CHANGE_REASONS, PERSON_REASONS, SESSION_REASONS
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

CONTACTS: Final = f"{SESSION}/contacts"
CONTACT: Final = f"{CONTACTS}/{{contact_id}}"
BLOCKLIST: Final = f"{SESSION}/blocklist"
BLOCKED: Final = f"{BLOCKLIST}/{{contact_id}}"
_CHANGE: Final = (*PERSON_REASONS, *KEYED, *CHANGE_REASONS)


class ContactRoutes:
    """The routes of people."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(path: str, endpoint: Any, method: str, name: str, model: Any, *reasons: str) -> None:
            router.add_api_route(
                path,
                endpoint,
                methods=[method],
                operation_id=name,
                tags=["Contacts"],
                response_model=model,
                responses=problems(*reasons),
            )

        page = ("INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN")
        add(CONTACTS, self.list, "GET", "listContacts", models.ContactList, *SESSION_REASONS, *page)
        add(
            *(f"{CONTACTS}/check", self.check, "POST", "checkContacts", models.Existences, *BODY, *PERSON_REASONS),
            *("INVALID_USERNAME", "LOOKUP_TIMEOUT"),
        )
        add(CONTACT, self.get, "GET", "getContact", models.Contact, *PERSON_REASONS)
        add(CONTACT, self.save, "PUT", "saveContact", models.Contact, *BODY, *_CHANGE, "INVALID_NAME")
        add(CONTACT, self.remove, "DELETE", "removeContact", models.Contact, *_CHANGE)
        add(f"{CONTACT}/picture", self.picture, "GET", "getContactPicture", models.Picture, *PERSON_REASONS)
        add(f"{CONTACT}/about", self.about, "GET", "getContactAbout", models.About, *PERSON_REASONS)
        add(f"{CONTACT}/business", self.business, "GET", "getBusinessProfile", models.Business, *PERSON_REASONS)
        add(f"{CONTACT}/groups", self.groups, "GET", "listCommonGroups", models.CommonGroups, *PERSON_REASONS)
        add(
            *(f"{CONTACTS}/{{person_id}}/identity", self.identity, "GET", "getContactIdentity", models.Identity),
            *("INVALID_SESSION_ID", "SESSION_NOT_FOUND", "INVALID_JID", "INVALID_PHONE", "INVALID_USERNAME"),
            *("NOT_A_PERSON", "CONTACT_NOT_FOUND"),
        )
        add(BLOCKLIST, self.blocked, "GET", "listBlockedContacts", models.BlockedList, *SESSION_REASONS)
        add(BLOCKED, self.block, "PUT", "blockContact", models.Contact, *_CHANGE)
        add(BLOCKED, self.unblock, "DELETE", "unblockContact", models.Contact, *_CHANGE)

    async def list(self, session_id: str, query: Annotated[models.ContactsQuery, Query()]) -> Response:
        """Lists the people that WhatsApp Web knows."""
        found = await self._use_cases.list_contacts.execute(
            session_id, saved=query.saved, page_token=query.page_token, limit=query.page_size
        )
        items = [contact_to_dict(contact) for contact in found.items]
        return json_response({"items": items, "next_page_token": found.next_page_token})

    async def check(self, session_id: str, body: models.CheckContacts) -> Response:
        """Tells who of these is on WhatsApp."""
        found = await self._use_cases.check_existence.execute(session_id, body.contacts)
        return json_response({"items": [existence_to_dict(each) for each in found]})

    async def get(self, session_id: str, contact_id: ContactId) -> Response:
        """Gives one person, by either form of the address or the bare number."""
        return json_response(contact_to_dict(await self._use_cases.get_contact.execute(session_id, contact_id)))

    async def save(
        self, session_id: str, contact_id: ContactId, body: models.SaveContact, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Saves a person in the address book, or renames them."""
        contact = await self._use_cases.save_contact.execute(
            session_id,
            contact_id,
            Name(first=body.first_name, last=body.last_name),
            on_phone=body.on_phone,
            request=key_of(idempotency_key),
        )
        return json_response(contact_to_dict(contact))

    async def remove(self, session_id: str, contact_id: ContactId, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes a person out of the address book; who isn't in it is removed already."""
        contact = await self._use_cases.remove_contact.execute(session_id, contact_id, request=key_of(idempotency_key))
        return json_response(contact_to_dict(contact))

    async def picture(self, session_id: str, contact_id: ContactId) -> Response:
        """Gives the address of a person's picture."""
        return json_response({"url": await self._use_cases.look_up_contact.picture(session_id, contact_id)})

    async def about(self, session_id: str, contact_id: ContactId) -> Response:
        """Gives the text under a person's name."""
        return json_response({"about": await self._use_cases.look_up_contact.about(session_id, contact_id)})

    async def business(self, session_id: str, contact_id: ContactId) -> Response:
        """Gives what a business says of itself."""
        profile = await self._use_cases.look_up_contact.business(session_id, contact_id)
        return json_response({"profile": None if profile is None else business_to_dict(profile)})

    async def groups(self, session_id: str, contact_id: ContactId) -> Response:
        """Lists the groups that the account shares with a person."""
        groups = await self._use_cases.look_up_contact.common_groups(session_id, contact_id)
        return json_response({"items": [str(group) for group in groups]})

    async def identity(self, session_id: str, person_id: PersonId) -> Response:
        """Tells which addresses are one person's, as far as is known; a username with its @ will do, too."""
        return json_response(person_to_dict(await self._use_cases.get_identity.execute(session_id, person_id)))

    async def blocked(self, session_id: str) -> Response:
        """Lists whom the account has blocked."""
        blocked = await self._use_cases.list_blocked.execute(session_id)
        return json_response({"items": [contact_to_dict(contact) for contact in blocked]})

    async def block(self, session_id: str, contact_id: ContactId, idempotency_key: IdempotencyKey = None) -> Response:
        """Blocks a person: nothing of theirs arrives any more."""
        return await self._set_blocked(session_id, contact_id, idempotency_key, blocked=True)

    async def unblock(self, session_id: str, contact_id: ContactId, idempotency_key: IdempotencyKey = None) -> Response:
        """Unblocks a person. What they sent meanwhile doesn't come."""
        return await self._set_blocked(session_id, contact_id, idempotency_key, blocked=False)

    async def _set_blocked(self, session_id: str, contact_id: str, key: str | None, *, blocked: bool) -> Response:
        contact = await self._use_cases.set_blocked.execute(
            session_id, contact_id, blocked=blocked, request=key_of(key)
        )
        return json_response(contact_to_dict(contact))
