"""A companion device in Python: the protocol of docs/sandbox-protocol.md, spoken honestly."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

type Frame = dict[str, Any]

DEADLINE = 15.0  # far beyond what is needed, for machines with much else to do


class RequestError(Exception):
    def __init__(self, frame: Frame) -> None:
        super().__init__(f"{frame['code']} {frame['text']}")
        self.code = frame["code"]
        self.text = frame["text"]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Device:
    """Keys, an inbox and one connection at a time. Stores in memory what a page stores in IndexedDB."""

    def __init__(self, http: aiohttp.ClientSession, page_url: str) -> None:
        self.noise = X25519PrivateKey.generate()
        self.noise_pub = self.noise.public_key().public_bytes_raw()
        self.identity_pub = secrets.token_bytes(32)
        self.adv_secret = secrets.token_bytes(32)
        self.jid: str | None = None
        self.lid: str | None = None
        self.number: int | None = None
        self.frames: list[Frame] = []
        self.messages: dict[str, Frame] = {}
        self.copies = 0
        self.refs: list[Frame] = []
        self.close_code: int | None = None
        self.acknowledge = True
        self.pair_ack = True
        self.deliver = True
        self._http = http
        self.move_to(page_url)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._rid = 0

    def move_to(self, page_url: str) -> None:
        """The server is at another address now."""
        self._url = page_url.rstrip("/") + "/ws/chat"

    @property
    def qr(self) -> str:
        return ",".join((self.refs[0]["ref"], b64(self.noise_pub), b64(self.identity_pub), b64(self.adv_secret)))

    def qr_of(self, index: int) -> str:
        return self.qr.replace(self.refs[0]["ref"], self.refs[index]["ref"])

    async def connect(self, **options: Any) -> Frame:
        """Open the socket; answers the hello."""
        self.close_code = None
        self.frames = []
        socket = await self._http.ws_connect(self._url, max_msg_size=0, **options)
        self._socket = socket
        hello: Frame = await asyncio.wait_for(socket.receive_json(), DEADLINE)
        assert hello["t"] == "hello"
        self._reader = asyncio.create_task(self._read(socket))
        return hello

    def proof(self, hello: Frame) -> str:
        server = X25519PublicKey.from_public_bytes(base64.b64decode(hello["server_key"]))
        shared = self.noise.exchange(server)
        return b64(hmac.digest(shared, base64.b64decode(hello["nonce"]), hashlib.sha256))

    async def register(self, *, proof: str | None = None) -> list[Frame]:
        hello = await self.connect()
        await self.send(
            t="register",
            noise_pub=b64(self.noise_pub),
            identity_pub=b64(self.identity_pub),
            registration_id=7,
            platform="1",
            proof=proof or self.proof(hello),
        )
        await self.until(lambda: bool(self.named("refs")) or self.close_code is not None)
        self.refs = self.named("refs")[0]["refs"] if self.named("refs") else []
        return self.refs

    async def login(self, *, proof: str | None = None, wait: bool = True) -> None:
        """Log in; with `wait`, until the offline queue is through."""
        hello = await self.connect()
        await self.send(t="login", noise_pub=b64(self.noise_pub), jid=self.jid, proof=proof or self.proof(hello))
        if wait:
            await self.until(lambda: bool(self.named("offline_done")) or self.close_code is not None)

    async def restart_after_pairing(self) -> None:
        """What a page does once paired: the server closes with 4515, and it connects again with its login."""
        await self.closed(4515)
        await self.login()

    async def send(self, **frame: Any) -> None:
        assert self._socket is not None
        await self._socket.send_str(json.dumps(frame))

    async def send_raw(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        assert self._socket is not None
        await self._socket.send_bytes(data)

    async def ask(self, *, deadline: float = DEADLINE, **frame: Any) -> Frame:
        self._rid += 1
        rid = self._rid
        self._answers[rid] = asyncio.get_running_loop().create_future()
        await self.send(rid=rid, **frame)
        answer = await asyncio.wait_for(self._answers[rid], deadline)
        if answer["t"] == "error":
            raise RequestError(answer)
        return answer

    async def send_text(self, to: str, body: str, *, message_id: str | None = None, deadline: float = DEADLINE) -> str:
        message_id = message_id or "3EB0" + secrets.token_hex(9).upper()
        content = {"type": "chat", "body": body}
        await self.ask(t="message", id=message_id, to=to, content=content, deadline=deadline)
        return message_id

    def named(self, name: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["t"] == name]

    def receipts(self, message_id: str) -> list[str]:
        return [frame["kind"] for frame in self.named("receipt") if message_id in frame["ids"]]

    async def until(self, condition: Callable[[], bool], deadline: float = DEADLINE) -> None:
        async with asyncio.timeout(deadline):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def received(self, message_id: str) -> Frame:
        await self.until(lambda: message_id in self.messages)
        return self.messages[message_id]

    async def closed(self, code: int | None = None) -> None:
        await self.until(lambda: self.close_code is not None)
        if code is not None:
            assert self.close_code == code

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def stop_reading(self) -> None:
        """Keep the connection and leave what comes on it unread."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
            self._reader = None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame: Frame = json.loads(message.data)
            if "rid" in frame:
                answer = self._answers.get(frame["rid"])
                if answer is not None and not answer.done():
                    answer.set_result(frame)
                continue
            self.frames.append(frame)
            await self._act(frame)
            self._changed.set()
        code = socket.close_code
        self.close_code = 1006 if code is None else code
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError(self.close_code))
                answer.exception()  # whoever asked may have stopped waiting
        self._changed.set()

    async def _act(self, frame: Frame) -> None:
        actions: dict[str, Callable[[Frame], Awaitable[None]]] = {
            "pair_success": self._paired,
            "history": self._store_history,
            "message": self._store_message,
        }
        action = actions.get(frame["t"])
        if action is not None:
            await action(frame)
        if "seq" in frame and self.acknowledge:
            await self.send(t="received", seq=frame["seq"])

    async def _paired(self, frame: Frame) -> None:
        identity = base64.b64decode(frame["identity"])
        assert hmac.compare_digest(
            hmac.digest(self.adv_secret, identity, hashlib.sha256), base64.b64decode(frame["hmac"])
        )
        assert json.loads(identity) == {
            "jid": frame["jid"],
            "lid": frame["lid"],
            "device": frame["device"],
            "noise_pub": b64(self.noise_pub),
        }
        self.jid, self.lid, self.number = frame["jid"], frame["lid"], frame["device"]
        if self.pair_ack:
            await self.send(t="pair_ack")

    async def _store_history(self, frame: Frame) -> None:
        for message in frame["messages"]:
            self.messages.setdefault(message["id"], message)
        if self.acknowledge:
            await self.send(t="history_ack", progress=frame["progress"])

    async def _store_message(self, frame: Frame) -> None:
        message = frame["msg"]
        self.copies += 1
        self.messages.setdefault(message["id"], message)
        if not message["from_me"] and self.deliver and self.acknowledge:
            told = {"chat": message["chat"], "participant": message.get("participant"), "ids": [message["id"]]}
            await self.send(t="receipt", kind="delivered", **told)
