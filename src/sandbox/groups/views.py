"""Groups and what happens in them, in the form that devices get."""

from typing import Any

from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.groups import Group

_MOST_PEOPLE = 1024


def is_group(jid: object) -> bool:
    """Whether an address is a group's."""
    return isinstance(jid, str) and jid.endswith("@g.us")


class GroupViews:
    """Puts groups into JSON, for whoever looks."""

    def __init__(self, accounts: AccountStore) -> None:
        self._accounts = accounts

    def address(self, group: Group, phone: str) -> str:
        """How the members of a group know a person."""
        person = self._accounts.get(phone)
        return person.lid if group.lid_mode else person.jid

    def addresses(self, group: Group, phones: "list[str] | tuple[str, ...]") -> list[str]:
        """As `address`, for several."""
        return [self.address(group, phone) for phone in phones]

    def person(self, group: Group, viewer: str, phone: str) -> Json:
        """A person in a group: the address, both forms as far as the viewer may know them, the name."""
        account = self._accounts.get(phone)
        shown = not group.lid_mode or self._accounts.knows_number(viewer, account)
        return {
            "jid": self.address(group, phone),
            "lid": account.lid,
            "pn": account.jid if shown else None,
            "name": account.name,
        }

    def group(self, group: Group, viewer: str) -> Json:
        """A group as a member sees it; `requests` only where the viewer is an admin."""
        return {
            **self.summary(group),
            "participants": [
                {**self.person(group, viewer, phone), "role": role.value} for phone, role in group.members.items()
            ],
            "past": [
                {"jid": self.address(group, phone), "ts": past.at_ms // 1000, "reason": past.reason}
                for phone, past in group.past.items()
            ],
            "requests": self.requests(group, viewer) if group.is_admin(viewer) else [],
        }

    def summary(self, group: Group) -> Json:
        """A group without its people, as an invitation shows it."""
        return {
            "id": group.jid,
            "subject": group.subject,
            "subject_by": self.address(group, group.subject_by),
            "subject_ts": group.subject_ms // 1000,
            "description": group.description,
            "description_id": group.description_id,
            "description_by": None if group.description_by is None else self.address(group, group.description_by),
            "description_ts": group.description_ms // 1000,
            "picture": group.picture,
            "creator": self.address(group, group.creator),
            "created_ts": group.created_ms // 1000,
            "announce": group.announce,
            "restrict": group.restrict,
            "member_add": group.member_add,
            "approval": group.approval,
            "ephemeral_s": group.ephemeral_s,
            "lid_mode": group.lid_mode,
            "size": len(group.members),
            "version": group.version,
        }

    def requests(self, group: Group, viewer: str) -> list[Json]:
        """Who waits to be let in, the longest waiting first."""
        return [
            {
                **self.person(group, viewer, phone),
                "by": self.address(group, request.by),
                "method": request.method,
                "ts": request.at_ms // 1000,
            }
            for phone, request in group.requests.items()
        ]

    def people(self, value: object, name: str = "participants") -> list[tuple[Any, Account | None]]:
        """The people that a list of JIDs names, each with what was given, once; None for who isn't on WhatsApp.

        Raises:
            SandboxError: 400 for what is no list of 1 to 1024 JIDs of people.
        """
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_PEOPLE:
            raise bad_request(f"{name} is a list of 1 to {_MOST_PEOPLE} JIDs")
        found: dict[str, tuple[Any, Account | None]] = {}
        for given in value:
            try:
                account = self._accounts.resolve(given)
            except SandboxError as error:
                if error.status != 404:  # noqa: PLR2004 - not on WhatsApp: the answer for that person alone
                    raise
                account = None
            found.setdefault(str(given) if account is None else account.phone, (given, account))
        return list(found.values())
