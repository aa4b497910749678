"""The sandbox as a process, and its control API: what a person with a phone does and sees."""

import asyncio
import base64
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
_START_SECONDS = 20.0

type Json = dict[str, Any]


class ControlError(Exception):
    """A refusal of the control API."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body}")
        self.status = status


class Account(NamedTuple):
    """An account of the sandbox and its phone."""

    sandbox: "Sandbox"
    phone: str
    lid: str

    @property
    def jid(self) -> str:
        return f"{self.phone}@c.us"

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        return self.sandbox.call(method, f"/accounts/{self.phone}{path}", body)

    def scan(self, qr: str) -> Json:
        result: Json = self.call("POST", "/scan", {"qr": qr})
        return result

    def enter_code(self, code: str) -> Json:
        result: Json = self.call("POST", "/pairing-code", {"code": code})
        return result

    def send(self, to: "Account", text: str) -> str:
        identifier: str = self.call("POST", "/send", {"to": to.phone, "text": text})["id"]
        return identifier

    def send_content(self, to: "Account", content: Json) -> str:
        identifier: str = self.call("POST", "/send", {"to": to.phone, "content": content})["id"]
        return identifier

    def send_media(self, to: "Account", data: bytes, **media: Any) -> str:
        body = {"to": to.phone, "media": {"base64": base64.b64encode(data).decode(), **media}}
        identifier: str = self.call("POST", "/send", body)["id"]
        return identifier

    def media(self, message_id: str) -> bytes:
        """The file of a message that this phone holds, as it opens it; its digest is what the message says."""
        return self.sandbox.fetch(f"/accounts/{self.phone}/media/{message_id}")

    def message(self, message_id: str, chat: "Account") -> Json | None:
        return next((each for each in self.messages(chat) if each["id"] == message_id), None)

    def read(self, chat: "Account") -> None:
        self.call("POST", "/read", {"chat": chat.phone})

    def messages(self, chat: "Account") -> list[Json]:
        messages: list[Json] = self.call("GET", f"/messages?chat={chat.phone}")["messages"]
        return messages

    def held(self, chat: "Account", text: str) -> list[Json]:
        """What this phone holds with exactly this text."""
        return [message for message in self.messages(chat) if message["body"] == text]

    def devices(self) -> list[Json]:
        devices: list[Json] = self.call("GET", "/devices")["devices"]
        return devices

    def chat(self, peer: "Account") -> Json:
        """What this phone shows of its chat with `peer`."""
        chats: list[Json] = self.call("GET", "/chats")["chats"]
        return next(chat for chat in chats if peer.lid == chat["lid"])

    def set_picture(self, png: bytes) -> None:
        url = f"{self.sandbox.control}/accounts/{self.phone}/picture"
        request = urllib.request.Request(url, method="PUT", data=png, headers={"Content-Type": "image/png"})  # noqa: S310
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - loopback

    def sees(self, person: "Account") -> Json:
        """What this phone shows of a person's presence."""
        seen: Json = self.call("GET", f"/presence?of={person.phone}")
        return seen

    def unlink(self, number: int) -> None:
        self.call("DELETE", f"/devices/{number}")


class Sandbox:
    """A running sandbox server on ports of the system's choice."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        command = [sys.executable, "-m", "sandbox", "--data-dir", str(data_dir)]
        ports = ["--port", "0", "--control-port", "0", "--https-port", "0"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        self._log = (data_dir / "server.log").open("w+")
        self._process = subprocess.Popen(
            [*command, *ports, *options], env=environment, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise AssertionError(f"the sandbox didn't start: {(data_dir / 'server.log').read_text()[-2000:]}")
        ready = json.loads(line)
        self.page: str = ready["page"]
        self.https_port = int(ready["https"].rpartition(":")[2])
        self.control: str = ready["control"]
        # A number of its own per test run and account: no account is used by two tests.
        self._numbers = itertools.count(int(time.time() * 10) % 10**7 * 100)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(_START_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def freeze(self) -> None:
        """Stop answering without closing anything, as a dead peer does."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def account(self, name: str) -> Account:
        phone = self.new_number()
        created = self.call("POST", "/accounts", {"phone": phone, "name": name})
        return Account(self, phone, created["lid"])

    def new_number(self) -> str:
        return f"1{next(self._numbers):010d}"

    def fetch(self, path: str) -> bytes:
        try:
            with urllib.request.urlopen(self.control + path, timeout=30) as answer:  # noqa: S310 - loopback
                data: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(error.code, error.read().decode()) from error
        return data

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.control + path, method=method, data=data, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(error.code, error.read().decode()) from error
        return json.loads(text) if text else None


async def eventually[T](read: Callable[[], T | Awaitable[T]], *, seconds: float = 15.0, what: str = "") -> T:
    """What `read` gives, once that is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = read()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or read}; last seen: {value!r}")
        await asyncio.sleep(0.05)


async def in_thread[T](call: Callable[..., T], *arguments: Any) -> T:
    """A call of the control API that waits for the page, which is driven from this thread."""
    return await asyncio.to_thread(call, *arguments)
