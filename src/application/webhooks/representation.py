"""The public JSON shapes of webhooks."""

from typing import Any

from application.ports.webhook_log import DeadLetter, Delivery
from application.representation.values import time_to_text
from application.webhooks.read_webhooks import WebhookReport
from domain.webhook import WebhookEndpoint

type Json = dict[str, Any]


def webhook_to_dict(endpoint: WebhookEndpoint) -> Json:
    """An endpoint, without its secrets and its headers' values, which may be credentials."""
    retired, disabled, failing = endpoint.retired, endpoint.disabled_at, endpoint.failing_since
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "types": list(endpoint.types),
        "session_ids": list(endpoint.session_ids),
        "header_names": sorted(endpoint.headers),
        "configured": endpoint.configured,
        "enabled": endpoint.enabled,
        "disabled_reason": None if endpoint.disabled_reason is None else endpoint.disabled_reason.value,
        "disabled_at": None if disabled is None else time_to_text(disabled),
        "failing_since": None if failing is None else time_to_text(failing),
        "give_up_after": int(endpoint.give_up_after.total_seconds()),
        "previous_secret_expires_at": None if retired is None else time_to_text(retired.expires_at),
        "created_at": time_to_text(endpoint.created_at),
        "updated_at": time_to_text(endpoint.updated_at),
    }


def new_webhook_to_dict(endpoint: WebhookEndpoint) -> Json:
    """An endpoint with its secret: for whoever has just made or rotated it, and nobody else."""
    return {**webhook_to_dict(endpoint), "secret": endpoint.secret}


def report_to_dict(report: WebhookReport) -> Json:
    """An endpoint and how it fares."""
    last = report.last_success_at
    return {
        **webhook_to_dict(report.endpoint),
        "backlog": report.backlog,
        "dead_letters": report.dead_letters,
        "last_success_at": None if last is None else time_to_text(last),
    }


def delivery_to_dict(delivery: Delivery) -> Json:
    """One try."""
    return {
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "session_id": delivery.session_id,
        "kind": delivery.kind.value,
        "attempt": delivery.attempt,
        "at": time_to_text(delivery.at),
        "took_ms": round(delivery.took.total_seconds() * 1_000),
        "outcome": delivery.outcome.value,
        "http_status": delivery.status,
        "detail": delivery.detail,
    }


def dead_letter_to_dict(letter: DeadLetter) -> Json:
    """An event that was given up."""
    return {
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "session_id": letter.session_id,
        "sequence": letter.position,
        "attempts": letter.attempts,
        "first_failed_at": time_to_text(letter.first_failed_at),
        "given_up_at": time_to_text(letter.given_up_at),
        "outcome": letter.outcome.value,
        "http_status": letter.status,
    }
