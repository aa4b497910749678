"""Post to an endpoint out of turn: a test, or one event again."""

from application.idempotency.once import Once
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.event_log import EventLog
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhook_log import Delivery, DeliveryFilter
from application.ports.webhook_sender import WebhookSender
from application.webhooks import outcomes
from application.webhooks.envelope import TEST_TYPE, envelope_of, envelope_of_test
from application.webhooks.keyed import DELIVERY
from domain.errors import GoneError
from domain.ids import EventId, SessionId, WebhookId, parse_event_id, parse_webhook_id
from domain.webhook import DeliveryKind, DeliveryOutcome, DisabledReason, WebhookEndpoint


class DirectDelivery:
    """Posts at once, enabled or not, notes it, and lets the endpoint's standing follow."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, sender: WebhookSender) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._sender = sender

    async def post(
        self,
        endpoint: WebhookEndpoint,
        body: str,
        *,
        event_id: EventId,
        event_type: str,
        session_id: SessionId | None,
        kind: DeliveryKind,
        attempt: int = 1,
    ) -> Delivery:
        """Posts, and tells what became of it."""
        began = self._clock.now()
        result = await self._sender.send(endpoint, event_id, body)
        delivery = Delivery(
            webhook_id=endpoint.id,
            event_id=event_id,
            event_type=event_type,
            session_id=session_id,
            kind=kind,
            attempt=attempt,
            at=began,
            took=result.took,
            outcome=result.outcome,
            status=result.status,
            detail=result.detail,
        )
        async with self._uow.begin() as uow:
            # The endpoint before what refers to it: the order of everybody who locks it.
            if result.delivered:
                await outcomes.note_success(uow, endpoint.id, wake_all=True)
            elif result.outcome is DeliveryOutcome.GONE:
                await outcomes.note_failure(
                    uow, self._ids, endpoint.id, self._clock.now(), lambda _: DisabledReason.GONE
                )
            await uow.webhook_log.record(delivery)
        return delivery


class PostTestEvent:
    """Posts a ``webhook.test`` event."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, direct: DirectDelivery) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._direct = direct
        self._once = Once(uow, clock)

    async def execute(self, webhook_id: str, *, request: RequestKey | None = None) -> Delivery:
        """Posts.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        checked = parse_webhook_id(webhook_id)
        keyed = None if request is None else request.of("webhooks.test", {"webhook_id": checked})
        return await self._once.run(keyed, lambda: self._post(checked), DELIVERY)

    async def _post(self, webhook_id: WebhookId) -> Delivery:
        async with self._uow.begin() as uow:
            endpoint = await uow.webhooks.get(webhook_id)
        event_id = self._ids.event_id()
        body = envelope_of_test(event_id, endpoint.id, self._clock)
        return await self._direct.post(
            endpoint, body, event_id=event_id, event_type=TEST_TYPE, session_id=None, kind=DeliveryKind.TEST
        )


class RedeliverEvent:
    """Posts one event of the log, whether or not the endpoint's filter wants it."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, log: EventLog, direct: DirectDelivery) -> None:
        self._uow = uow
        self._log = log
        self._direct = direct
        self._once = Once(uow, clock)

    async def execute(self, webhook_id: str, event_id: str, *, request: RequestKey | None = None) -> Delivery:
        """Posts. A dead letter that is taken leaves the list.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_EVENT_ID``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            GoneError: ``EVENT_EXPIRED``: it isn't in the log, or not any more.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        checked, wanted = parse_webhook_id(webhook_id), parse_event_id(event_id)
        asked = {"webhook_id": checked, "event_id": wanted}
        keyed = None if request is None else request.of("webhooks.redeliver", asked)
        return await self._once.run(keyed, lambda: self._post(checked, wanted), DELIVERY)

    async def _post(self, webhook_id: WebhookId, wanted: EventId) -> Delivery:
        async with self._uow.begin() as uow:
            endpoint = await uow.webhooks.get(webhook_id)
            last = await uow.webhook_log.deliveries(webhook_id, DeliveryFilter(event_id=wanted), before=None, limit=1)
        await self._log.settle()
        event = await self._log.find(wanted)
        if event is None:
            raise GoneError("EVENT_EXPIRED", "This event isn't in the log, or not any more.", field="event_id")
        return await self._direct.post(
            endpoint,
            envelope_of(event),
            event_id=event.id,
            event_type=event.type,
            session_id=event.session_id,
            kind=DeliveryKind.REDELIVERY,
            attempt=last[0].delivery.attempt + 1 if last else 1,
        )
