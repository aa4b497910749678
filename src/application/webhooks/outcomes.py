"""What follows from an endpoint's answer, beside the lane that it concerns."""

from collections.abc import Callable
from datetime import datetime

from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork
from domain.event import NewEvent, WebhookDisabled
from domain.ids import WebhookId
from domain.webhook import DisabledReason, WebhookEndpoint


async def note_success(uow: UnitOfWork, webhook_id: WebhookId, *, wake_all: bool = False) -> None:
    """The endpoint answers again: what has failed since it didn't is due at once; with ``wake_all`` all that waits.

    An event that failed although the endpoint took others keeps to its schedule: else each success would try it again.
    """
    endpoint = await uow.webhooks.get(webhook_id, lock=True)
    recovered = endpoint.recovered()
    if recovered is not endpoint:
        await uow.webhooks.save(recovered)
    if wake_all:
        await uow.webhook_queue.wake(webhook_id)
    elif endpoint.failing_since is not None:
        await uow.webhook_queue.wake(webhook_id, since=endpoint.failing_since)


async def note_failure(
    uow: UnitOfWork,
    ids: IdGenerator,
    webhook_id: WebhookId,
    now: datetime,
    why_disable: Callable[[WebhookEndpoint], DisabledReason | None],
) -> WebhookEndpoint:
    """Notes since when the endpoint fails, and disables it where there is a reason to, with an event."""
    endpoint = await uow.webhooks.get(webhook_id, lock=True)
    failed = endpoint.failed(now)
    reason = why_disable(failed)
    if reason is not None and failed.enabled:
        failed = await disable(uow, ids, failed, reason, now)
    elif failed is not endpoint:
        await uow.webhooks.save(failed)
    return failed


async def disable(
    uow: UnitOfWork, ids: IdGenerator, endpoint: WebhookEndpoint, reason: DisabledReason, now: datetime
) -> WebhookEndpoint:
    """Disables an enabled endpoint, and says so in the event log."""
    disabled = endpoint.disable(reason, now)
    await uow.webhooks.save(disabled)
    payload = WebhookDisabled(endpoint_id=endpoint.id, reason=reason, failing_since=endpoint.failing_since)
    await uow.events.append([NewEvent(id=ids.event_id(), session_id=None, time=now, payload=payload)])
    return disabled
