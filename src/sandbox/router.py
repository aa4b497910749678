"""Routing of messages: kept once, then to every device they concern."""

import re
import secrets
from typing import Any, Final, NamedTuple, Protocol

from sandbox.addons import Addons
from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.faults import FaultKind, Faults
from sandbox.frames import Json
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.phones import Phones
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.devices import DeviceStore
from sandbox.store.groups import Group
from sandbox.store.messages import MessageStore, StoredMessage
from sandbox.store.people import PeopleStore

_MESSAGE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_REACHOUT_TIME_LOCK: Final = 463
_NEW_CHAT_CAP: Final = 475
_BLOCKED: Final = 405
_SERVERS_OWN: Final = frozenset({"gp2", "notification_template"})


class Sent(NamedTuple):
    """A routed message: its instant, and whether it was routed by this call and not by an earlier one."""

    sent_ms: int
    fresh: bool


def phone_message_id() -> str:
    """An id as phones make them: 3A and 18 upper-case hexadecimal digits."""
    return "3A" + secrets.token_hex(9).upper()


class Groups(Protocol):
    """What the router leaves to the groups' part."""

    def may_send(self, sender: Account, jid: object) -> Group:
        """The group in which this account may write, or a refusal."""

    def send(self, sender: Account, device: int, message_id: str, group: Group, content: Json) -> StoredMessage:
        """Keep a checked message and take it to everybody in the group."""


class Router:
    """Takes messages from devices and phones to everyone they concern.

    Attributes:
        groups: Set by the groups' part.
    """

    groups: Groups

    def __init__(
        self,
        accounts: AccountStore,
        devices: DeviceStore,
        messages: MessageStore,
        people: PeopleStore,
        addons: Addons,
        hub: Hub,
        phones: Phones,
        faults: Faults,
        notices: Notices,
    ) -> None:
        self._accounts = accounts
        self._devices = devices
        self._messages = messages
        self._people = people
        self._addons = addons
        self._hub = hub
        self._phones = phones
        self._faults = faults
        self._notices = notices

    def send(self, sender: Account, device: int, message_id: object, to: object, content: object) -> Sent:
        """Route a message once.

        Args:
            sender: Who sends it.
            device: From which device; 0 is the phone. It gets no copy.
            message_id: The id the sender chose; an id that the account sent before is not routed again.
            to: The recipient's JID.
            content: An object with a string `type`; kept and forwarded as it is.

        Raises:
            SandboxError: as `Addons.check`; 400 malformed, 404 not on WhatsApp, 405 for one whom the sender blocked,
                463 or 475 restricted; in a group 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`, 404 `GROUP_NOT_FOUND`.
        """
        if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
            raise bad_request("id is 1 to 128 printable ASCII characters without spaces")
        if not isinstance(content, dict) or not isinstance(content.get("type"), str) or not content["type"]:
            raise bad_request("content is an object with a string type")
        if content["type"] in _SERVERS_OWN:
            raise bad_request(f"messages of type {content['type']} are the server's own")
        earlier = self._messages.sent_at(sender.phone, message_id)
        if earlier is not None:
            return Sent(earlier, fresh=False)
        if isinstance(to, str) and to.endswith("@g.us"):
            return self._send_to_group(sender, device, message_id, to, content)
        recipient = self._accounts.resolve(to)
        self._check_restrictions(sender, recipient)
        if self._people.has_blocked(sender.phone, recipient.phone):
            raise SandboxError(_BLOCKED, "CONTACT_BLOCKED", "the account has blocked the recipient")
        # Who is blocked isn't told: the message stays at one tick.
        withheld = self._people.has_blocked(recipient.phone, sender.phone)
        addon = self._addons.check(sender, recipient.phone, content)
        message = self._messages.add(
            sender=sender.phone,
            id=message_id,
            recipient=recipient.phone,
            device=device,
            sent_ms=now_ms(),
            content=content,
            withheld=withheld,
        )
        if addon is not None:
            self._addons.keep(message, addon)
        self._distribute(message, sender, recipient, withheld=withheld)
        return Sent(message.sent_ms, fresh=True)

    def _send_to_group(self, sender: Account, device: int, message_id: str, to: str, content: Json) -> Sent:
        group = self.groups.may_send(sender, to)
        addon = self._addons.check(sender, group.jid, content)
        message = self.groups.send(sender, device, message_id, group, content)
        if addon is not None:
            self._addons.keep(message, addon)
        return Sent(message.sent_ms, fresh=True)

    def _distribute(self, message: StoredMessage, sender: Account, recipient: Account, *, withheld: bool) -> None:
        own = [device for device in self._devices.of(sender.phone) if device.number != message.device]
        self._hub.deliver(own, "message", {"msg": message_view(message, sender.phone, self._accounts)})
        self._notices.tell("message", sender.phone, chat=recipient.phone, id=message.id)
        if withheld:
            return
        if recipient.phone != sender.phone:
            theirs = self._devices.of(recipient.phone)
            self._hub.deliver(theirs, "message", {"msg": message_view(message, recipient.phone, self._accounts)})
            self._notices.tell("message", recipient.phone, chat=sender.phone, id=message.id)
        self._phones.expect(message)

    def _check_restrictions(self, sender: Account, recipient: Account) -> None:
        lock = self._faults.find(FaultKind.RESTRICT_463, sender.phone)
        cap = self._faults.find(FaultKind.CAP_475, sender.phone)
        if (lock is None and cap is None) or recipient.phone == sender.phone:
            return
        wrote, heard = self._messages.spoke(sender.phone, recipient.phone)
        if lock is not None and not heard:
            text = "reach-out time-lock: only those who have written to this account can be written to"
            raise SandboxError(_REACHOUT_TIME_LOCK, "REACHOUT_TIME_LOCK", text)
        if cap is not None and not heard and not wrote:
            if not cap.limit:
                raise SandboxError(_NEW_CHAT_CAP, "NEW_CHAT_CAP", "no more new chats for now")
            cap.limit -= 1


def message_view(message: StoredMessage, viewer: str, accounts: AccountStore) -> dict[str, Any]:
    """A message as the devices of `viewer`, one of those it went between, get it: the `msg` of the wire protocol."""
    if message.recipient.endswith("@g.us"):
        return _group_view(message, viewer, accounts)
    from_me = message.sender == viewer
    sender, recipient = accounts.get(message.sender), accounts.get(message.recipient)
    peer = recipient if from_me else sender
    own = accounts.get(viewer)
    view: Json = {
        "id": message.id,
        "chat": peer.address,
        "from": own.jid if from_me else peer.address,
        "to": peer.address if from_me else own.jid,
        "from_me": from_me,
        "ts": message.sent_ms // 1000,
        "ts_ms": message.sent_ms,
        "push_name": sender.name,
        "peer_lid": peer.lid,
        "peer_pn": peer.jid if accounts.knows_number(viewer, peer) else None,
        "content": message.content,
    }
    return view


def _group_view(message: StoredMessage, viewer: str, accounts: AccountStore) -> Json:
    from_me = message.sender == viewer
    sender, own = accounts.get(message.sender), accounts.get(viewer)
    lid_mode = accounts.in_lid_mode(message.recipient)
    author = sender.lid if lid_mode else sender.jid
    return {
        "id": message.id,
        "chat": message.recipient,
        "from": author if from_me else message.recipient,
        "to": message.recipient if from_me else own.jid,
        "participant": author,
        "from_me": from_me,
        "ts": message.sent_ms // 1000,
        "ts_ms": message.sent_ms,
        "push_name": sender.name,
        "peer_lid": sender.lid,
        "peer_pn": sender.jid if not lid_mode or accounts.knows_number(viewer, sender) else None,
        "content": message.content,
    }
