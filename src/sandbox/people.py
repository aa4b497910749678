"""What accounts know of each other: address books, blocked people, and who may see what of a profile."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.addresses import parse_jid, parse_phone, user_jid
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json, text_field
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.devices import DeviceStore
from sandbox.store.people import Entry, PeopleStore
from sandbox.store.profile import Audience

_LONGEST_NAME: Final = 100
_NOT_AUTHORIZED: Final = 401

type CommonGroups = Callable[[str, str], list[str]]
"""The JIDs of the groups that two numbers have in common."""


class People:
    """Answers what a device asks of people, and keeps what it does with them.

    Attributes:
        common_groups: Set by the groups' part; without groups nobody has one in common.
    """

    def __init__(
        self, accounts: AccountStore, people: PeopleStore, devices: DeviceStore, hub: Hub, notices: Notices
    ) -> None:
        self.common_groups: CommonGroups = lambda _one, _other: []
        self._accounts = accounts
        self._people = people
        self._devices = devices
        self._hub = hub
        self._notices = notices
        self.operations: Operations = {
            "contact": lambda caller, frame: self.view(caller.account, self._person(frame), asked=frame.get("jid")),
            "picture": self._picture,
            "about": self._about,
            "business": lambda _caller, frame: {"business": self._person(frame).profile.business},
            "username": self._by_username,
            "common_groups": lambda caller, frame: {
                "groups": self.common_groups(caller.account.phone, self._person(frame).phone)
            },
            "contact_save": self._save,
            "contact_remove": self._remove,
            "blocklist": lambda caller, _frame: {"items": self._blocked(caller.account)},
            "block": lambda caller, frame: self.block(caller, frame.get("jid"), blocked=True),
            "unblock": lambda caller, frame: self.block(caller, frame.get("jid"), blocked=False),
        }

    # --- who may see what

    def may_see(self, viewer: str, person: Account, audience: str) -> bool:
        """Whether `viewer` is among those to whom a person shows something; whom one has blocked never is."""
        if viewer == person.phone:
            return True
        if self._people.has_blocked(person.phone, viewer):
            return False
        if audience == Audience.CONTACTS:
            return self._people.entry(person.phone, viewer) is not None
        return audience == Audience.ALL

    def view(self, viewer: Account, person: Account, asked: object = None) -> Json:
        """A person as the devices of `viewer` get them; a number that was asked by is known to who asked."""
        by_number = isinstance(asked, str) and asked.endswith(("@c.us", "@s.whatsapp.net"))
        entry = self._people.entry(viewer.phone, person.phone)
        return {
            "jid": person.address,
            "lid": person.lid,
            "pn": person.jid if by_number or self._accounts.knows_number(viewer.phone, person) else None,
            "name": person.name,
            "saved": None if entry is None else {"first_name": entry.first_name, "last_name": entry.last_name},
            "username": person.profile.username,
            "business": person.profile.business is not None,
        }

    # --- questions

    def _person(self, frame: Json) -> Account:
        return self._accounts.resolve(frame.get("jid"))

    def _picture(self, caller: Caller, frame: Json) -> Json:
        person = self._person(frame)
        if not self.may_see(caller.account.phone, person, person.profile.show_picture):
            raise SandboxError(_NOT_AUTHORIZED, "NOT_AUTHORIZED", "the person doesn't show this account the picture")
        if person.profile.picture is None:
            raise SandboxError(404, "NO_PICTURE", "the person has no picture")
        return {"id": person.profile.picture}

    def _about(self, caller: Caller, frame: Json) -> Json:
        person = self._person(frame)
        if not self.may_see(caller.account.phone, person, person.profile.show_about):
            raise SandboxError(_NOT_AUTHORIZED, "NOT_AUTHORIZED", "the person doesn't show this account the text")
        return {"about": person.profile.about, "set_ms": person.profile.about_ms}

    def _by_username(self, caller: Caller, frame: Json) -> Json:
        person = self._accounts.with_username(text_field(frame, "username", longest=64).removeprefix("@"))
        if person is None:
            return {"exists": False, "jid": None, "lid": None, "pn": None, "username": None}
        known = self._accounts.knows_number(caller.account.phone, person)
        pn = person.jid if known else None
        username = person.profile.username
        return {"exists": True, "jid": person.address, "lid": person.lid, "pn": pn, "username": username}

    # --- the address book

    def _save(self, caller: Caller, frame: Json) -> Json:
        names = [frame.get("first_name"), frame.get("last_name") or ""]
        return self.save(caller, frame.get("jid"), *names, on_phone=frame.get("on_phone", True))

    def save(self, caller: Caller, jid: object, first_name: Any, last_name: Any, *, on_phone: Any) -> Json:
        """Put a person into the account's address book, or change the entry; its other devices are told.

        Raises:
            SandboxError: 400 malformed, 404 `NOT_ON_WHATSAPP`.
        """
        if not isinstance(first_name, str) or not first_name.strip() or len(first_name) > _LONGEST_NAME:
            raise bad_request(f"first_name is a text of 1 to {_LONGEST_NAME} characters")
        if not isinstance(last_name, str) or len(last_name) > _LONGEST_NAME:
            raise bad_request(f"last_name is a text of at most {_LONGEST_NAME} characters")
        if not isinstance(on_phone, bool):
            raise bad_request("on_phone is true or false")
        person = self._accounts.resolve(jid)
        entry = Entry(person.phone, first_name.strip(), last_name.strip(), on_phone)
        self._people.save(caller.account.phone, entry)
        view = self.view(caller.account, person, asked=jid)
        self._tell(caller, "contact", {"contact": view})
        return view

    def _remove(self, caller: Caller, frame: Json) -> Json:
        return self.remove(caller, frame.get("jid"))

    def remove(self, caller: Caller, jid: object) -> Json:
        """Take a person out of the account's address book.

        Raises:
            SandboxError: 404 `NOT_ON_WHATSAPP`, or `NOT_A_CONTACT` for who isn't in it.
        """
        person = self._accounts.resolve(jid)
        view = self.view(caller.account, person, asked=jid)
        if not self._people.remove(caller.account.phone, person.phone):
            raise SandboxError(404, "NOT_A_CONTACT", "the person is not in the address book")
        view["saved"] = None
        self._tell(caller, "contact", {"contact": view})
        return view

    def book(self, account: Account) -> list[Json]:
        """An account's address book, as its devices get it."""
        owners = [self._accounts.get(entry.person) for entry in self._people.entries(account.phone)]
        return [self.view(account, person) for person in owners]

    # --- blocking

    def block(self, caller: Caller, jid: object, *, blocked: bool) -> Json:
        """Block or unblock a person; to do it again changes nothing.

        Raises:
            SandboxError: 404 `NOT_ON_WHATSAPP`; 400 for oneself.
        """
        person = self._accounts.resolve(jid)
        owner = caller.account
        if person.phone == owner.phone:
            raise bad_request("nobody blocks themselves")
        change = self._people.block if blocked else self._people.unblock
        if change(owner.phone, person.phone):
            self._tell(caller, "blocklist", {"jid": person.address, "lid": person.lid, "blocked": blocked})
        return {}

    def _blocked(self, account: Account) -> list[Json]:
        people = [self._accounts.get(phone) for phone in self._people.blocked_by(account.phone)]
        return [{"jid": person.address, "lid": person.lid} for person in people]

    def _tell(self, caller: Caller, kind: str, body: Json) -> None:
        others = [device for device in self._devices.of(caller.account.phone) if device.number != caller.device]
        self._hub.deliver(others, kind, body)
        self._notices.tell("contact", caller.account.phone)


def address_given(value: object) -> object:
    """A bare number stands for its JID, on the control API; what is neither is refused later.

    Raises:
        SandboxError: 400 for what can't be an address.
    """
    if isinstance(value, str) and "@" not in value:
        return user_jid(parse_phone(value))
    parse_jid(value)
    return value
