"""Requests with a key: what is kept of their answers.

Of an endpoint its id alone is kept, since its secret is in some of the answers: a repeated request is answered with the
endpoint as it is by then.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from application.idempotency.once import Form
from application.idempotency.within import answered, note_answer
from application.ports.idempotency_repository import KeyedRequest
from application.ports.unit_of_work import UnitOfWork
from application.ports.webhook_log import Delivery
from application.representation.values import time_to_text
from domain.ids import EventId, SessionId, WebhookId
from domain.webhook import DeliveryKind, DeliveryOutcome


async def done_before(uow: UnitOfWork, request: KeyedRequest | None, now: datetime) -> WebhookId | None:
    """The endpoint of a request that was done before; None lets it be done now, in this unit of work."""
    answer = await answered(uow, request, now)
    return None if answer is None else WebhookId(answer["webhook_id"])


async def note_done(uow: UnitOfWork, request: KeyedRequest | None, webhook_id: WebhookId) -> None:
    """Keeps that the request was done."""
    await note_answer(uow, request, {"webhook_id": webhook_id})


def _write(delivery: Delivery) -> Mapping[str, Any]:
    return {
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "session_id": delivery.session_id,
        "kind": delivery.kind.value,
        "attempt": delivery.attempt,
        "at": time_to_text(delivery.at),
        "took_us": delivery.took // timedelta(microseconds=1),
        "outcome": delivery.outcome.value,
        "status": delivery.status,
        "detail": delivery.detail,
    }


async def _read(answer: Mapping[str, Any]) -> Delivery:
    return Delivery(
        webhook_id=WebhookId(answer["webhook_id"]),
        event_id=EventId(answer["event_id"]),
        event_type=answer["event_type"],
        session_id=None if answer["session_id"] is None else SessionId(answer["session_id"]),
        kind=DeliveryKind(answer["kind"]),
        attempt=answer["attempt"],
        at=datetime.fromisoformat(answer["at"]),
        took=timedelta(microseconds=answer["took_us"]),
        outcome=DeliveryOutcome(answer["outcome"]),
        status=answer["status"],
        detail=answer["detail"],
    )


DELIVERY: Final = Form(write=_write, read=_read)
"""What became of a try."""
