"""Webhooks over both transports, on one running gateway that posts to a receiver what happens in WhatsApp."""

import json
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, override

import grpc.aio
import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from entrypoints.grpc.gen.pombo.v1 import webhook_service_pb2
from tests.unit.http_adapter.receiver import OK, Exchange, Receiver, Request, receiving, status

from .conftest import ANA, BEN, serving, two_phones
from .grpc_transport import Grpc, plain
from .processes import Gateway, Sandbox, until
from .rest_transport import Rest
from .transport import SESSION, RefusedError, Transport

pytestmark = pytest.mark.asyncio(loop_scope="module")

type Json = dict[str, Any]

_PREFIXES = ("DELIVERY_KIND_", "DELIVERY_OUTCOME_", "WEBHOOK_DISABLED_REASON_")


class Hooks(Transport):
    """What a client does with endpoints; an endpoint as it is made, and after a rotation, has its secret."""

    @abstractmethod
    async def make(self, **endpoint: Any) -> Json: ...
    @abstractmethod
    async def endpoints(self) -> list[Json]: ...
    @abstractmethod
    async def endpoint(self, endpoint: str) -> Json: ...
    @abstractmethod
    async def set(self, endpoint: str, **changes: Any) -> Json: ...
    @abstractmethod
    async def remove(self, endpoint: str) -> None: ...
    @abstractmethod
    async def rotate(self, endpoint: str, overlap: int) -> Json: ...
    @abstractmethod
    async def test(self, endpoint: str) -> Json: ...
    @abstractmethod
    async def deliveries(self, endpoint: str, **which: str) -> list[Json]: ...
    @abstractmethod
    async def dead_letters(self, endpoint: str) -> list[Json]: ...
    @abstractmethod
    async def redeliver(self, endpoint: str, event: str) -> Json: ...
    @abstractmethod
    async def replay(self, endpoint: str, after: int) -> None: ...


class HooksRest(Rest, Hooks):
    async def _of(self, endpoint: str, method: str, path: str = "", body: Any = None) -> Any:
        return await self._call(method, f"/webhooks/{endpoint}{path}", body)

    @override
    async def make(self, **endpoint: Any) -> Json:
        made: Json = await self._call("POST", "/webhooks", endpoint)
        return made

    @override
    async def endpoints(self) -> list[Json]:
        items: list[Json] = (await self._call("GET", "/webhooks"))["items"]
        return items

    @override
    async def endpoint(self, endpoint: str) -> Json:
        found: Json = await self._of(endpoint, "GET")
        return found

    @override
    async def set(self, endpoint: str, **changes: Any) -> Json:
        changed: Json = await self._of(endpoint, "PATCH", body=changes)
        return changed

    @override
    async def remove(self, endpoint: str) -> None:
        await self._of(endpoint, "DELETE")

    @override
    async def rotate(self, endpoint: str, overlap: int) -> Json:
        rotated: Json = await self._of(endpoint, "POST", "/rotate-secret", {"overlap": overlap})
        return rotated

    @override
    async def test(self, endpoint: str) -> Json:
        delivery: Json = await self._of(endpoint, "POST", "/test")
        return delivery

    @override
    async def deliveries(self, endpoint: str, **which: str) -> list[Json]:
        query = "&".join(f"{name}={value}" for name, value in which.items())
        items: list[Json] = (await self._of(endpoint, "GET", f"/deliveries?{query}"))["items"]
        return items

    @override
    async def dead_letters(self, endpoint: str) -> list[Json]:
        items: list[Json] = (await self._of(endpoint, "GET", "/dead-letters"))["items"]
        return items

    @override
    async def redeliver(self, endpoint: str, event: str) -> Json:
        delivery: Json = await self._of(endpoint, "POST", "/redeliver", {"event_id": event})
        return delivery

    @override
    async def replay(self, endpoint: str, after: int) -> None:
        await self._of(endpoint, "POST", "/replay", {"after": after})


class HooksGrpc(Grpc, Hooks):
    async def _hooks(self, name: str, **fields: Any) -> Any:
        return plain(await self._call(f"WebhookService/{name}", webhook_service_pb2, **fields), _PREFIXES)

    @override
    async def make(self, **endpoint: Any) -> Json:
        made = await self._hooks("CreateWebhook", **endpoint)
        return {**made["webhook"], "secret": made["secret"]}

    @override
    async def endpoints(self) -> list[Json]:
        found: list[Json] = (await self._hooks("ListWebhooks"))["webhooks"]
        return found

    @override
    async def endpoint(self, endpoint: str) -> Json:
        found = await self._hooks("GetWebhook", webhook_id=endpoint)
        return {**found["webhook"], **found["health"]}

    @override
    async def set(self, endpoint: str, **changes: Any) -> Json:
        fields = {"webhook": {"id": endpoint, **changes}, "update_mask": ",".join(changes)}
        changed: Json = (await self._hooks("UpdateWebhook", **fields))["webhook"]
        return changed

    @override
    async def remove(self, endpoint: str) -> None:
        await self._hooks("DeleteWebhook", webhook_id=endpoint)

    @override
    async def rotate(self, endpoint: str, overlap: int) -> Json:
        rotated = await self._hooks("RotateWebhookSecret", webhook_id=endpoint, overlap=f"{overlap}s")
        return {**rotated["webhook"], "secret": rotated["secret"]}

    @override
    async def test(self, endpoint: str) -> Json:
        delivery: Json = (await self._hooks("TestWebhook", webhook_id=endpoint))["delivery"]
        return delivery

    @override
    async def deliveries(self, endpoint: str, **which: str) -> list[Json]:
        if "outcome" in which:
            which["outcome"] = f"DELIVERY_OUTCOME_{which['outcome']}"
        found: list[Json] = (await self._hooks("ListDeliveries", webhook_id=endpoint, **which))["deliveries"]
        return found

    @override
    async def dead_letters(self, endpoint: str) -> list[Json]:
        found: list[Json] = (await self._hooks("ListDeadLetters", webhook_id=endpoint))["dead_letters"]
        return found

    @override
    async def redeliver(self, endpoint: str, event: str) -> Json:
        delivery: Json = (await self._hooks("RedeliverEvent", webhook_id=endpoint, event_id=event))["delivery"]
        return delivery

    @override
    async def replay(self, endpoint: str, after: int) -> None:
        await self._hooks("ReplayEvents", webhook_id=endpoint, after=after)


@dataclass
class Place:
    gateway: Gateway
    sandbox: Sandbox
    over: dict[str, Hooks]

    async def writes(self, text: str) -> Json:
        """Ben writes; gives the event of it."""
        await self.sandbox.send(BEN, ANA, text)
        message = await self.gateway.received(text)
        events = await self.gateway.events("message.received")
        (event,) = [event for event in events if event["payload"]["message"]["id"] == message["id"]]
        return dict(event)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    home: Path = tmp_path_factory.mktemp("webhooks")
    settings = {"POMBO_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8", "POMBO_WEBHOOK_RETRY_SCHEDULE": "0.1s"}
    async with two_phones(home) as sandbox, serving(home, sandbox, **settings) as gateway:
        await gateway.link(SESSION, sandbox, ANA)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
            yield Place(gateway, sandbox, {"rest": HooksRest(gateway), "grpc": HooksGrpc(channel, gateway.key)})


@pytest_asyncio.fixture(loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def api(place: Place, over: str) -> Hooks:
    return place.over[over]


async def posted(receiver: Receiver, count: int) -> list[Request]:
    """What was posted, once it is so much."""

    async def look() -> bool | None:
        return len(receiver.requests) >= count or None

    await until(look)
    assert len(receiver.requests) == count
    return receiver.requests


def opened(request: Request, secret: str) -> Json:
    """The event that was posted, if the secret signed it."""
    Webhook(secret).verify(request.body, request.headers)
    event: Json = json.loads(request.body)
    return event


async def test_an_endpoint_s_life(place: Place, api: Hooks, over: str, receiver: Receiver) -> None:
    wanted = {"types": ["message.received"], "session_ids": [SESSION], "headers": {"X-Ours": over}}
    made = await api.make(url=receiver.url(), **wanted)
    endpoint, secret = made["id"], made["secret"]
    found = await api.endpoint(endpoint)
    assert (found["url"], found["types"], found["header_names"]) == (receiver.url(), ["message.received"], ["X-Ours"])
    assert (found["enabled"], "secret" in found) == (True, False)
    assert [each["id"] for each in await api.endpoints()].count(endpoint) == 1

    tested = await api.test(endpoint)
    assert (tested["kind"], tested["outcome"], tested["http_status"]) == ("TEST", "DELIVERED", 204)
    event = await place.writes(f"first {over}")
    trial, first = await posted(receiver, 2)
    assert opened(trial, secret)["type"] == "webhook.test"
    assert (opened(first, secret), first.headers["webhook-id"]) == (event, event["id"])
    assert first.headers["x-ours"] == over

    rotated = (await api.rotate(endpoint, 3_600))["secret"]
    event = await place.writes(f"second {over}")
    *_, second = await posted(receiver, 3)
    assert opened(second, secret) == opened(second, rotated) == event
    newest = (await api.rotate(endpoint, 0))["secret"]
    event = await place.writes(f"third {over}")
    *_, third = await posted(receiver, 4)
    assert opened(third, newest) == event
    with pytest.raises(WebhookVerificationError):
        opened(third, rotated)

    changed = await api.set(endpoint, description="ours", enabled=False)
    assert (changed["description"], changed["enabled"], changed["disabled_reason"]) == ("ours", False, "REQUESTED")
    event = await place.writes(f"meanwhile {over}")
    assert (await api.set(endpoint, enabled=True))["enabled"] is True
    # It keeps its place.
    assert opened((await posted(receiver, 5))[-1], newest) == event

    await api.remove(endpoint)
    with pytest.raises(RefusedError) as refused:
        await api.endpoint(endpoint)
    assert refused.value.reason == "WEBHOOK_NOT_FOUND"
    assert endpoint not in [each["id"] for each in await api.endpoints()]


async def test_what_fails_comes_again(place: Place, api: Hooks, over: str, receiver: Receiver) -> None:
    answers = [status(500), status(503)]

    async def troubled(exchange: Exchange) -> None:
        await exchange.answer(answers.pop(0) if answers else OK)

    receiver.handler = troubled
    made = await api.make(url=receiver.url(), types=["message.received"])
    endpoint, secret = made["id"], made["secret"]
    first, second = await place.writes(f"one {over}"), await place.writes(f"two {over}")
    tries = [opened(request, secret) for request in await posted(receiver, 4)]
    assert tries == [first, first, first, second]

    async def all_told() -> list[Json] | None:
        told = await api.deliveries(endpoint)
        return told if len(told) == 4 else None

    told = await until(all_told)
    assert [(each["event_id"], each["outcome"], each["http_status"], each["attempt"]) for each in told] == [
        (second["id"], "DELIVERED", 204, 1),
        (first["id"], "DELIVERED", 204, 3),
        (first["id"], "REFUSED", 503, 2),
        (first["id"], "REFUSED", 500, 1),
    ]
    refused = await api.deliveries(endpoint, outcome="REFUSED", event_id=first["id"])
    assert (refused, await api.dead_letters(endpoint)) == (told[2:], [])

    again = await api.redeliver(endpoint, first["id"])
    assert (again["kind"], again["outcome"], again["event_id"]) == ("REDELIVERY", "DELIVERED", first["id"])
    await api.replay(endpoint, first["sequence"] - 1)
    tries = [opened(request, secret) for request in await posted(receiver, 7)]
    assert tries[4:] == [first, first, second]

    # An endpoint that says that it is gone is disabled, and that is told.
    answers.append(status(410))
    await place.writes(f"three {over}")

    async def disabled() -> list[Json] | None:
        events = [event["payload"] for event in await place.gateway.events("webhook.disabled")]
        return [payload for payload in events if payload["webhook_id"] == endpoint] or None

    assert [each["reason"] for each in await until(disabled)] == ["GONE"]
    found = await api.endpoint(endpoint)
    assert (found["enabled"], found["disabled_reason"], found["backlog"]) == (False, "GONE", 1)
    await api.remove(endpoint)
