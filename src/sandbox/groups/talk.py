"""What is said in groups: messages, who is typing, and how far a message has come with whom."""

from sandbox.clock import now_ms
from sandbox.errors import bad_request
from sandbox.frames import Json
from sandbox.groups.rules import require_member, require_speaker
from sandbox.groups.views import GroupViews
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.phones import Phones
from sandbox.presence import CHAT_STATES
from sandbox.router import message_view
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.devices import DeviceStore
from sandbox.store.group_messages import GroupMessageStore
from sandbox.store.groups import Group, GroupStore
from sandbox.store.messages import StoredMessage


class GroupTalk:
    """Takes messages and typing to everybody who is in a group."""

    def __init__(
        self,
        accounts: AccountStore,
        devices: DeviceStore,
        groups: GroupStore,
        messages: GroupMessageStore,
        views: GroupViews,
        hub: Hub,
        phones: Phones,
        notices: Notices,
    ) -> None:
        self._accounts = accounts
        self._devices = devices
        self._groups = groups
        self._messages = messages
        self._views = views
        self._hub = hub
        self._phones = phones
        self._notices = notices

    def may_send(self, sender: Account, jid: object) -> Group:
        """The group of an address, in which this account may write.

        Raises:
            SandboxError: 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`; 404 `GROUP_NOT_FOUND`.
        """
        group = self._groups.get(jid)
        require_speaker(group, sender.phone)
        return group

    def send(self, sender: Account, device: int, message_id: str, group: Group, content: Json) -> StoredMessage:
        """Keep a message of a group and take it to everybody who is in it now; the checks are done.

        Whom one has blocked gets it all the same: so it is in WhatsApp's groups.
        """
        others = [phone for phone in group.members if phone != sender.phone]
        message = self._messages.add(
            sender=sender.phone,
            id=message_id,
            group=group.jid,
            device=device,
            sent_ms=now_ms(),
            content=content,
            owners=group.members,
            receivers=others,
        )
        for phone in group.members:
            devices = self._devices.of(phone)
            if phone == sender.phone:
                devices = [each for each in devices if each.number != device]
            self._hub.deliver(devices, "message", {"msg": message_view(message, phone, self._accounts)})
            self._notices.tell("message", phone, chat=group.jid, id=message.id)
        self._phones.expect(message, others)
        return message

    def type(self, sender: Account, jid: object, state: object) -> None:
        """Tell everybody else in a group that `sender` composes, records or has paused.

        Raises:
            SandboxError: 400 for an unknown state, 403 `NOT_GROUP_MEMBER`, 404 `GROUP_NOT_FOUND`.
        """
        if state not in CHAT_STATES:
            raise bad_request(f"state is one of: {', '.join(CHAT_STATES)}")
        group = self._groups.get(jid)
        require_member(group, sender.phone)
        address = self._views.address(group, sender.phone)
        frame = {"t": "chatstate", "chat": group.jid, "participant": address, "state": state}
        for phone in group.members:
            if phone != sender.phone:
                self._hub.tell(phone, frame)
