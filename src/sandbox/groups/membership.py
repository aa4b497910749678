"""Who is in a group: founding it, adding, removing, promoting, demoting, leaving."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from sandbox.clock import now_ms
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json
from sandbox.groups.announcer import Announcer
from sandbox.groups.rules import CONFLICT, FORBIDDEN, require_admin, require_member
from sandbox.groups.settings import new_settings, subject_of
from sandbox.groups.views import GroupViews
from sandbox.operations import Caller, Operations
from sandbox.people import People
from sandbox.store.accounts import Account
from sandbox.store.groups import Group, GroupStore, Past, PrivateInvite, Request, Role, new_invite_code, new_jid
from sandbox.store.people import PeopleStore

_OK: Final = 200
_BLOCKED: Final = 401
_NOT_ON_WHATSAPP: Final = 404
_FULL: Final = 419
_AWAITS_APPROVAL: Final = 421
_INVITE_SECONDS: Final = 3 * 86_400
_ACTIONS: Final = ("add", "remove", "promote", "demote")


class Membership:
    """Changes who is in groups, by WhatsApp's rules, with a result for each person."""

    def __init__(
        self,
        config: SandboxConfig,
        groups: GroupStore,
        views: GroupViews,
        people: People,
        blocked: PeopleStore,
        announcer: Announcer,
    ) -> None:
        self._most = config.max_group_size
        self._groups = groups
        self._views = views
        self._people = people
        self._blocked = blocked
        self._announcer = announcer
        self.operations: Operations = {
            "group_create": self.create,
            "group_participants": self.change,
            "group_leave": self.leave,
        }

    def create(self, caller: Caller, frame: Json) -> Json:
        """Found a group; whoever can't be added has a result that says why, and isn't in it.

        Raises:
            SandboxError: 400 malformed; 419 `GROUP_FULL` for more people than a group holds.
        """
        founder = caller.account
        subject = subject_of(frame.get("subject"))
        given = frame.get("participants") or []
        people = self._views.people(given) if given else []
        if len(people) >= self._most:
            raise SandboxError(_FULL, "GROUP_FULL", f"a group holds at most {self._most} people")
        addressing = frame.get("addressing", "lid")
        if addressing not in ("lid", "phone"):
            raise bad_request("addressing is lid or phone")
        at_ms = now_ms()
        group = Group(
            jid=new_jid(),
            subject=subject,
            subject_by=founder.phone,
            subject_ms=at_ms,
            creator=founder.phone,
            created_ms=at_ms,
            lid_mode=addressing == "lid",
            invite_code=new_invite_code(),
            members={founder.phone: Role.CREATOR},
            **new_settings(frame.get("settings")),
        )
        group, results, added = self._let_in(group, founder, people)
        self._groups.add(group)
        self._announcer.announce(
            group,
            founder,
            "create",
            {"type": "create", "people": added},
            people=added,
            body=subject,
            newcomers=group.members,
        )
        return {"group": self._views.group(group, founder.phone), "participants": results}

    def change(self, caller: Caller, frame: Json) -> Json:
        """Add, remove, promote or demote people; each has a result of their own.

        Raises:
            SandboxError: 400 malformed; 403 `NOT_GROUP_MEMBER` or `NOT_GROUP_ADMIN`; 404 `GROUP_NOT_FOUND`.
        """
        group = self._groups.get(frame.get("group"))
        action = frame.get("action")
        if action not in _ACTIONS:
            raise bad_request(f"action is one of: {', '.join(_ACTIONS)}")
        people = self._views.people(frame.get("participants"))
        if action == "add":
            return {"participants": self._add(group, caller.account, people)}
        require_admin(group, caller.account.phone)
        change = {"remove": self._remove, "promote": self._promote, "demote": self._demote}[action]
        return {"participants": change(group, caller.account, people)}

    def leave(self, caller: Caller, frame: Json) -> Json:
        """Leave a group. When its last admin goes, whoever has been in it longest becomes one, as WhatsApp sees to it.

        Raises:
            SandboxError: 403 `NOT_GROUP_MEMBER`; 404 `GROUP_NOT_FOUND`.
        """
        group = self._groups.get(frame.get("group"))
        require_member(group, caller.account.phone)
        self._go(group, caller.account, [caller.account.phone], "leave")
        return {}

    def join(self, group: Group, person: Account, reason: str) -> None:
        """Let a person in who comes by themselves.

        Raises:
            SandboxError: 419 `GROUP_FULL`.
        """
        if len(group.members) >= self._most:
            raise SandboxError(_FULL, "GROUP_FULL", f"a group holds at most {self._most} people")
        self._come(group, person, [person.phone], reason)

    def approve(self, group: Group, admin: Account, phone: str) -> int:
        """Let somebody in who asked for it; answers how it went, as for an addition."""
        if phone in group.members:
            return CONFLICT
        if len(group.members) >= self._most:
            return _FULL
        self._come(group, admin, [phone], "add")
        return _OK

    # --- each change

    def _add(self, group: Group, author: Account, people: list[tuple[Any, Account | None]]) -> list[Json]:
        require_member(group, author.phone)
        admin = group.is_admin(author.phone)
        if not admin and group.member_add != "all":
            require_admin(group, author.phone)
        if group.approval and not admin:
            return self._propose(group, author, people)
        changed, results, added = self._let_in(group, author, people)
        if changed is not group:
            invites = {phone: invite for phone, invite in changed.invites.items() if phone not in added}
            self._come(self._groups.change(group, invites=invites), author, added, "add")
        return results

    def _let_in(
        self, group: Group, author: Account, people: list[tuple[Any, Account | None]]
    ) -> tuple[Group, list[Json], list[str]]:
        """Who of `people` can be added: the group with them, a result for each, and those who were."""
        members, invites = dict(group.members), dict(group.invites)
        results, added = [], []
        for given, person in people:
            code = self._refusal(members, author, person)
            if person is None or code != _OK:
                results.append(self._result(group, given, person, code))
                if person is not None and code == FORBIDDEN:
                    expires_ms = now_ms() + _INVITE_SECONDS * 1000
                    invite = PrivateInvite(code=new_invite_code(), by=author.phone, expires_ms=expires_ms)
                    invites[person.phone] = invite
                    results[-1] |= {"invite_code": invite.code, "invite_ts": invite.expires_ms // 1000}
                continue
            members[person.phone] = Role.MEMBER
            added.append(person.phone)
            results.append(self._result(group, given, person, _OK))
        if members == group.members and invites == group.invites:
            return group, results, added
        return replace(group, members=members, invites=invites), results, added

    def _refusal(self, members: dict[str, Role], author: Account, person: Account | None) -> int:
        if person is None:
            return _NOT_ON_WHATSAPP
        if person.phone in members:
            return CONFLICT
        if self._blocked.has_blocked(person.phone, author.phone):
            return _BLOCKED
        if not self._people.may_see(author.phone, person, person.profile.groups_add):
            return FORBIDDEN
        return _FULL if len(members) >= self._most else _OK

    def _propose(self, group: Group, author: Account, people: list[tuple[Any, Account | None]]) -> list[Json]:
        results, asked = [], []
        for given, person in people:
            code = self._refusal(group.members, author, person)
            if person is not None and code == _OK:
                code = _AWAITS_APPROVAL
                asked.append(person)
            results.append(self._result(group, given, person, code))
        for person in asked:
            self.ask_to_join(self._groups.get(group.jid), person, author, "NonAdminAdd")
        return results

    def ask_to_join(self, group: Group, person: Account, by: Account, method: str) -> None:
        """Note that somebody waits to be let in; the admins are told, once."""
        if person.phone in group.requests:
            return
        request = Request(by=by.phone, method=method, at_ms=now_ms())
        group = self._groups.change(group, requests={**group.requests, person.phone: request})
        action = {"type": "membership_approval_request", "people": [person.phone], "method": method}
        self._announcer.announce(
            group, person, "membership_approval_request", action, people=[person.phone], audience=group.admins()
        )

    def _come(self, group: Group, author: Account, phones: list[str], reason: str) -> None:
        if not phones:
            return
        members = {**group.members, **dict.fromkeys(phones, Role.MEMBER)}
        changes = {
            name: {phone: value for phone, value in getattr(group, name).items() if phone not in phones}
            for name in ("past", "requests", "invites")
        }
        group = self._groups.change(group, members=members, **changes)
        action = {"type": "add", "people": phones, "reason": reason}
        subtype = "invite" if reason == "invite" else "add"
        self._announcer.announce(group, author, subtype, action, people=phones, newcomers=phones)

    def _remove(self, group: Group, author: Account, people: list[tuple[Any, Account | None]]) -> list[Json]:
        results, gone = [], []
        for given, person in people:
            code = self._absent(group, person)
            if person is not None and code == _OK and group.members[person.phone] is Role.CREATOR:
                code = FORBIDDEN
            elif person is not None and code == _OK:
                gone.append(person.phone)
            results.append(self._result(group, given, person, code))
        if gone:
            self._go(group, author, gone, "remove")
        return results

    def _go(self, group: Group, author: Account, phones: list[str], subtype: str) -> None:
        reason = "left" if subtype == "leave" else "removed"
        before = list(group.members)
        members = {phone: role for phone, role in group.members.items() if phone not in phones}
        past = {**group.past, **dict.fromkeys(phones, Past(at_ms=now_ms(), reason=reason))}
        heir = next(iter(members), None)
        orphaned = heir is not None and Role.ADMIN not in members.values() and Role.CREATOR not in members.values()
        group = self._groups.change(group, members=members, past=past)
        action = {"type": "remove", "people": phones, "reason": reason}
        self._announcer.announce(group, author, subtype, action, people=phones, audience=before)
        if orphaned and heir is not None:
            self._set_role(group, author, [heir], Role.ADMIN)

    def _promote(self, group: Group, author: Account, people: list[tuple[Any, Account | None]]) -> list[Json]:
        results = [self._result(group, given, person, self._absent(group, person)) for given, person in people]
        present = [person.phone for _, person in people if person is not None and person.phone in group.members]
        self._set_role(group, author, [phone for phone in present if not group.is_admin(phone)], Role.ADMIN)
        return results

    def _demote(self, group: Group, author: Account, people: list[tuple[Any, Account | None]]) -> list[Json]:
        results, demoted = [], []
        for given, person in people:
            code = self._absent(group, person)
            if person is not None and code == _OK and group.members[person.phone] is Role.CREATOR:
                code = FORBIDDEN
            elif person is not None and code == _OK and group.is_admin(person.phone):
                demoted.append(person.phone)
            results.append(self._result(group, given, person, code))
        self._set_role(group, author, demoted, Role.MEMBER)
        return results

    def _set_role(self, group: Group, author: Account, phones: Iterable[str], role: Role) -> None:
        changed = list(phones)
        if not changed:
            return
        group = self._groups.change(group, members={**group.members, **dict.fromkeys(changed, role)})
        name = "promote" if role is Role.ADMIN else "demote"
        self._announcer.announce(group, author, name, {"type": name, "people": changed}, people=changed)

    def _absent(self, group: Group, person: Account | None) -> int:
        return _OK if person is not None and person.phone in group.members else _NOT_ON_WHATSAPP

    def _result(self, group: Group, given: Any, person: Account | None, code: int) -> Json:
        jid = given if person is None else self._views.address(group, person.phone)
        lid, pn = (None, None) if person is None else (person.lid, person.jid)
        return {"asked": given, "jid": jid, "lid": lid, "pn": pn, "code": code}
