"""Accounts, their devices and what a person does with a phone."""

from typing import Any, Final

from aiohttp import web

from sandbox.addresses import parse_lid, parse_phone, user_jid
from sandbox.clock import now_ms
from sandbox.control.profiles import PROFILE_FIELDS, profile_changes, profile_view
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import SandboxError, bad_request
from sandbox.faults import FaultKind
from sandbox.frames import Json
from sandbox.store.accounts import Account
from sandbox.store.devices import Device

_LONGEST_NAME: Final = 100
_LONGEST_WAIT_MS: Final = 86_400_000


class AccountRoutes:
    """`/accounts` and below, but for messages."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post("/accounts", self.create)
        router.add_get("/accounts", self.list)
        router.add_get("/accounts/{phone}", self.show)
        router.add_patch("/accounts/{phone}", self.change)
        router.add_post("/accounts/{phone}/scan", self.scan)
        router.add_post("/accounts/{phone}/pairing-code", self.pairing_code)
        router.add_get("/accounts/{phone}/devices", self.devices)
        router.add_delete("/accounts/{phone}/devices/{number}", self.unlink)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Create an account with its phone."""
        body = await body_of(request)
        only(body, "phone", "name", "lid", "online", "deliver_after_ms", "read_after_ms", *PROFILE_FIELDS)
        phone = parse_phone(body.pop("phone", None))
        shown = profile_changes(body)
        changes = _changes({"name": phone, **body})
        account = self._core.accounts.add(phone, changes["name"], changes.get("lid"))
        account = self._core.accounts.show(self._core.accounts.change(account, changes), **shown)
        self._core.notices.tell("account", phone)
        return answer(account_view(self._core, account), 201)

    async def list(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - a handler takes its request
        """All accounts, oldest first."""
        return answer({"accounts": [account_view(self._core, account) for account in self._core.accounts.all()]})

    async def show(self, request: web.Request) -> web.StreamResponse:
        """One account."""
        return answer(account_view(self._core, account_of(self._core, request)))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Change settings of an account or its phone."""
        account = account_of(self._core, request)
        body = await body_of(request)
        only(body, "name", "lid", "online", "deliver_after_ms", "read_after_ms", *PROFILE_FIELDS)
        shown = profile_changes(body)
        account = self._core.accounts.change(account, _changes(body))
        account = self._core.accounts.show(account, **shown)
        self._core.phones.reconsider(account)
        self._core.notices.tell("account", account.phone)
        return answer(account_view(self._core, account))

    async def scan(self, request: web.Request) -> web.StreamResponse:
        """The phone scans a QR code."""
        account = self._ready_to_link(request)
        body = await body_of(request)
        only(body, "qr")
        return answer(self._device(await self._core.linking.scan(account, body.get("qr"))), 201)

    async def pairing_code(self, request: web.Request) -> web.StreamResponse:
        """The phone's owner enters a pairing code."""
        account = self._ready_to_link(request)
        body = await body_of(request)
        only(body, "code")
        return answer(self._device(await self._core.linking.enter_code(account, body.get("code"))), 201)

    async def devices(self, request: web.Request) -> web.StreamResponse:
        """The devices linked to an account."""
        account = account_of(self._core, request)
        return answer({"devices": [self._device(device) for device in self._core.devices.of(account.phone)]})

    async def unlink(self, request: web.Request) -> web.StreamResponse:
        """The phone removes a device."""
        account = account_of(self._core, request)
        number = request.match_info["number"]
        device = self._core.devices.get(account.phone, int(number) if number.isdecimal() and len(number) < 10 else -1)  # noqa: PLR2004 - far beyond any number
        self._core.linking.unlink(device)
        return answer({"device": device.number})

    def _ready_to_link(self, request: web.Request) -> Account:
        account = online_account_of(self._core, request)
        if self._core.faults.find(FaultKind.BAN, account.phone) is not None:
            raise SandboxError(403, "ACCOUNT_BANNED", "the account is banned")
        return account

    def _device(self, device: Device) -> Json:
        connected = self._core.hub.find(device.phone, device.number) is not None
        return {
            "device": device.number,
            "jid": device.jid,
            "account_jid": user_jid(device.phone),
            "platform": device.platform,
            "connected": connected,
            "linked_ms": device.linked_ms,
            "last_seen_ms": now_ms() if connected else device.last_seen_ms,
            "queued": self._core.queue.extent(device.id)[0],
        }


def account_view(core: Core, account: Account) -> Json:
    """An account on the control API."""
    return {
        "phone": account.phone,
        "jid": account.jid,
        "lid": account.lid,
        "name": account.name,
        "online": account.online,
        "deliver_after_ms": account.deliver_after_ms,
        "read_after_ms": account.read_after_ms,
        "device_count": len(core.devices.of(account.phone)),
        "created_ms": account.created_ms,
        **profile_view(account),
    }


def account_of(core: Core, request: web.Request) -> Account:
    """The account in a request's path.

    Raises:
        SandboxError: 400 for what is no number, 404 `ACCOUNT_NOT_FOUND`.
    """
    return core.accounts.get(parse_phone(request.match_info["phone"]))


def online_account_of(core: Core, request: web.Request) -> Account:
    """The account in a request's path, whose phone has to be online for what is asked.

    Raises:
        SandboxError: As `account_of`, and 409 `PHONE_OFFLINE`.
    """
    account = account_of(core, request)
    if not account.online:
        raise SandboxError(409, "PHONE_OFFLINE", "the account's phone is offline; set online to true first")
    return account


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    changes = dict(body)
    if "name" in body:
        name = body["name"]
        if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
            raise bad_request(f"name is a text of 1 to {_LONGEST_NAME} characters")
    if "lid" in body:
        changes["lid"] = parse_lid(body["lid"])
    if "online" in body and not isinstance(body["online"], bool):
        raise bad_request("online is true or false")
    if "deliver_after_ms" in body and not _is_wait(body["deliver_after_ms"]):
        raise bad_request(f"deliver_after_ms is an integer from 0 to {_LONGEST_WAIT_MS}")
    if body.get("read_after_ms") is not None and not _is_wait(body["read_after_ms"]):
        raise bad_request(f"read_after_ms is null or an integer from 0 to {_LONGEST_WAIT_MS}")
    return changes


def _is_wait(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LONGEST_WAIT_MS
