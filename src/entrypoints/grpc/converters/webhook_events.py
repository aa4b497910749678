"""Payloads of events of webhook endpoints."""

from typing import Any, Final

from domain.webhook_events import WebhookDisabled
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.times import optional_time_to_proto
from entrypoints.grpc.converters.webhooks import DISABLED
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb


def _disabled(payload: WebhookDisabled) -> pb.WebhookDisabled:
    return pb.WebhookDisabled(
        webhook_id=payload.endpoint_id,
        reason=DISABLED[payload.reason],
        failing_since_time=optional_time_to_proto(payload.failing_since),
    )


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(field="webhook_disabled", kind=WebhookDisabled, write=_disabled),
)
