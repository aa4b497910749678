"""The endpoint of the setting ``WEBHOOK_URL``."""

from contextlib import suppress
from dataclasses import dataclass, replace

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.webhooks import outcomes
from domain.errors import AlreadyExistsError, NotFoundError
from domain.webhook import CONFIGURED_WEBHOOK, DisabledReason, WebhookEndpoint, new_secret
from domain.webhook_checks import check_url


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredWebhook:
    """The endpoint as it is now; ``is_new``: its secret hasn't been shown to anybody yet."""

    endpoint: WebhookEndpoint
    is_new: bool


class EnsureConfiguredWebhook:
    """Makes, changes or disables the endpoint so that it is what the setting says. It wants every event."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def execute(self, url: str | None) -> ConfiguredWebhook | None:
        """Does it. None when there is no such endpoint.

        An endpoint that was disabled stays so while the address is the same: by 410, by its failures, or by somebody.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_URL``.
        """
        if url is not None:
            check_url(url)
        async with self._uow.begin() as uow:
            try:
                endpoint = await uow.webhooks.get(CONFIGURED_WEBHOOK, lock=True)
            except NotFoundError:
                if url is None:
                    return None
                with suppress(AlreadyExistsError):
                    return await self._make(uow, url)
                # Another gateway that starts on the same database was first.
                endpoint = await uow.webhooks.get(CONFIGURED_WEBHOOK, lock=True)
            if url is None:
                if endpoint.enabled:
                    endpoint = await outcomes.disable(
                        uow, self._ids, endpoint, DisabledReason.UNCONFIGURED, self._clock.now()
                    )
                return ConfiguredWebhook(endpoint=endpoint, is_new=False)
            return ConfiguredWebhook(endpoint=await self._follow(uow, endpoint, url), is_new=False)

    async def _make(self, uow: UnitOfWork, url: str) -> ConfiguredWebhook:
        now = self._clock.now()
        endpoint = WebhookEndpoint(
            id=CONFIGURED_WEBHOOK,
            url=url,
            description="WEBHOOK_URL",
            secret=new_secret(),
            configured=True,
            created_at=now,
            updated_at=now,
        )
        await uow.webhooks.add(endpoint)
        return ConfiguredWebhook(endpoint=endpoint, is_new=True)

    async def _follow(self, uow: UnitOfWork, endpoint: WebhookEndpoint, url: str) -> WebhookEndpoint:
        now = self._clock.now()
        changed = endpoint
        if url != endpoint.url:
            changed = replace(endpoint, url=url, updated_at=now).enable(now)
        elif endpoint.disabled_reason is DisabledReason.UNCONFIGURED:
            changed = endpoint.enable(now)
        if changed is not endpoint:
            await uow.webhooks.save(changed)
            await uow.webhook_queue.wake(endpoint.id, afresh=True)
        return changed
