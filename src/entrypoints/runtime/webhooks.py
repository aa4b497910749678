"""Webhooks: the sender, and the endpoint that a setting names."""

from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog

from adapters.http.webhook_sender import HttpWebhookSender, SenderSettings
from application.ports.clock import Clock
from application.ports.webhook_sender import WebhookSender
from application.webhooks.configured_webhook import ConfiguredWebhook, EnsureConfiguredWebhook
from domain.errors import InvalidArgumentError
from domain.ids import WebhookId
from domain.webhook import DisabledReason
from entrypoints.runtime.announcer import Announcer
from entrypoints.settings import Settings

_log: Final = structlog.stdlib.get_logger(__name__)


def open_webhook_sender(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[HttpWebhookSender]:
    """The sender, open for the time of the context."""
    return HttpWebhookSender.open(clock, SenderSettings(allowed=settings.webhook_allow_private))


async def ensure_webhook(
    ensure: EnsureConfiguredWebhook, sender: WebhookSender, settings: Settings, announcer: Announcer
) -> ConfiguredWebhook | None:
    """Lets the endpoint of ``WEBHOOK_URL`` be what the setting says; warns when it gets nothing all the same."""
    url = settings.webhook_url
    if url is not None:
        try:
            sender.check_target(url.get_secret_value())
        except InvalidArgumentError as error:
            announcer.warn(f"Nothing will reach WEBHOOK_URL. {error.message}")
    configured = await ensure.execute(None if url is None else url.get_secret_value())
    if configured is not None and configured.endpoint.disabled_reason not in {None, DisabledReason.UNCONFIGURED}:
        announcer.warn(
            f"The endpoint of WEBHOOK_URL is disabled ({configured.endpoint.disabled_reason}) and gets nothing: enable "
            f"{configured.endpoint.id} with PATCH /api/v1/webhooks/{configured.endpoint.id}."
        )
    return configured


def log_lane_fault(webhook_id: WebhookId, fault: Exception) -> None:
    """Puts a fault of ours on record."""
    _log.error("webhook_fault", webhook_id=webhook_id, exc_info=fault)
