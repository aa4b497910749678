"""Clients that send as careful programs do: one key until there is an answer."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from entrypoints.grpc.gen.pombo.v1.message_service_pb2 import ForwardMessageRequest, SendMessageRequest
from tests.chaos import groups, operations
from tests.chaos.contents import OPTIONS, digest_of, grpc_content, rest_content
from tests.chaos.gateways import CALL_SECONDS, Gateway
from tests.chaos.ledger import EDITED, FORWARDED, UNDOES, Came, Doing, GroupChange, Json, Kind, Ledger, Operation, Send

_PAUSES: Final = (0.1, 1.1)
_RETRY: Final = (0.1, 0.5)
_WAITS: Final = (0, 2, 5, 10)
_IMPATIENT: Final = 0.06
"""How often a client hangs up before it can have an answer, and asks again."""

_OPERATES: Final = 0.4
"""How often a client does something to the message that it has just sent."""
_FORWARDS: Final = 0.15
"""How often it forwards that, to the same chat."""

_GIVES: Final = 0.2
"""How often it changes its group, where it does that."""

_UNDOES: Final = 0.5
"""How often it takes back what can be."""

_ANSWERS: Final = 0.3
"""How often it looks for a poll that came, to vote in it; and as often for a voice note, to listen to it."""

_NEWEST: Final = 10
_TEXTS: Final = 0.5
_EMOJI: Final = ("👍", "❤️", "😂")

_AT_FIRST: Final = tuple(each for each in Doing if each not in {Doing.PLAYED, *UNDOES.values()})
"""What it does to what it has sent."""

_AGAIN: Final = frozenset({"REQUEST_IN_PROGRESS", "SESSION_NOT_WORKING", "SESSION_NOT_RUNNING", "SESSION_ELSEWHERE"})
"""Refusals that pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a try came to: an accepted message, a refusal for good, or neither."""

    said: str
    message_id: str | None = None
    refused: str | None = None


@dataclass(slots=True)
class Client:
    """Sends in one chat, one message after the other, over one transport.

    And votes in polls that came, and plays voice notes, wherever its session has them from.

    Attributes:
        gives: what of its group it alone changes: `subject` or `description`.
    """

    name: str
    transport: str
    session: str
    sender: str
    recipient: str
    gateways: Sequence[Gateway]
    ledger: Ledger
    dice: random.Random
    is_done: asyncio.Event
    gives: str | None = None
    under_way: Send | Operation | GroupChange | None = None
    _count: int = field(default=0)

    async def run(self) -> None:
        """Sends until it is told to stop, and goes on asking for the last one until it has an answer."""
        while not self.is_done.is_set():
            self._count += 1
            kind, body = self._kind(), f"{self.name}-{self._count:05}"
            send = Send(
                client=self.name,
                sender=self.sender,
                recipient=self.recipient,
                session=self.session,
                body=body,
                began=time.time(),
                kind=kind,
                digest=digest_of(kind, body),
            )
            self.ledger.sends.append(send)
            self.under_way = send
            await self._ask(send, self._key())
            if send.is_accepted and (draw := self.dice.random()) < _OPERATES + _FORWARDS:
                await (self._do_something(send) if draw < _OPERATES else self._forward(send))
            if self.dice.random() < _ANSWERS and (poll := await self._came("poll")) is not None:
                await self._operate(Operation(kind=Doing.VOTE, send=poll, value=self.dice.choice(OPTIONS)))
            if self.dice.random() < _ANSWERS and (note := await self._came("audio")) is not None:
                await self._operate(Operation(kind=Doing.PLAYED, send=note, value=""))
            if self.gives is not None and self.dice.random() < _GIVES:
                await self._change_group(self.gives)
            self.under_way = None
            await _pause(self.is_done, self.dice.uniform(*_PAUSES))

    def _key(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def _kind(self) -> Kind:
        """A text as often as not."""
        return Kind.TEXT if self.dice.random() < _TEXTS else self.dice.choice(list(Kind))

    async def _do_something(self, send: Send) -> None:
        """And takes it back as often as not, whatever came of it: the gateway keeps the order."""
        operation = self._operation(send)
        await self._operate(operation)
        if operation.kind in UNDOES and self.dice.random() < _UNDOES:
            await self._operate(Operation(kind=UNDOES[operation.kind], send=send, value=""))

    def _operation(self, send: Send) -> Operation:
        only = {Doing.EDIT: Kind.TEXT, Doing.VOTE: Kind.POLL}
        kind = self.dice.choice([each for each in _AT_FIRST if only.get(each, send.kind) is send.kind])
        values = {
            Doing.EDIT: send.body + EDITED,
            Doing.REACTION: self.dice.choice(_EMOJI),
            Doing.VOTE: self.dice.choice(OPTIONS),
        }
        return Operation(kind=kind, send=send, value=values.get(kind, ""))

    async def _operate(self, operation: Operation) -> None:
        self.under_way = operation
        self.ledger.operations.append(operation)
        await self._ask(operation, self._key())

    async def _forward(self, send: Send) -> None:
        """What nothing else is done to: what the copy holds is known."""
        forward = Send(
            client=self.name,
            sender=self.sender,
            recipient=self.recipient,
            session=self.session,
            body=send.body + FORWARDED,
            began=time.time(),
            kind=send.kind,
            digest=send.digest,
            forwards=send.message_id,
        )
        self.ledger.sends.append(forward)
        self.under_way = forward
        await self._ask(forward, self._key())

    async def _change_group(self, what: str) -> None:
        value = f"{what} {self._count} by {self.name}"
        change = GroupChange(session=self.session, by=self.sender, group=self.recipient, what=what, value=value)
        self.ledger.group_changes.append(change)
        self.under_way = change
        await self._ask(change, self._key())

    async def _came(self, what: str) -> Came | None:
        """One of the newest polls or voice notes of its session's; each once: another vote would take its place."""
        query = f"session_id={self.session}&direction=inbound&types={what}&page_size={_NEWEST}"
        try:
            page = await self.dice.choice(self.gateways).call("GET", f"/messages?{query}")
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
        done = {each.send.message_id for each in self.ledger.operations}
        found = [each for each in page["items"] if each["id"] not in done and each["revoked_at"] is None]
        found = [each for each in found if what != "audio" or each["audio"]["voice"]]
        if not found:
            return None
        item = self.dice.choice(found)
        return Came(
            body=item["poll"]["question"] if what == "poll" else item["id"],
            by=self.sender,
            recipient=item["chat_id"].removesuffix("@c.us"),
            message_id=item["id"],
            short=item["whatsapp_id"].split("_")[2],
        )

    async def _ask(self, asked: Send | Operation | GroupChange, key: str) -> None:
        wait = self.dice.choice(_WAITS)
        while True:
            asked.tries += 1
            gateway = self.dice.choice(self.gateways)
            patience = self.dice.uniform(0.01, 0.3) if self.dice.random() < _IMPATIENT else CALL_SECONDS
            ask = self._rest if self.transport == "REST" else self._grpc
            answer = await ask(gateway, asked, key, wait, patience)
            self.ledger.answers[f"{self.transport} {answer.said}"] += 1
            if answer.message_id is not None or answer.refused is not None:
                asked.message_id, asked.refused, asked.answered = answer.message_id, answer.refused, time.time()
                return
            await asyncio.sleep(self.dice.uniform(*_RETRY))

    async def _rest(
        self, gateway: Gateway, asked: Send | Operation | GroupChange, key: str, wait: int, patience: float
    ) -> Answer:
        headers = {"Idempotency-Key": key, "Prefer": f"wait={wait}" if wait else "respond-async"}
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            if isinstance(asked, Operation):
                status, content = await operations.over_rest(gateway, asked, headers, limit)
                content = content.get("operation") or content.get("message") or content
            elif isinstance(asked, GroupChange):
                status, content = await groups.over_rest(gateway, asked, headers, limit)
            else:
                status, content = await _send_over_rest(gateway, asked, headers, limit)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(said=type(error).__name__)
        if status in {200, 201, 202}:
            return Answer(said=str(status), message_id=content["id"])
        reason = str(content.get("reason"))
        return _refusal(f"{status} {reason}", reason, content.get("metadata") or {}, passes=status >= 500)

    async def _grpc(
        self, gateway: Gateway, asked: Send | Operation | GroupChange, key: str, wait: int, patience: float
    ) -> Answer:
        how = _OVER_GRPC[type(asked)]
        try:
            message_id = await how(gateway, asked, key, wait, patience)
        except grpc.aio.AioRpcError as error:
            info = _info(error)
            passes = error.code() not in {
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.FAILED_PRECONDITION,
                grpc.StatusCode.NOT_FOUND,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                grpc.StatusCode.UNIMPLEMENTED,
            }
            return _refusal(f"{error.code().name} {info.reason}", info.reason, dict(info.metadata), passes=passes)
        return Answer(said="OK", message_id=message_id)


async def _send_over_rest(
    gateway: Gateway, send: Send, headers: dict[str, str], limit: aiohttp.ClientTimeout
) -> tuple[int, Json]:
    url = f"{gateway.url}/api/v1/messages"
    if send.forwards is not None:
        url, body = f"{url}/{send.forwards}/forward", {"to": send.to}
    else:
        url, body = f"{url}/send", {"session_id": send.session, "to": send.to, **rest_content(send)}
    async with gateway.http.post(url, json=body, headers=headers, timeout=limit) as response:
        content: Json = json.loads(await response.read() or b"{}")
        return response.status, content


async def _send_over_grpc(gateway: Gateway, send: Send, key: str, wait: int, patience: float) -> str:
    common: dict[str, Any] = {"to": send.to, "wait": Duration(seconds=wait), "request_id": key}
    metadata = (("x-api-key", gateway.key),)
    if send.forwards is not None:
        forward = ForwardMessageRequest(message_id=send.forwards, **common)
        forwarded = await gateway.messages.ForwardMessage(forward, timeout=patience, metadata=metadata)
        return str(forwarded.message.id)
    request = SendMessageRequest(session_id=send.session, **common, **grpc_content(send))
    response = await gateway.messages.SendMessage(request, timeout=patience, metadata=metadata)
    return str(response.message.id)


_OVER_GRPC: Final[Mapping[type[Any], Callable[..., Awaitable[str]]]] = {
    Send: _send_over_grpc,
    Operation: operations.over_grpc,
    GroupChange: groups.over_grpc,
}


def _refusal(said: str, reason: str, metadata: dict[str, str], *, passes: bool) -> Answer:
    if "message_id" in metadata:
        # It was accepted, and failed while its sender waited: the gateway answers for it.
        return Answer(said=said, message_id=metadata["message_id"], refused=reason)
    return Answer(said=said) if passes or reason in _AGAIN else Answer(said=said, refused=reason)


def _info(error: grpc.aio.AioRpcError) -> ErrorInfo:
    info = ErrorInfo()
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has what is looked at
    for detail in status.details if status is not None else ():
        if detail.Unpack(info):
            break
    return info


async def _pause(until: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
