"""Linking: references on QR codes, pairing codes, and the pairing that is committed when the page acknowledges it."""

import asyncio
import base64
import re
import secrets
from collections import deque
from typing import Final

from sandbox import frames
from sandbox.addresses import parse_phone
from sandbox.clock import now_ms
from sandbox.config import SandboxConfig
from sandbox.connection import Connection
from sandbox.errors import SandboxError, bad_request
from sandbox.faults import FaultKind, Faults
from sandbox.frames import Json
from sandbox.hub import Hub
from sandbox.login import decode_key
from sandbox.notices import Notices
from sandbox.registration import Ended, Pairing, PairingCode, Registration, pair_success
from sandbox.store.accounts import Account, AccountStore
from sandbox.store.database import Database
from sandbox.store.devices import Device, DeviceStore, NewDevice

# Crockford's alphabet as WhatsApp cuts it: without 0, I, O and U.
_PAIRING_CODE: Final = re.compile(r"[1-9A-HJ-NP-TV-Z]{8}")
_QR_PARTS: Final = 4
_MINUTE_MS: Final = 60_000


class Linking:
    """References and codes of the connected devices, and the pairing with a phone."""

    def __init__(
        self,
        config: SandboxConfig,
        database: Database,
        accounts: AccountStore,
        devices: DeviceStore,
        hub: Hub,
        notices: Notices,
        faults: Faults,
    ) -> None:
        self._config = config
        self._database = database
        self._accounts = accounts
        self._devices = devices
        self._hub = hub
        self._notices = notices
        self._faults = faults
        self._registrations: set[Registration] = set()
        self._by_ref: dict[str, Registration] = {}
        self._by_code: dict[tuple[str, str], Registration] = {}
        self._ended = Ended()
        self._asked: dict[str, deque[int]] = {}

    def register(self, connection: Connection, new: NewDevice) -> Registration:
        """Take in a device without a link and show it its first references."""
        registration = Registration(connection=connection, new=new)
        self._registrations.add(registration)
        connection.send_object({"t": "refs", "refs": self.refresh(registration)})
        return registration

    def gone(self, registration: Registration) -> None:
        """A device without a link has gone; its references and code end, a pairing under way fails."""
        self._registrations.discard(registration)
        self._end_batch(registration)
        self._end_code(registration)
        if registration.pairing is not None and not registration.pairing.done.done():
            registration.pairing.done.set_exception(_no_answer())

    def refresh(self, registration: Registration) -> list[Json]:
        """A new batch of references; the running one ends."""
        self._end_batch(registration)
        end_ms, refs = now_ms(), []
        for number in range(self._config.qr_refs):
            ttl_ms = self._config.qr_first_ms if number == 0 else self._config.qr_next_ms
            end_ms += ttl_ms
            ref = "2@" + base64.b64encode(secrets.token_bytes(33)).decode()
            registration.refs[ref] = end_ms
            self._by_ref[ref] = registration
            refs.append({"ref": ref, "ttl_ms": ttl_ms})
        wait = (end_ms - now_ms()) / 1000
        registration.batch_end = asyncio.get_running_loop().call_later(wait, self.end_refs, registration)
        return refs

    def end_refs(self, registration: Registration) -> None:
        """End a device's batch and tell it."""
        if registration.refs:
            self._end_batch(registration)
            registration.connection.send_object({"t": "refs_ended"})

    def end_all_refs(self) -> int:
        """End every running batch; answers how many."""
        running = [registration for registration in self._registrations if registration.refs]
        for registration in running:
            self.end_refs(registration)
        return len(running)

    def show_code(self, registration: Registration, phone: object, code: object, adv_secret: object) -> int:
        """Take a pairing code that the page shows; answers when it expires, in milliseconds since the epoch.

        Raises:
            SandboxError: 400 malformed, 404 no such account, 429 for more than three within a minute.
        """
        account = self._accounts.get(parse_phone(phone))
        if not isinstance(code, str) or not _PAIRING_CODE.fullmatch(code):
            raise bad_request("code is eight characters of 1-9 and A-Z without I, O and U")
        secret = decode_key(adv_secret, "adv_secret")
        now = now_ms()
        asked = self._asked.setdefault(account.phone, deque())
        while asked and asked[0] <= now - _MINUTE_MS:
            asked.popleft()
        if len(asked) >= self._config.pairing_codes_per_minute:
            raise SandboxError(429, "TOO_MANY_CODES", "too many pairing codes within a minute")
        asked.append(now)
        self._end_code(registration)
        expires_ms = now + self._config.pairing_code_ms
        registration.code = PairingCode(phone=account.phone, code=code, adv_secret=secret, expires_ms=expires_ms)
        self._by_code[account.phone, code] = registration
        return expires_ms

    async def scan(self, account: Account, qr: object) -> Device:
        """What a phone does with a QR code it reads.

        Raises:
            SandboxError: 400 malformed, 404 unknown reference, 409 too many devices or being paired, 410 expired, 504
                the page didn't answer, 403 the account demands a passkey.
        """
        parts = qr.strip().split(",") if isinstance(qr, str) else []
        if len(parts) < _QR_PARTS:
            raise bad_request("qr is the text of the code: reference, two keys and a secret", "MALFORMED_QR")
        ref = parts[0]
        noise_pub, identity_pub, secret = (
            decode_key(part, name)
            for part, name in zip(parts[1:4], ("the noise key", "the identity key", "the secret"), strict=True)
        )
        registration = self._by_ref.get(ref)
        if registration is None:
            if ref in self._ended:
                raise SandboxError(410, "QR_EXPIRED", "the code has expired; scan the one shown now")
            raise SandboxError(404, "QR_UNKNOWN", "this server never showed such a code")
        if registration.refs[ref] <= now_ms():
            raise SandboxError(410, "QR_EXPIRED", "the code has expired; scan the one shown now")
        if (noise_pub, identity_pub) != (registration.new.noise_pub, registration.new.identity_pub):
            raise bad_request("the keys of the code aren't those of the device that shows it", "MALFORMED_QR")
        return await self._pair(registration, account, secret)

    async def enter_code(self, account: Account, code: object) -> Device:
        """What a phone does with a pairing code that its owner types.

        Raises:
            SandboxError: 400 malformed, 404 unknown code, 409 too many devices or being paired, 410 expired, 504 the
                page didn't answer.
        """
        typed = code.replace("-", "").replace(" ", "").upper() if isinstance(code, str) else ""
        if not _PAIRING_CODE.fullmatch(typed):
            raise bad_request("code is eight characters of 1-9 and A-Z without I, O and U", "MALFORMED_CODE")
        registration = self._by_code.get((account.phone, typed))
        shown = registration.code if registration is not None else None
        if registration is None or shown is None:
            if _code_key(account.phone, typed) in self._ended:
                raise SandboxError(410, "CODE_EXPIRED", "the code has expired")
            raise SandboxError(404, "CODE_UNKNOWN", "no page shows this code for this number")
        if shown.expires_ms <= now_ms():
            self._end_code(registration)
            raise SandboxError(410, "CODE_EXPIRED", "the code has expired")
        return await self._pair(registration, account, shown.adv_secret)

    async def _pair(self, registration: Registration, account: Account, adv_secret: bytes) -> Device:
        if registration.pairing is not None:
            raise SandboxError(409, "PAIRING_UNDER_WAY", "a phone is pairing with this device already")
        if self._faults.spend(FaultKind.PASSKEY, account.phone):
            self._end_batch(registration)
            self._end_code(registration)
            registration.connection.send_object({"t": "passkey"})
            raise SandboxError(403, "PASSKEY_REQUIRED", "this account links with a passkey only")
        numbers = {device.number for device in self._devices.of(account.phone)}
        numbers |= {pairing.number for pairing in self._pairings(account.phone)}
        if len(numbers) >= self._config.max_devices:
            raise SandboxError(409, "TOO_MANY_DEVICES", f"at most {self._config.max_devices} devices can be linked")
        number = self._accounts.take_device_number(account.phone)
        pairing = Pairing(phone=account.phone, number=number, done=asyncio.get_running_loop().create_future())
        registration.pairing = pairing
        frame = pair_success(registration, account, number, adv_secret)
        self._database.after_commit(lambda: registration.connection.send_object(frame))
        try:
            async with asyncio.timeout(self._config.pair_ack_ms / 1000):
                return await asyncio.shield(pairing.done)
        except TimeoutError as error:
            # An acknowledgement may still be on its way: the page is told to drop what it may have stored.
            failure = {"t": "failure", "reason": 401, "text": "the pairing was given up"}
            registration.connection.close(frames.CLOSE_LOGGED_OUT, "the pairing was given up", failure)
            raise _no_answer() from error
        finally:
            registration.pairing = None

    def acknowledged(self, registration: Registration) -> None:
        """The page holds the login: link the device, and have the page start again.

        Raises:
            SandboxError: 400 when no phone is pairing with it.
        """
        pairing = registration.pairing
        connection = registration.connection
        if pairing is None or pairing.done.done():
            raise bad_request("nothing to acknowledge")
        replaced = self._devices.with_key(registration.new.noise_pub)
        if replaced is not None:
            # Whoever registers has proven the key, so it is the same device, linked anew.
            self.unlink(replaced)
        device = self._devices.add(pairing.phone, pairing.number, registration.new)
        self._notices.tell("device", pairing.phone, device=pairing.number)

        def committed() -> None:
            if not pairing.done.done():
                pairing.done.set_result(device)
            connection.close(frames.CLOSE_RESTART, "restart required")

        self._end_batch(registration)
        self._end_code(registration)
        self._database.after_commit(committed)

    def pairs_with(self, phone: str) -> bool:
        """Whether a device is being linked to an account right now."""
        return bool(self._pairings(phone))

    def _pairings(self, phone: str) -> list[Pairing]:
        under_way = (registration.pairing for registration in self._registrations)
        return [pairing for pairing in under_way if pairing is not None and pairing.phone == phone]

    def unlink(self, device: Device) -> None:
        """Remove a device's link and log it out if it is connected."""
        self._devices.remove(device)
        self._database.after_commit(lambda: self._hub.expel(device, 401, "logged out"))
        self._notices.tell("device", device.phone, device=device.number)

    def _end_batch(self, registration: Registration) -> None:
        if registration.batch_end is not None:
            registration.batch_end.cancel()
            registration.batch_end = None
        for ref in registration.refs:
            del self._by_ref[ref]
            self._ended.add(ref)
        registration.refs = {}

    def _end_code(self, registration: Registration) -> None:
        shown = registration.code
        if shown is not None:
            if self._by_code.get((shown.phone, shown.code)) is registration:
                del self._by_code[shown.phone, shown.code]
            self._ended.add(_code_key(shown.phone, shown.code))
            registration.code = None


def _code_key(phone: str, code: str) -> str:
    return f"{phone}/{code}"


def _no_answer() -> SandboxError:
    return SandboxError(504, "PAGE_NO_ANSWER", "the page didn't acknowledge the pairing; no device was linked")
