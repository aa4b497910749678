"""Webhook endpoints: where events are posted to, and how each of them fares."""

import base64
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.ids import SessionId, WebhookId

CONFIGURED_WEBHOOK: Final = WebhookId("whk_00000000000000000000000000")
"""The endpoint that the setting ``WEBHOOK_URL`` makes."""

GIVE_UP_AFTER: Final = timedelta(days=5)
ROTATION_OVERLAP: Final = timedelta(hours=24)

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the form's prefix, no secret
_SECRET_BYTES: Final = 32


class DisabledReason(StrEnum):
    """Why an endpoint gets no events. Public and stable."""

    REQUESTED = "REQUESTED"
    """Somebody asked for it through the API."""
    GONE = "GONE"
    """It answered 410: it wants no more."""
    FAILING = "FAILING"
    """Nothing but failures, for as long as an event is tried."""
    UNCONFIGURED = "UNCONFIGURED"
    """``WEBHOOK_URL`` isn't set any more."""


class DeliveryOutcome(StrEnum):
    """What became of one try. Public and stable."""

    DELIVERED = "DELIVERED"
    """Answered 2xx."""
    REFUSED = "REFUSED"
    """Answered another status."""
    GONE = "GONE"
    """Answered 410."""
    REDIRECTED = "REDIRECTED"
    """Answered 3xx: redirects aren't followed."""
    TIMEOUT = "TIMEOUT"
    NAME_NOT_RESOLVED = "NAME_NOT_RESOLVED"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    """Not reached, or the connection broke before the answer's status came."""
    TLS_FAILED = "TLS_FAILED"
    """Its certificate isn't good, or no common protocol."""
    INVALID_ANSWER = "INVALID_ANSWER"
    """What it answered isn't HTTP."""
    TARGET_REFUSED = "TARGET_REFUSED"
    """Its address is private, loopback or the like, and not allowed by ``POMBO_WEBHOOK_ALLOW_PRIVATE``."""


class DeliveryKind(StrEnum):
    """What caused a try."""

    EVENT = "EVENT"
    REDELIVERY = "REDELIVERY"
    TEST = "TEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredSecret:
    """The secret before the present one: signatures with it go along until it expires."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where events are posted to.

    Attributes:
        types: the wanted types of events; empty wants all.
        session_ids: the wanted sessions; empty wants all, and the events of no session.
        headers: sent along with each request; may hold credentials, so they are never shown.
        secret: ``whsec_`` and 32 random bytes in base64: the key of the signatures.
        retired: the secret before this one, while both sign.
        configured: whether ``WEBHOOK_URL`` made it.
        disabled_reason: None while it gets events.
        failing_since: since when nothing but failures came; None when the last try went well.
        give_up_after: how long an event is tried before it goes to the dead letters.
    """

    id: WebhookId
    url: str = field(repr=False)
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    description: str = ""
    types: tuple[str, ...] = ()
    session_ids: tuple[SessionId, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    retired: RetiredSecret | None = None
    configured: bool = False
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    give_up_after: timedelta = GIVE_UP_AFTER

    @property
    def enabled(self) -> bool:
        """Whether it gets events."""
        return self.disabled_reason is None

    def concerns_only(self, session_ids: Collection[SessionId]) -> bool:
        """Whether all that it is told of is of these sessions."""
        return bool(self.session_ids) and set(self.session_ids) <= set(session_ids)

    def wants(self, event_type: str, session_id: SessionId | None) -> bool:
        """Whether an event is for this endpoint."""
        return (not self.types or event_type in self.types) and (not self.session_ids or session_id in self.session_ids)

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with: the present one, and the one before while it lasts."""
        if self.retired is None or self.retired.expires_at <= now:
            return (self.secret,)
        return (self.secret, self.retired.value)

    def rotate(self, new: str, *, overlap: timedelta, now: datetime) -> "WebhookEndpoint":
        """The endpoint with a new secret; the present one signs along for the overlap."""
        retired = RetiredSecret(value=self.secret, expires_at=now + overlap) if overlap > timedelta(0) else None
        return replace(self, secret=new, retired=retired, updated_at=now)

    def disable(self, reason: DisabledReason, now: datetime) -> "WebhookEndpoint":
        """The endpoint without events; one that is disabled keeps its reason and its time."""
        if not self.enabled:
            return self
        return replace(self, disabled_reason=reason, disabled_at=now, updated_at=now)

    def enable(self, now: datetime) -> "WebhookEndpoint":
        """The endpoint with events again, its failures forgotten."""
        if self.enabled:
            return self
        return replace(self, disabled_reason=None, disabled_at=None, failing_since=None, updated_at=now)

    def failed(self, now: datetime) -> "WebhookEndpoint":
        """The endpoint after a failed try. A beginning that lies in the future (the clock went back) begins anew."""
        if self.failing_since is not None and self.failing_since <= now:
            return self
        return replace(self, failing_since=now)

    def recovered(self) -> "WebhookEndpoint":
        """The endpoint after a try that went well."""
        return self if self.failing_since is None else replace(self, failing_since=None)


def new_secret() -> str:
    """A secret in the form of Standard Webhooks (https://www.standardwebhooks.com)."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """When a failed delivery is tried again.

    Attributes:
        waits: the pauses after the first failure, the second, …; the last one repeats.
        jitter: the share by which a pause is longer or shorter, at most.
    """

    waits: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
    )
    jitter: float = 0.1

    def wait(self, failures: int, chance: float) -> timedelta:
        """The pause after so many failures (at least one); ``chance`` is evenly spread over [0, 1)."""
        base = self.waits[min(failures, len(self.waits)) - 1]
        return base * (1 + self.jitter * (2 * chance - 1))

    def tries_within(self, span: timedelta) -> int:
        """How many tries the pauses leave room for."""
        tries, passed = 1, timedelta(0)
        while (passed := passed + self.waits[min(tries, len(self.waits)) - 1]) <= span:
            tries += 1
        return tries

    def is_over(self, *, failures: int, lasted: timedelta, give_up_after: timedelta) -> bool:
        """Whether an event has been tried long enough.

        The clock alone doesn't decide: one that jumps ahead by days would end every event at its next failure. So it
        needs half the tries that the time has room for, too.
        """
        return lasted >= give_up_after and failures >= self.tries_within(give_up_after / 2)
