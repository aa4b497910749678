"""Webhooks."""

from typing import Final

from application.ports.webhook_log import DeadLetter, Delivery
from domain.webhook import DeliveryKind, DeliveryOutcome, DisabledReason, WebhookEndpoint
from entrypoints.grpc.converters.times import duration_to_proto, optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import webhook_pb2 as pb

# A member without a value of its own in the proto fails the import: none can be forgotten.
DISABLED: Final = {
    reason: pb.WebhookDisabledReason.Value(f"WEBHOOK_DISABLED_REASON_{reason}") for reason in DisabledReason
}
OUTCOMES: Final = {outcome: pb.DeliveryOutcome.Value(f"DELIVERY_OUTCOME_{outcome}") for outcome in DeliveryOutcome}
KINDS: Final = {kind: pb.DeliveryKind.Value(f"DELIVERY_KIND_{kind}") for kind in DeliveryKind}


def webhook_to_proto(endpoint: WebhookEndpoint) -> pb.Webhook:
    """An endpoint, without its secrets."""
    retired, reason = endpoint.retired, endpoint.disabled_reason
    return pb.Webhook(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        types=endpoint.types,
        session_ids=endpoint.session_ids,
        header_names=sorted(endpoint.headers),
        configured=endpoint.configured,
        enabled=endpoint.enabled,
        disabled_reason=DISABLED[reason] if reason else pb.WEBHOOK_DISABLED_REASON_UNSPECIFIED,
        disable_time=optional_time_to_proto(endpoint.disabled_at),
        failing_since_time=optional_time_to_proto(endpoint.failing_since),
        give_up_after=duration_to_proto(endpoint.give_up_after),
        previous_secret_expire_time=None if retired is None else time_to_proto(retired.expires_at),
        create_time=time_to_proto(endpoint.created_at),
        update_time=time_to_proto(endpoint.updated_at),
    )


def delivery_to_proto(delivery: Delivery) -> pb.Delivery:
    """One try."""
    return pb.Delivery(
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        session_id=delivery.session_id or "",
        kind=KINDS[delivery.kind],
        attempt=delivery.attempt,
        attempt_time=time_to_proto(delivery.at),
        took=duration_to_proto(delivery.took),
        outcome=OUTCOMES[delivery.outcome],
        http_status=delivery.status,
        detail=delivery.detail,
    )


def dead_letter_to_proto(letter: DeadLetter) -> pb.DeadLetter:
    """An event that was given up."""
    return pb.DeadLetter(
        event_id=letter.event_id,
        event_type=letter.event_type,
        session_id=letter.session_id or "",
        sequence=letter.position,
        attempts=letter.attempts,
        first_failure_time=time_to_proto(letter.first_failed_at),
        give_up_time=time_to_proto(letter.given_up_at),
        outcome=OUTCOMES[letter.outcome],
        http_status=letter.status,
    )
