"""Create, change, delete webhook endpoints; rotate their secrets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from application.audit.notes import note_target
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhook_sender import WebhookSender
from application.webhooks import outcomes
from application.webhooks.keyed import done_before, note_done
from domain import webhook_checks as checks
from domain.errors import ConflictError
from domain.event import PAYLOAD_TYPES
from domain.ids import parse_webhook_id
from domain.webhook import GIVE_UP_AFTER, ROTATION_OVERLAP, DisabledReason, WebhookEndpoint, new_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhookCommand:
    """``types`` and ``session_ids`` empty: all."""

    url: str
    description: str = ""
    types: Collection[str] = ()
    session_ids: Collection[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    give_up_after: timedelta = GIVE_UP_AFTER
    enabled: bool = True
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWebhookCommand:
    """None leaves a field as it is; collections replace the whole."""

    webhook_id: str
    url: str | None = None
    description: str | None = None
    types: Collection[str] | None = None
    session_ids: Collection[str] | None = None
    headers: Mapping[str, str] | None = None
    give_up_after: timedelta | None = None
    enabled: bool | None = None
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSecretCommand:
    """``overlap``: how long the present secret signs along."""

    webhook_id: str
    overlap: timedelta = ROTATION_OVERLAP
    request: RequestKey | None = None


class CreateWebhook:
    """Makes an endpoint. It gets what happens from now on. Its secret is in the result and told this once."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, sender: WebhookSender) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._sender = sender

    async def execute(self, command: CreateWebhookCommand) -> WebhookEndpoint:
        """Creates.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_URL``, ``WEBHOOK_TARGET_REFUSED``, ``INVALID_DESCRIPTION``,
                ``UNKNOWN_EVENT_TYPE``, ``INVALID_SESSION_ID``, ``TOO_MANY_SESSIONS``, ``INVALID_WEBHOOK_HEADERS``,
                ``INVALID_DURATION``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        keyed = None if command.request is None else command.request.of("webhooks.create", _asked(command))
        now = self._clock.now()
        endpoint = WebhookEndpoint(
            id=self._ids.webhook_id(),
            url=checks.check_url(command.url),
            description=checks.check_description(command.description),
            types=checks.check_types(command.types, PAYLOAD_TYPES),
            session_ids=checks.check_sessions(command.session_ids),
            headers=checks.check_headers(command.headers),
            give_up_after=checks.check_give_up(command.give_up_after),
            secret=new_secret(),
            created_at=now,
            updated_at=now,
        )
        self._sender.check_target(endpoint.url)
        if not command.enabled:
            endpoint = endpoint.disable(DisabledReason.REQUESTED, now)
        async with self._uow.begin() as uow:
            if (done := await done_before(uow, keyed, now)) is not None:
                return await uow.webhooks.get(done)
            await uow.webhooks.add(endpoint)
            await note_done(uow, keyed, endpoint.id)
        note_target("webhook", endpoint.id)
        return endpoint


class UpdateWebhook:
    """Changes an endpoint. What waits for it is due at once, as if it had never failed."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, sender: WebhookSender) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._sender = sender

    async def execute(self, command: UpdateWebhookCommand) -> WebhookEndpoint:
        """Changes.

        Raises:
            InvalidArgumentError: as ``CreateWebhook``, and ``INVALID_WEBHOOK_ID``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            ConflictError: ``WEBHOOK_CONFIGURED``: the address is the setting's.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        webhook_id = parse_webhook_id(command.webhook_id)
        keyed = None if command.request is None else command.request.of("webhooks.update", _asked(command))
        now = self._clock.now()
        async with self._uow.begin() as uow:
            if (done := await done_before(uow, keyed, now)) is not None:
                return await uow.webhooks.get(done)
            endpoint = await uow.webhooks.get(webhook_id, lock=True)
            changed = self._change(endpoint, command, now)
            if command.enabled is False and changed.enabled:
                changed = await outcomes.disable(uow, self._ids, changed, DisabledReason.REQUESTED, now)
            else:
                changed = changed.enable(now) if command.enabled else changed
                await uow.webhooks.save(changed)
                await uow.webhook_queue.wake(webhook_id, afresh=True)
            await note_done(uow, keyed, webhook_id)
        return changed

    def _change(self, endpoint: WebhookEndpoint, command: UpdateWebhookCommand, now: datetime) -> WebhookEndpoint:
        if command.url is not None and command.url != endpoint.url:
            if endpoint.configured:
                raise ConflictError(
                    "WEBHOOK_CONFIGURED", "This webhook's address is set by WEBHOOK_URL; change it there."
                )
            self._sender.check_target(checks.check_url(command.url))
            endpoint = replace(endpoint, url=command.url)
        if command.description is not None:
            endpoint = replace(endpoint, description=checks.check_description(command.description))
        if command.types is not None:
            endpoint = replace(endpoint, types=checks.check_types(command.types, PAYLOAD_TYPES))
        if command.session_ids is not None:
            endpoint = replace(endpoint, session_ids=checks.check_sessions(command.session_ids))
        if command.headers is not None:
            endpoint = replace(endpoint, headers=checks.check_headers(command.headers))
        if command.give_up_after is not None:
            endpoint = replace(endpoint, give_up_after=checks.check_give_up(command.give_up_after))
        return replace(endpoint, updated_at=now)


class DeleteWebhook:
    """Removes an endpoint with its delivery log and its dead letters."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, webhook_id: str, *, request: RequestKey | None = None) -> None:
        """Deletes.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            ConflictError: ``WEBHOOK_CONFIGURED``: the next start would make it again.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        checked = parse_webhook_id(webhook_id)
        keyed = None if request is None else request.of("webhooks.delete", {"webhook_id": checked})
        async with self._uow.begin() as uow:
            if await done_before(uow, keyed, self._clock.now()) is not None:
                return
            endpoint = await uow.webhooks.get(checked, lock=True)
            if endpoint.configured and endpoint.disabled_reason is not DisabledReason.UNCONFIGURED:
                raise ConflictError("WEBHOOK_CONFIGURED", "This webhook is made by WEBHOOK_URL; take the setting away.")
            await uow.webhooks.delete(checked)
            await note_done(uow, keyed, checked)


class RotateWebhookSecret:
    """Gives an endpoint a new secret, told this once. For the overlap both sign."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, command: RotateSecretCommand) -> WebhookEndpoint:
        """Rotates.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_DURATION``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        overlap = checks.check_overlap(command.overlap)
        asked = {"webhook_id": command.webhook_id, "overlap": overlap.total_seconds()}
        keyed = None if command.request is None else command.request.of("webhooks.rotate", asked)
        now = self._clock.now()
        async with self._uow.begin() as uow:
            if (done := await done_before(uow, keyed, now)) is not None:
                return await uow.webhooks.get(done)
            endpoint = await uow.webhooks.get(parse_webhook_id(command.webhook_id), lock=True)
            rotated = endpoint.rotate(new_secret(), overlap=overlap, now=now)
            await uow.webhooks.save(rotated)
            await note_done(uow, keyed, rotated.id)
        return rotated


def _asked(command: CreateWebhookCommand | UpdateWebhookCommand) -> Mapping[str, Any]:
    return {
        "webhook_id": command.webhook_id if isinstance(command, UpdateWebhookCommand) else None,
        "url": command.url,
        "description": command.description,
        "types": None if command.types is None else sorted(command.types),
        "session_ids": None if command.session_ids is None else sorted(command.session_ids),
        "headers": None if command.headers is None else dict(command.headers),
        "give_up_after": None if command.give_up_after is None else command.give_up_after.total_seconds(),
        "enabled": command.enabled,
    }
