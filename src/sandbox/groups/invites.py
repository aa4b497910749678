"""Ways into a group other than being added: links, private invitations, and asking the admins."""

from typing import Final

from sandbox.clock import now_ms
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json
from sandbox.groups.announcer import Announcer
from sandbox.groups.membership import Membership
from sandbox.groups.rules import CONFLICT, require_admin, require_member
from sandbox.groups.views import GroupViews
from sandbox.operations import Caller, Operations
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.groups import Group, GroupStore

_OK: Final = 200
_NOT_AUTHORIZED: Final = 401
_NO_REQUEST: Final = 404
_DECISIONS: Final = ("approve", "reject")


class Invites:
    """Invite codes, and the requests of those who wait for an admin."""

    def __init__(
        self,
        accounts: AccountStore,
        groups: GroupStore,
        views: GroupViews,
        membership: Membership,
        announcer: Announcer,
    ) -> None:
        self._accounts = accounts
        self._groups = groups
        self._views = views
        self._membership = membership
        self._announcer = announcer
        self.operations: Operations = {
            "group_get": self._get,
            "groups": self._all,
            "group_invite_code": self._code,
            "group_invite_reset": self._reset,
            "group_invite_info": self._info,
            "group_join": self._join,
            "group_join_private": self._join_privately,
            "group_requests": self._requests,
            "group_requests_decide": self._decide,
        }

    # --- looking

    def _get(self, caller: Caller, frame: Json) -> Json:
        group = self._groups.get(frame.get("group"))
        require_member(group, caller.account.phone)
        return {"group": self._views.group(group, caller.account.phone)}

    def _all(self, caller: Caller, _frame: Json) -> Json:
        phone = caller.account.phone
        return {"groups": [self._views.group(group, phone) for group in self._groups.of(phone)]}

    # --- links

    def _code(self, caller: Caller, frame: Json) -> Json:
        """The invite code. 401 for who isn't an admin: so whatsmeow tells it."""
        group = self._groups.get(frame.get("group"))
        require_admin(group, caller.account.phone, _NOT_AUTHORIZED)
        return {"code": group.invite_code}

    def _reset(self, caller: Caller, frame: Json) -> Json:
        group = self._groups.get(frame.get("group"))
        require_admin(group, caller.account.phone, _NOT_AUTHORIZED)
        group = self._groups.revoke_code(group)
        self._announcer.announce(group, caller.account, "revoke_invite", {"type": "revoke_invite"})
        return {"code": group.invite_code}

    def _info(self, _caller: Caller, frame: Json) -> Json:
        """What a link shows of its group to whoever has it."""
        group = self._groups.with_code(frame.get("code"))
        people = [
            {"jid": self._views.address(group, phone), "role": role.value}
            for phone, role in group.members.items()
            if group.is_admin(phone)
        ]
        return {"group": {**self._views.summary(group), "participants": people}}

    def _join(self, caller: Caller, frame: Json) -> Json:
        """Join by a link: at once, or once an admin approves. Who is in it already is told so by success."""
        group = self._groups.with_code(frame.get("code"))
        return self._enter(group, caller.account)

    def _enter(self, group: Group, person: Account) -> Json:
        if person.phone in group.members:
            return {"group": group.jid, "pending": False}
        if group.approval:
            self._membership.ask_to_join(group, person, person, "InviteLink")
            return {"group": group.jid, "pending": True}
        self._membership.join(group, person, "invite")
        return {"group": group.jid, "pending": False}

    def _join_privately(self, caller: Caller, frame: Json) -> Json:
        """Join by an invitation that was made for this person alone; it needs nobody's approval.

        Raises:
            SandboxError: 404 for no such group; 410 `INVITE_REVOKED` for an invitation that isn't, or has ended.
        """
        group = self._groups.get(frame.get("group"))
        person = caller.account
        if person.phone in group.members:
            return {"group": group.jid}
        invite = group.invites.get(person.phone)
        if (
            invite is None
            or invite.code != frame.get("code")
            or invite.expires_ms < now_ms()
            or self._accounts.resolve(frame.get("from")).phone != invite.by
            or not group.is_admin(invite.by)
        ):
            raise SandboxError(410, "INVITE_REVOKED", "there is no such invitation any more")
        self._membership.join(group, person, "invite")
        return {"group": group.jid}

    # --- requests

    def _requests(self, caller: Caller, frame: Json) -> Json:
        group = self._groups.get(frame.get("group"))
        require_admin(group, caller.account.phone)
        return {"requests": self._views.requests(group, caller.account.phone)}

    def _decide(self, caller: Caller, frame: Json) -> Json:
        """Let people in who asked for it, or turn them away; each has a result of their own."""
        group = self._groups.get(frame.get("group"))
        require_admin(group, caller.account.phone)
        decision = frame.get("decision")
        if decision not in _DECISIONS:
            raise bad_request(f"decision is one of: {', '.join(_DECISIONS)}")
        results, decided = [], []
        for given, person in self._views.people(frame.get("participants")):
            jid = given if person is None else self._views.address(group, person.phone)
            code = self._decided(group.jid, caller.account, person, approve=decision == "approve")
            results.append({"asked": given, "jid": jid, "code": code})
            if person is not None and code == _OK:
                decided.append(person.phone)
        if decided:
            group = self._groups.get(group.jid)
            action = {"type": f"membership_request_{decision}", "people": decided}
            self._announcer.resolve(group, action, group.admins())
        return {"participants": results}

    def _decided(self, jid: str, admin: Account, person: Account | None, *, approve: bool) -> int:
        group = self._groups.get(jid)
        if person is None or person.phone not in group.requests:
            return CONFLICT if person is not None and person.phone in group.members else _NO_REQUEST
        if approve:
            return self._membership.approve(group, admin, person.phone)
        left = {phone: request for phone, request in group.requests.items() if phone != person.phone}
        self._groups.change(group, requests=left)
        return _OK
