"""Who is available, and who is typing: told as it happens. Only the time of a departure is kept."""

from typing import Final, NamedTuple

from sandbox.addresses import parse_jid
from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.hub import DeviceLink, Hub
from sandbox.people import People
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.people import PeopleStore

CHAT_STATES: Final = ("composing", "recording", "paused")
PRESENCES: Final = ("available", "unavailable")
_NOBODY: Final = frozenset({404, 501})
"""How an address is refused that is well formed and isn't an account's."""


class Seen(NamedTuple):
    """What somebody is told of a person: `denied` where the person doesn't show it."""

    available: bool
    last_seen_s: int | None
    denied: bool


class Presence:
    """Presence of accounts (available while their phone or one of their devices says so) and typing.

    Who doesn't show their own last-seen time doesn't see that of others; whom one has blocked sees nothing at all.
    """

    def __init__(self, accounts: AccountStore, people: PeopleStore, knowledge: People, hub: Hub) -> None:
        self._accounts = accounts
        self._people = people
        self._knowledge = knowledge
        self._hub = hub
        self._phones: set[str] = set()
        self._typing: dict[tuple[str, str], str] = {}

    def type(self, sender: Account, to: object, state: object) -> None:
        """Tell the phone and devices of another account that `sender` composes, records or has paused.

        Raises:
            SandboxError: 400 for an unknown state or a bad JID, 404 not on WhatsApp.
        """
        if state not in CHAT_STATES:
            raise bad_request(f"state is one of: {', '.join(CHAT_STATES)}")
        if self._accounts.is_given_up(to):
            # A chat of the old number may still be open somewhere: nobody is at its other end.
            return
        recipient = self._accounts.resolve(to)
        if recipient.phone == sender.phone or self._people.has_blocked(recipient.phone, sender.phone):
            return
        if state == "paused":
            self._typing.pop((recipient.phone, sender.phone), None)
        else:
            self._typing[recipient.phone, sender.phone] = str(state)
        frame = {"t": "chatstate", "chat": sender.address, "participant": sender.address, "state": state}
        self._hub.tell(recipient.phone, frame)

    def typing(self, viewer: Account, person: Account) -> str | None:
        """What `viewer`'s phone shows a person to do in their chat: `composing`, `recording` or nothing."""
        return self._typing.get((viewer.phone, person.phone))

    def announce(self, link: DeviceLink, state: object) -> None:
        """A device says whether it is in use.

        Raises:
            SandboxError: 400 for an unknown state.
        """
        available = _is_available(state)
        before = self._available(link.device.phone) or link.available
        link.available = available
        self._changed(link.device.phone, before, self._available(link.device.phone) or available)

    def use_phone(self, account: Account, state: object) -> None:
        """The phone's owner opens WhatsApp on it, or leaves it.

        Raises:
            SandboxError: 400 for an unknown state.
        """
        before = self._available(account.phone)
        if _is_available(state):
            self._phones.add(account.phone)
        else:
            self._phones.discard(account.phone)
        self._changed(account.phone, before, self._available(account.phone))

    def renumber(self, old: str, new: str) -> None:
        """An account has another number: who wants its presence asks by that one."""
        if old in self._phones:
            self._phones.remove(old)
            self._phones.add(new)
        self._typing = {pair: state for pair, state in self._typing.items() if old not in pair}
        for link in self._hub.all():
            link.subscriptions.pop(old, None)

    def gone(self, link: DeviceLink) -> None:
        """A device's connection has ended."""
        phone = link.device.phone
        before = self._available(phone) or link.available
        link.available = False
        self._changed(phone, before, self._available(phone))

    def subscribe(self, link: DeviceLink, jid: object) -> None:
        """Tell a device the presence of an account, now and whenever it changes.

        A group and who isn't on WhatsApp have no presence to tell of. The page asks anew after every login for each
        chat that it once asked for: refusing would close every connection of that device from then on.

        Raises:
            SandboxError: 400 for a bad JID.
        """
        try:
            asked = parse_jid(jid)
            person = self._accounts.resolve(asked)
        except SandboxError as error:
            if error.status in _NOBODY:
                return
            raise
        link.subscriptions[person.phone] = person.lid if asked.lid else person.jid
        self._tell(link, person)

    def seen(self, viewer: Account, person: Account) -> Seen:
        """What `viewer` is told of a person."""
        may = self._knowledge.may_see
        shown = may(viewer.phone, person, person.profile.last_seen) and may(
            person.phone, viewer, viewer.profile.last_seen
        )
        audience = "all" if person.profile.online == "all" else person.profile.last_seen
        if not may(viewer.phone, person, audience):
            return Seen(available=False, last_seen_s=None, denied=True)
        available = self._available(person.phone)
        last = None if available or not shown else person.profile.last_seen_s
        return Seen(available=available, last_seen_s=last, denied=not shown)

    def _changed(self, phone: str, before: bool, after: bool) -> None:  # noqa: FBT001 - a state and the next
        person = self._accounts.find(phone)
        if before == after or person is None:
            return
        if before:
            person = self._accounts.show(person, last_seen_s=now_ms() // 1000)
        for other in self._hub.all():
            if phone in other.subscriptions and not other.connection.crowded:
                self._tell(other, person)

    def _available(self, phone: str) -> bool:
        return phone in self._phones or any(link.available for link in self._hub.of(phone))

    def _tell(self, link: DeviceLink, person: Account) -> None:
        viewer = self._accounts.find(link.device.phone)
        if viewer is None:
            return
        seen = self.seen(viewer, person)
        link.connection.send_object(
            {
                "t": "presence",
                "jid": link.subscriptions[person.phone],
                "state": "available" if seen.available else "unavailable",
                "last_seen": seen.last_seen_s,
                "denied": seen.denied,
            }
        )


def _is_available(state: object) -> bool:
    if state not in PRESENCES:
        raise bad_request(f"state is one of: {', '.join(PRESENCES)}")
    return state == "available"
