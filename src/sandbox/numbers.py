"""Somebody changes their number: the account, with its LID and all it has, goes on under another one."""

import secrets
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.errors import SandboxError
from sandbox.frames import Json
from sandbox.router import message_view
from sandbox.store.accounts import Account

if TYPE_CHECKING:
    from sandbox.core import Core

NOTICE: Final = "notification_template"
_CHANGED: Final = "change_number"


class Numbers:
    """Changes numbers and has those who know the person told, but for who is blocked on either side."""

    def __init__(self, core: "Core") -> None:
        self._core = core

    def change(self, account: Account, phone: str) -> Account:
        """Give an account another number; the old one is nobody's then, and may be taken anew.

        Raises:
            SandboxError: 409 `ACCOUNT_EXISTS`; 409 `ACCOUNT_LINKED` while it has linked devices or one is being
                linked: how those learn of their own new number isn't known of the live service.
        """
        core, store = self._core, self._core.number_store
        if core.devices.of(account.phone) or core.linking.pairs_with(account.phone):
            raise SandboxError(409, "ACCOUNT_LINKED", "unlink the account's devices before its number changes")
        changed = core.accounts.renumber(account, phone)
        partners = [viewer for viewer in store.partners(account.phone) if self._may_know(viewer, account)]
        savers = [viewer for viewer in store.saved_by(account.phone) if self._may_know(viewer, account)]
        blockers = store.blocked_by(account.phone)
        store.rename(account.phone, phone)
        core.presence.renumber(account.phone, phone)
        core.calls.renumber(account.phone, phone)
        core.faults.renumber(account.phone, phone)
        # Whatever phones wait for names people by their numbers; it follows from the store.
        core.phones.stop()
        core.phones.start()
        for viewer in blockers:
            self._tell_blocked(viewer, account, changed)
        for viewer in savers:
            self._tell_saved(viewer, account, changed)
        for viewer in partners:
            self._tell_chat(viewer, account, changed)
        for group in core.groups.renumber(account.phone, phone):
            if not group.lid_mode and phone in group.members:
                core.announcer.renumbered(group, account, changed)
        core.notices.tell("account", phone)
        return changed

    def _may_know(self, viewer: str, account: Account) -> bool:
        """Asked before anything is renamed but the account: the tables still have the old number."""
        blocked = self._core.people_store.has_blocked
        shown = account.profile.addressing != "lid" or self._core.accounts.knows_number(viewer, account)
        return shown and not blocked(viewer, account.phone) and not blocked(account.phone, viewer)

    def _tell_blocked(self, viewer: str, before: Account, now: Account) -> None:
        for account, blocked in ((before, False), (now, True)):
            body = {"jid": account.address, "lid": account.lid, "blocked": blocked}
            self._core.hub.deliver(self._core.devices.of(viewer), "blocklist", body)

    def _tell_saved(self, viewer: str, before: Account, now: Account) -> None:
        view = self._core.people.view(self._core.accounts.get(viewer), now, asked=now.jid)
        gone: Json = {"jid": before.jid, "lid": None, "pn": None, "saved": None}
        for person in (view, gone):
            self._core.hub.deliver(self._core.devices.of(viewer), "contact", {"contact": person})
        self._core.notices.tell("contact", viewer)

    def _tell_chat(self, viewer: str, before: Account, now: Account) -> None:
        content: Json = {"type": NOTICE, "subtype": _CHANGED, "templateParams": [before.jid, now.jid]}
        identifier = secrets.token_hex(10).upper()
        message = self._core.number_store.note(now.phone, identifier, viewer, now_ms(), content)
        body = {"msg": message_view(message, viewer, self._core.accounts)}
        self._core.hub.deliver(self._core.devices.of(viewer), "message", body)
        self._core.notices.tell("message", viewer, chat=now.phone, id=message.id)
