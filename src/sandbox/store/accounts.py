"""Accounts: kept in memory, written through."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from sandbox.addresses import Jid, derive_lid, parse_jid, user_jid
from sandbox.clock import now_ms
from sandbox.errors import SandboxError
from sandbox.store.database import Database
from sandbox.store.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person with a phone.

    Attributes:
        phone: E.164 digits.
        lid: In full form, `…@lid`.
        online: Whether the phone itself receives; what it missed it catches up with once online.
        deliver_after_ms: The phone's delivered receipt follows the message by this long.
        read_after_ms: Its read receipt follows the delivery by this long; None: it reads nothing by itself.
        next_device: The number the next link gets. Numbers are never used twice.
        profile: What it shows of itself.
    """

    phone: str
    lid: str
    name: str
    online: bool = True
    deliver_after_ms: int = 0
    read_after_ms: int | None = None
    next_device: int = 1
    created_ms: int
    profile: Profile = field(default_factory=Profile)

    @property
    def jid(self) -> str:
        """`15550001@c.us`."""
        return user_jid(self.phone)

    @property
    def address(self) -> str:
        """The form in which others' devices are told of this person: the number, or the LID of who has moved to it."""
        return self.lid if self.profile.addressing == "lid" else self.jid


class AccountStore:
    """All accounts, by phone and by LID.

    Attributes:
        in_lid_mode: Whether the members of a group are told of by their LID; set by the groups' part.
    """

    def __init__(self, database: Database) -> None:
        self.in_lid_mode: Callable[[str], bool] = lambda _group: False
        self._database = database
        self._by_phone: dict[str, Account] = {}
        self._by_lid: dict[str, str] = {}
        rows = database.read(
            "SELECT phone, lid, name, online, deliver_after_ms, read_after_ms, next_device, created_ms, profile"
            " FROM accounts ORDER BY created_ms, phone"
        )
        for phone, lid, name, online, deliver, read, next_device, created, profile in rows:
            self._remember(
                Account(
                    phone=phone,
                    lid=lid,
                    name=name,
                    online=bool(online),
                    deliver_after_ms=deliver,
                    read_after_ms=read,
                    next_device=next_device,
                    created_ms=created,
                    profile=Profile.from_json(orjson.loads(profile)),
                )
            )

    def _remember(self, account: Account) -> None:
        self._by_phone[account.phone] = account
        self._by_lid[account.lid] = account.phone

    def all(self) -> list[Account]:
        """Every account, oldest first."""
        return list(self._by_phone.values())

    def find(self, phone: str) -> Account | None:
        """The account of a number."""
        return self._by_phone.get(phone)

    def get(self, phone: str) -> Account:
        """The account of a number.

        Raises:
            SandboxError: 404 `ACCOUNT_NOT_FOUND`.
        """
        account = self._by_phone.get(phone)
        if account is None:
            raise SandboxError(404, "ACCOUNT_NOT_FOUND", "no account has this number")
        return account

    def resolve(self, jid: object) -> Account:
        """The account that a JID of any form names.

        Raises:
            SandboxError: 400 for what is no JID, 404 `NOT_ON_WHATSAPP`, 501 for groups and the like.
        """
        parsed = jid if isinstance(jid, Jid) else parse_jid(jid)
        phone = self._by_lid.get(f"{parsed.user}@lid") if parsed.lid else parsed.user
        account = self._by_phone.get(phone) if phone is not None else None
        if account is None:
            raise SandboxError(404, "NOT_ON_WHATSAPP", "this address is not on WhatsApp")
        return account

    def who_was(self, jid: object) -> Account:
        """As `resolve`, also by a number that the account had before: what was written then names it so.

        Raises:
            SandboxError: As `resolve`.
        """
        parsed = jid if isinstance(jid, Jid) else parse_jid(jid)
        if parsed.lid or parsed.user in self._by_phone:
            return self.resolve(parsed)
        had = (account for account in self._by_phone.values() if parsed.user in account.profile.former)
        return next(had, None) or self.resolve(parsed)

    def is_given_up(self, jid: object) -> bool:
        """Whether an address is by a number that somebody had, and nobody has.

        Raises:
            SandboxError: 400 for what is no JID, 501 for groups and the like.
        """
        parsed = parse_jid(jid)
        if parsed.lid or parsed.user in self._by_phone:
            return False
        return any(parsed.user in account.profile.former for account in self._by_phone.values())

    def knows_number(self, viewer: str, person: Account) -> bool:
        """Whether `viewer` is told a person's number: who hides it shows it to those who saved it."""
        if not person.profile.hide_phone or viewer == person.phone:
            return True
        sql = "SELECT EXISTS (SELECT 1 FROM address_book WHERE owner = ? AND person = ?)"
        return bool(self._database.read(sql, (viewer, person.phone)).fetchone()[0])

    def chat_key(self, jid: object) -> str:
        """Under which key the stores keep a chat: the other one's number, or a group's JID as it is.

        Raises:
            SandboxError: As `resolve`.
        """
        if isinstance(jid, str) and jid.endswith("@g.us"):
            return jid
        return self.who_was(jid).phone

    def in_chat(self, key: str, person: str) -> str:
        """How the messages of a chat name a person, by the chat's key and their number."""
        account = self.get(person)
        return account.lid if "@" in key and self.in_lid_mode(key) else account.jid

    def chat_address(self, key: str) -> str:
        """The address that devices know a chat by, from its key."""
        return key if "@" in key else self.get(key).address

    def add(self, phone: str, name: str, lid: str | None = None) -> Account:
        """A new account, online, delivering at once and reading nothing by itself.

        Raises:
            SandboxError: 409 `ACCOUNT_EXISTS` or `LID_TAKEN`.
        """
        if phone in self._by_phone:
            raise SandboxError(409, "ACCOUNT_EXISTS", "an account of this number exists already")
        if lid is not None:
            self._refuse_taken(lid, phone)
        attempt = 0
        while lid is None:
            candidate = derive_lid(phone, attempt)
            lid = None if candidate in self._by_lid else candidate
            attempt += 1
        account = Account(phone=phone, lid=lid, name=name, created_ms=now_ms())
        self._database.write(
            "INSERT INTO accounts (phone, lid, name, online, deliver_after_ms, read_after_ms, next_device, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (phone, lid, name, account.online, account.deliver_after_ms, None, 1, account.created_ms),
        )
        self._remember(account)
        return account

    def change(self, account: Account, changes: dict[str, Any]) -> Account:
        """The account with fields changed; `changes` holds names and values of `Account`, checked already.

        Raises:
            SandboxError: 409 `LID_TAKEN`.
        """
        changed = replace(account, **changes)
        self._refuse_taken(changed.lid, account.phone)
        self._database.write(
            "UPDATE accounts SET lid = ?, name = ?, online = ?, deliver_after_ms = ?, read_after_ms = ?,"
            " next_device = ?, profile = ? WHERE phone = ?",
            (
                changed.lid,
                changed.name,
                changed.online,
                changed.deliver_after_ms,
                changed.read_after_ms,
                changed.next_device,
                orjson.dumps(changed.profile.as_json()),
                account.phone,
            ),
        )
        del self._by_lid[account.lid]
        self._remember(changed)
        return changed

    def renumber(self, account: Account, phone: str) -> Account:
        """The account under another number.

        Raises:
            SandboxError: 409 `ACCOUNT_EXISTS`.
        """
        if phone in self._by_phone:
            raise SandboxError(409, "ACCOUNT_EXISTS", "an account of this number exists already")
        for other in self.all():
            if account.phone in other.profile.former:
                former = tuple(number for number in other.profile.former if number != account.phone)
                self.show(other, former=former)
        current = self.get(account.phone)
        former = (*(number for number in current.profile.former if number != phone), account.phone)
        changed = replace(current, phone=phone, profile=replace(current.profile, former=former))
        self._database.write(
            "UPDATE accounts SET phone = ?, profile = ? WHERE phone = ?",
            (phone, orjson.dumps(changed.profile.as_json()), account.phone),
        )
        accounts = [changed if each is current else each for each in self.all()]
        self._by_phone = {each.phone: each for each in accounts}
        self._by_lid[changed.lid] = phone
        return changed

    def show(self, account: Account, **changes: Any) -> Account:
        """The account with fields of its profile changed; they are checked already.

        Raises:
            SandboxError: 409 `USERNAME_TAKEN`.
        """
        username = changes.get("username")
        holder = None if username is None else self.with_username(username)
        if holder is not None and holder.phone != account.phone:
            raise SandboxError(409, "USERNAME_TAKEN", "another account has this username")
        current = self.get(account.phone)
        return self.change(current, {"profile": replace(current.profile, **changes)})

    def with_username(self, username: str) -> Account | None:
        """The account of a username; letters' case doesn't matter."""
        wanted = username.casefold()
        return next(
            (each for each in self._by_phone.values() if (each.profile.username or "").casefold() == wanted), None
        )

    def take_device_number(self, phone: str) -> int:
        """The next device number of an account; it is spent whether or not the link comes about."""
        account = self.get(phone)
        self.change(account, {"next_device": account.next_device + 1})
        return account.next_device

    def _refuse_taken(self, lid: str, phone: str) -> None:
        if self._by_lid.get(lid, phone) != phone:
            raise SandboxError(409, "LID_TAKEN", "another account has this LID")
