"""Webhook receivers in memory."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final, override

from application.ports.clock import Clock
from application.ports.webhook_sender import SendResult, WebhookSender
from domain.errors import InvalidArgumentError
from domain.ids import EventId
from domain.webhook import DeliveryOutcome, WebhookEndpoint

REFUSED_HOST: Final = "http://private.test"
"""What begins like this is refused, as a private address is."""

_BY_STATUS: Final[Mapping[int, DeliveryOutcome]] = {
    2: DeliveryOutcome.DELIVERED,
    3: DeliveryOutcome.REDIRECTED,
}


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came."""

    url: str
    event_id: EventId
    body: str
    secrets: tuple[str, ...]


@dataclass(slots=True)
class MemoryWebhookReceivers:
    """Every receiver there is, by address. Each takes what comes unless its script says otherwise.

    Attributes:
        received: what came and was taken, in order.
        tried: what came at all.
        standing: what a receiver answers when its script is at its end.
        hanging: receivers that don't answer until they are taken off.
    """

    received: list[Received] = field(default_factory=list)
    tried: list[Received] = field(default_factory=list)
    scripts: defaultdict[str, deque[int | DeliveryOutcome]] = field(default_factory=lambda: defaultdict(deque))
    standing: dict[str, int | DeliveryOutcome] = field(default_factory=dict)
    hanging: dict[str, asyncio.Event] = field(default_factory=dict)

    def next_answer(self, url: str) -> int | DeliveryOutcome:
        """What the receiver does with the request that comes now: a status, or an outcome without one."""
        script = self.scripts[url]
        return script.popleft() if script else self.standing.get(url, HTTPStatus.NO_CONTENT)


class MemoryWebhookSender(WebhookSender):
    """Hands events to the receivers in memory."""

    def __init__(self, receivers: MemoryWebhookReceivers, clock: Clock) -> None:
        self._receivers = receivers
        self._clock = clock

    @override
    def check_target(self, url: str) -> None:
        if url.startswith(REFUSED_HOST):
            raise InvalidArgumentError("WEBHOOK_TARGET_REFUSED", "This address is refused.", field="url")

    @override
    async def send(self, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> SendResult:
        began = self._clock.now()
        secrets = endpoint.signing_secrets(began)
        request = Received(endpoint.url, event_id, body, secrets)
        if endpoint.url.startswith(REFUSED_HOST):
            return self._result(DeliveryOutcome.TARGET_REFUSED)
        self._receivers.tried.append(request)
        await asyncio.sleep(0)
        if (hanging := self._receivers.hanging.get(endpoint.url)) is not None:
            await hanging.wait()
        result = self._result(self._receivers.next_answer(endpoint.url))
        if result.delivered:
            self._receivers.received.append(request)
        return result

    def _result(self, answer: int | DeliveryOutcome) -> SendResult:
        if isinstance(answer, DeliveryOutcome):
            return SendResult(outcome=answer, took=timedelta(0), detail="as scripted")
        if answer == HTTPStatus.GONE:
            return SendResult(outcome=DeliveryOutcome.GONE, took=timedelta(0), status=answer)
        outcome = _BY_STATUS.get(answer // 100, DeliveryOutcome.REFUSED)
        return SendResult(outcome=outcome, took=timedelta(0), status=answer)
