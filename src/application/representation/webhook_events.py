"""Payloads of events of webhooks."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.payload_form import PayloadForm
from application.representation.values import Json, optional_time, read_optional_time
from domain.event import WebhookDisabled
from domain.ids import WebhookId
from domain.webhook import DisabledReason


def _write_disabled(payload: WebhookDisabled) -> Json:
    return {
        "webhook_id": payload.endpoint_id,
        "reason": payload.reason.value,
        "failing_since": optional_time(payload.failing_since),
    }


def _read_disabled(data: Mapping[str, Any]) -> WebhookDisabled:
    return WebhookDisabled(
        endpoint_id=WebhookId(data["webhook_id"]),
        reason=DisabledReason(data["reason"]),
        failing_since=read_optional_time(data.get("failing_since")),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    PayloadForm(kind=WebhookDisabled, write=_write_disabled, read=_read_disabled),
)
