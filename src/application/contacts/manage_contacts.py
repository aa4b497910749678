"""People: the address book, and what WhatsApp tells of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.idempotency.request_key import RequestKey
from application.people.record_people_news import PersonLinks, addresses_of
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.people import contact_from_dict, contact_to_dict
from application.sessions.asking import PageAsker, form_of, page_of
from domain.contact import BusinessProfile, Contact, Existence, Name, parse_person, parse_username
from domain.errors import InvalidArgumentError, NotFoundError
from domain.ids import SessionId, parse_session_id
from domain.jid import Jid
from domain.person import Person, person_of

MAX_ASKED: Final = 100
CONTACT: Final = form_of(contact_to_dict, contact_from_dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """People; ``next_page_token`` None when there are no more."""

    items: Sequence[Contact]
    next_page_token: str | None


class ListContacts:
    """Lists the people that a session's page knows."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, *, saved: bool = False, page_token: str | None = None, limit: int = 100
    ) -> ContactList:
        """Asks the page; ``saved``: only those in the address book.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        page = await self._asker.page(parse_session_id(session_id))
        contacts = sorted(await page.contacts.list(saved=saved), key=lambda contact: str(contact.jid))
        items, token = page_of(tuple(contacts), page_token, limit)
        return ContactList(items=items, next_page_token=token)


class GetContact:
    """Gives one person."""

    def __init__(self, uow: UnitOfWorkFactory, asker: PageAsker, links: PersonLinks) -> None:
        self._uow = uow
        self._asker = asker
        self._links = links

    async def execute(self, session_id: str, contact_id: str) -> Contact:
        """Asks the page, and notes which addresses are the person's.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``NOT_A_PERSON``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``.
        """
        slug, jid = parse_session_id(session_id), parse_person(contact_id)
        contact = await (await self._asker.page(slug)).contacts.get(jid)
        await note(self._uow, self._links, slug, (jid, contact.jid, contact.alternate), contact.username)
        return contact


class CheckExistence:
    """Tells who is on WhatsApp."""

    def __init__(self, uow: UnitOfWorkFactory, asker: PageAsker, links: PersonLinks) -> None:
        self._uow = uow
        self._asker = asker
        self._links = links

    async def execute(self, session_id: str, asked: Sequence[str]) -> Sequence[Existence]:
        """Asks WhatsApp. Each of ``asked`` is a number, a person's address, or a username with its @.

        Raises:
            InvalidArgumentError: ``INVALID_REQUEST``: none or too many; ``INVALID_JID``, ``INVALID_PHONE``,
                ``INVALID_USERNAME``, ``NOT_A_PERSON``: one of them can't be read.
            DeadlineExceededError: ``LOOKUP_TIMEOUT``.
        """
        slug = parse_session_id(session_id)
        if not 1 <= len(asked) <= MAX_ASKED:
            raise InvalidArgumentError("INVALID_REQUEST", f"Ask for 1 to {MAX_ASKED} at once.", field="contacts")
        wanted = [_asked(each, f"contacts[{number}]") for number, each in enumerate(asked)]
        page = await self._asker.page(slug)
        found = {each.asked: each for each in await page.contacts.exists(tuple(dict.fromkeys(wanted)))}
        for existence in found.values():
            if existence.exists:
                await note(self._uow, self._links, slug, (existence.jid, existence.lid), existence.username)
        return [found[each] for each in wanted]


def _asked(text: str, field: str) -> str:
    return f"@{parse_username(text, field=field)}" if text.startswith("@") else str(parse_person(text, field=field))


class LookUpContact:
    """What WhatsApp tells of a person: picture, about, business profile, groups in common."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def picture(self, session_id: str, contact_id: str) -> str | None:
        """The picture's address at WhatsApp; None where there is none, or it isn't shown.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``NOT_A_PERSON``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``.
        """
        jid = parse_person(contact_id)
        return await (await self._asker.page(parse_session_id(session_id))).contacts.picture(jid)

    async def about(self, session_id: str, contact_id: str) -> str | None:
        """The text under the name; None where it isn't shown. Raises as ``picture``."""
        jid = parse_person(contact_id)
        return await (await self._asker.page(parse_session_id(session_id))).contacts.about(jid)

    async def business(self, session_id: str, contact_id: str) -> BusinessProfile | None:
        """What a business says of itself; None for a person. Raises as ``picture``."""
        jid = parse_person(contact_id)
        return await (await self._asker.page(parse_session_id(session_id))).contacts.business(jid)

    async def common_groups(self, session_id: str, contact_id: str) -> Sequence[Jid]:
        """The groups that the account shares with a person. Raises as ``picture``."""
        jid = parse_person(contact_id)
        return await (await self._asker.page(parse_session_id(session_id))).contacts.common_groups(jid)


class SaveContact:
    """Saves a person in the address book, or renames them."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self,
        session_id: str,
        contact_id: str,
        name: Name,
        *,
        on_phone: bool = True,
        request: RequestKey | None = None,
    ) -> Contact:
        """Saves.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``NOT_A_PERSON``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = parse_person(contact_id)
        asked = {"contact": str(jid), "first": name.first, "last": name.last, "on_phone": on_phone}
        return await self._asker.command(
            session_id,
            "contacts.save",
            asked,
            request,
            lambda page: page.contacts.save(jid, name, on_phone=on_phone),
            CONTACT,
        )


class RemoveContact:
    """Takes a person out of the address book."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, contact_id: str, *, request: RequestKey | None = None) -> Contact:
        """Removes; who isn't in it is removed already.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``NOT_A_PERSON``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = parse_person(contact_id)
        asked = {"contact": str(jid)}
        return await self._asker.command(
            session_id, "contacts.remove", asked, request, lambda page: page.contacts.remove(jid), CONTACT
        )


class GetIdentity:
    """Tells which addresses are one person's, as far as the gateway has learnt."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, session_id: str, contact_id: str) -> Person:
        """Reads what is stored; an address of which nothing is known is a person's only one.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_USERNAME``, ``NOT_A_PERSON``.
            NotFoundError: ``SESSION_NOT_FOUND``; ``CONTACT_NOT_FOUND``: nobody is known by this username.
        """
        slug = parse_session_id(session_id)
        async with self._uow.begin() as uow:
            await uow.sessions.get(slug)
            if contact_id.startswith("@"):
                username = parse_username(contact_id, field="contact_id")
                person = await uow.people.with_username(slug, username)
                if person is None:
                    raise NotFoundError("CONTACT_NOT_FOUND", "Nobody is known by this username; ask whether it exists.")
                return person
            jid = parse_person(contact_id)
            return await uow.people.find(slug, jid) or person_of([jid])


async def note(
    uow_factory: UnitOfWorkFactory,
    links: PersonLinks,
    session_id: SessionId,
    jids: Sequence[Jid | None],
    username: str | None,
) -> None:
    """Notes that these are one person's addresses."""
    addresses = addresses_of(*jids)
    if not addresses:
        return
    async with uow_factory.begin() as uow:
        await links.link(uow, session_id, [addresses], username=username)
    links.remember(session_id, [addresses], username=username)
