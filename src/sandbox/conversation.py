"""What a device says on its connection, and what it is answered: the protocol's three states."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from sandbox import frames
from sandbox.addresses import parse_jid
from sandbox.clock import ahead_ms
from sandbox.connection import Connection
from sandbox.core import Core
from sandbox.errors import ProtocolError, SandboxError, bad_request, not_implemented
from sandbox.faults import FaultKind
from sandbox.frames import Json, ids_field, text_field
from sandbox.groups.views import is_group
from sandbox.history import history_frames
from sandbox.hub import DeviceLink
from sandbox.login import Challenge, decode_key
from sandbox.operations import Caller
from sandbox.registration import Registration
from sandbox.store.accounts import Account
from sandbox.store.devices import Device, NewDevice
from sandbox.store.messages import ReceiptKind

_MOST_REGISTRATION_ID: Final = 2**32 - 1

type _Handler = Callable[[Json], Json | None]


class Opening:
    """Before the device has said who it is."""

    def __init__(self, core: Core, connection: Connection) -> None:
        self._core = core
        self._connection = connection
        self._challenge = Challenge()
        connection.send_object(self._challenge.hello())

    def handle(self, frame: Json) -> "Unlinked | Linked | None":
        """Take the first frame; answers the state it leads to, or None when the device was turned away.

        Raises:
            ProtocolError: It is neither `register` nor `login`.
        """
        try:
            match frame["t"]:
                case "register":
                    return self._register(frame)
                case "login":
                    return self._login(frame)
                case _:
                    pass
        except SandboxError as error:
            if error.status not in (401, 403):
                raise
            failure = {"t": "failure", "reason": error.status, "text": error.message}
            self._connection.close(frames.CLOSE_LOGGED_OUT, error.message, failure)
            return None
        raise ProtocolError("a device registers or logs in first")

    def _register(self, frame: Json) -> "Unlinked":
        registration_id = frame.get("registration_id")
        if (
            not isinstance(registration_id, int)
            or isinstance(registration_id, bool)
            or not 0 <= registration_id <= _MOST_REGISTRATION_ID
        ):
            raise bad_request("registration_id is an integer of 32 bits")
        new = NewDevice(
            noise_pub=decode_key(frame.get("noise_pub"), "noise_pub"),
            identity_pub=decode_key(frame.get("identity_pub"), "identity_pub"),
            registration_id=registration_id,
            platform=text_field(frame, "platform", longest=64),
        )
        self._challenge.check(new.noise_pub, frame.get("proof"))
        return Unlinked(self._core, self._connection, new)

    def _login(self, frame: Json) -> "Linked | None":
        noise_pub = decode_key(frame.get("noise_pub"), "noise_pub")
        jid = parse_jid(frame.get("jid"))
        self._challenge.check(noise_pub, frame.get("proof"))
        try:
            account = self._core.accounts.resolve(jid)
        except SandboxError as error:
            raise SandboxError(401, "UNKNOWN_DEVICE", "no such device is linked") from error
        device = self._core.devices.find(account.phone, jid.device or 0)
        if device is None or device.noise_pub != noise_pub:
            raise SandboxError(401, "UNKNOWN_DEVICE", "no such device is linked")
        faults = self._core.faults
        if faults.find(FaultKind.BAN, account.phone) is not None:
            raise SandboxError(403, "BANNED", "the account is banned")
        if faults.find(FaultKind.DROP_SOCKET, account.phone, device.number) is not None:
            self._connection.drop()
            return None
        return Linked(self._core, self._connection, account, device)


class Unlinked:
    """A device that waits for a phone."""

    def __init__(self, core: Core, connection: Connection, new: NewDevice) -> None:
        self._core = core
        self._registration: Registration = core.linking.register(connection, new)

    def handle(self, frame: Json) -> Json | None:
        """Take a frame; answers the result of a request.

        Raises:
            SandboxError: The request is refused.
        """
        linking = self._core.linking
        match frame["t"]:
            case "refresh_refs":
                return {"refs": linking.refresh(self._registration)}
            case "pairing_code":
                shown = (frame.get("phone"), frame.get("code"), frame.get("adv_secret"))
                return {"expires_at_ms": linking.show_code(self._registration, *shown)}
            case "pair_ack":
                linking.acknowledged(self._registration)
                return None
            case "ping":
                return {}
            case kind:
                raise not_implemented(f"the frame {kind[:40]} of a device without a link")

    def gone(self) -> None:
        """The connection has ended."""
        self._core.linking.gone(self._registration)


class Linked:
    """A logged-in device."""

    def __init__(self, core: Core, connection: Connection, account: Account, device: Device) -> None:
        self._core = core
        self._connection = connection
        self._phone = account.phone
        self._device = device
        self._timer: asyncio.TimerHandle | None = None
        self._handlers: dict[str, _Handler] = {
            "ping": lambda _frame: {},
            "message": self._message,
            "received": self._received,
            "receipt": self._receipt,
            "iq": self._iq,
            "chatstate": self._chatstate,
            "presence": self._presence,
            "presence_subscribe": self._subscribe,
            "history_ack": self._history_ack,
        }
        self._link: DeviceLink = core.hub.attach(device, connection)
        self._history: list[Json] = []
        core.database.after_commit(partial(self._welcome, account))

    def handle(self, frame: Json) -> Json | None:
        """Take a frame; answers the result of a request, None when there is no result to send.

        Raises:
            SandboxError: The request is refused.
        """
        handler = self._handlers.get(frame["t"])
        if handler is None:
            raise not_implemented(f"the frame {frame['t'][:40]}")
        return handler(frame)

    def gone(self) -> None:
        """The connection has ended."""
        self._stop_timer()
        self._core.hub.detach(self._link)
        self._core.presence.gone(self._link)
        self._core.notices.tell("device", self._phone, device=self._device.number)

    def _welcome(self, account: Account) -> None:
        self._connection.send_object(
            {
                "t": "success",
                "jid": self._device.jid,
                "lid": account.lid,
                "device": self._device.number,
                "name": account.name,
                "platform": self._device.platform,
                "first_login": not self._device.history_done,
                "server_ts": self._link.attached_ms // 1000,
                "ahead_ms": ahead_ms(),
                "windows": self._core.config.windows(),
            }
        )
        self._core.notices.tell("device", self._phone, device=self._device.number)
        if self._device.history_done:
            self._sync()
            return
        self._history = history_frames(self._core, account)
        self._send_history()

    def _send_history(self) -> None:
        self._connection.send_object(self._history[0])
        wait = self._core.config.history_ack_ms / 1000
        late = partial(self._connection.close, frames.CLOSE_MALFORMED, "the history was not acknowledged")
        self._timer = asyncio.get_running_loop().call_later(wait, late)

    def _history_ack(self, frame: Json) -> None:
        if not self._history or frame.get("progress") != self._history[0]["progress"]:
            raise bad_request("progress is that of the history frame sent last")
        self._stop_timer()
        del self._history[0]
        if self._history:
            self._send_history()
            return
        self._core.devices.finish_history(self._device)
        self._sync()

    def _sync(self) -> None:
        for call in self._core.calls.ringing_for(self._phone):
            self._connection.send_object(call)
        slow = self._core.faults.find(FaultKind.SLOW_SYNC, self._phone, self._device.number)
        if slow is not None and slow.ms:
            self._timer = asyncio.get_running_loop().call_later(slow.ms / 1000, self._link.start)
        else:
            self._link.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _message(self, frame: Json) -> Json | None:
        number = self._device.number
        account = self._core.accounts.get(self._phone)
        sent = self._core.router.send(account, number, frame.get("id"), frame.get("to"), frame.get("content"))
        if sent.fresh and self._core.faults.spend(FaultKind.LOSE_ACKS, self._phone, number):
            return None
        return {"ts": sent.sent_ms // 1000, "ts_ms": sent.sent_ms}

    def _received(self, frame: Json) -> Json:
        seq = frame.get("seq")
        if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < 2**63:
            raise bad_request("seq is a positive integer")
        self._core.queue.forget(self._device.id, seq)
        return {}

    def _receipt(self, frame: Json) -> Json:
        kind = frame.get("kind")
        if not isinstance(kind, str) or kind not in ReceiptKind:
            raise bad_request(f"kind is one of: {', '.join(ReceiptKind)}")
        chat = frame.get("chat")
        author = self._core.accounts.who_was(frame.get("participant") if is_group(chat) else chat).phone
        ids = ids_field(frame)
        self._core.receipts.record(self._phone, self._device.number, ReceiptKind(kind), author, ids)
        return {}

    def _iq(self, frame: Json) -> Json | None:
        if frame.get("op") != "logout":
            return self._answer(frame)
        rid = frame.get("rid")
        device = self._device

        def goodbye() -> None:
            if rid is not None:
                self._connection.send(frames.result(rid, {}))
            self._connection.close(frames.CLOSE_LOGGED_OUT, "logged out")

        self._core.database.after_commit(goodbye)
        self._core.linking.unlink(device)
        return None

    def _answer(self, frame: Json) -> Json:
        operation = self._core.operations.get(text_field(frame, "op", longest=64))
        if operation is None:
            return self._core.questions.answer(frame)
        return operation(Caller(self._core.accounts.get(self._phone), self._device.number), frame)

    def _chatstate(self, frame: Json) -> Json:
        account = self._core.accounts.get(self._phone)
        tell = self._core.group_talk if is_group(frame.get("to")) else self._core.presence
        tell.type(account, frame.get("to"), frame.get("state"))
        return {}

    def _presence(self, frame: Json) -> Json:
        self._core.presence.announce(self._link, frame.get("state"))
        return {}

    def _subscribe(self, frame: Json) -> Json:
        self._core.presence.subscribe(self._link, frame.get("jid"))
        return {}
