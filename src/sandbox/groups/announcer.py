"""How a group's members learn what has changed: a message of type `gp2` for people, an action for their devices."""

import secrets
from collections.abc import Iterable
from typing import Any

from sandbox.clock import now_ms
from sandbox.frames import Json
from sandbox.groups.views import GroupViews
from sandbox.hub import Hub
from sandbox.notices import Notices
from sandbox.store.accounts import Account
from sandbox.store.devices import DeviceStore
from sandbox.store.group_messages import GroupMessageStore
from sandbox.store.groups import Group


class Announcer:
    """Tells the devices of a group's members of a change, those of who made it among them."""

    def __init__(
        self,
        views: GroupViews,
        devices: DeviceStore,
        messages: GroupMessageStore,
        hub: Hub,
        notices: Notices,
    ) -> None:
        self._views = views
        self._devices = devices
        self._messages = messages
        self._hub = hub
        self._notices = notices

    def announce(
        self,
        group: Group,
        author: Account,
        subtype: str,
        action: Json,
        *,
        people: Iterable[str] = (),
        body: str | None = None,
        audience: Iterable[str] | None = None,
        newcomers: Iterable[str] = (),
        writer: str | None = None,
    ) -> None:
        """Tell of a change.

        Args:
            group: The group after it.
            author: Who made it.
            subtype: What the message of type `gp2` says: `add`, `subject`, `leave` …
            action: What devices do to their picture of the group: `type` and what belongs to it.
            people: The numbers of those it happened to.
            body: The new subject and the like, for people.
            audience: Who is told; everybody who is in the group unless given.
            newcomers: Those of the audience who get the whole group, as they didn't have it.
            writer: By which address the message names its writer, where that isn't the author's present one.
        """
        told = list(group.members if audience is None else dict.fromkeys(audience))
        recipients = self._views.addresses(group, tuple(people))
        content: dict[str, Any] = {"type": "gp2", "subtype": subtype, "recipients": recipients}
        if body is not None:
            content["body"] = body
        message = self._messages.add(
            sender=author.phone,
            id=secrets.token_hex(10).upper(),
            group=group.jid,
            device=0,
            sent_ms=now_ms(),
            content=content,
            owners=told,
            receivers=(),
        )
        new = set(newcomers)
        own = writer or self._views.address(group, author.phone)
        for phone in told:
            notice = {
                "id": message.id,
                "chat": group.jid,
                "participant": own,
                "from_me": phone == author.phone,
                "ts": message.sent_ms // 1000,
                "push_name": author.name,
                "author": self._views.person(group, phone, author.phone),
                "content": content,
            }
            self._tell(group, phone, action, notice, whole=phone in new)

    def renumbered(self, group: Group, before: Account, now: Account) -> None:
        """Tell that a member has another number: the notice's writer is the old one, whom it is about the new one."""
        action = {"type": "modify", "people": [now.phone], "before": before.jid}
        self.announce(group, now, "modify", action, people=[now.phone], writer=before.jid)

    def resolve(self, group: Group, action: Json, audience: Iterable[str]) -> None:
        """Tell of a change that people see no message of."""
        for phone in audience:
            self._tell(group, phone, action, None, whole=False)

    def _tell(self, group: Group, phone: str, action: Json, notice: Json | None, *, whole: bool) -> None:
        people = [self._views.person(group, phone, each) for each in action.get("people", ())]
        body = {
            "group": group.jid,
            "version": group.version,
            "msg": notice,
            "action": {**action, "people": people},
            "state": self._views.group(group, phone) if whole else None,
        }
        self._hub.deliver(self._devices.of(phone), "group", body)
        self._notices.tell("group", phone, group=group.jid)
