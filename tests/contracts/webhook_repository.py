"""What every repository of webhook endpoints does. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId, WebhookId
from domain.webhook import DisabledReason, RetiredSecret
from tests.contracts.samples import SALES, SUPPORT, at, webhook

NOBODY = WebhookId("whk_" + "0" * 26)


class WebhookRepositoryContract:
    async def test_an_endpoint_comes_back_whole(self, uow: UnitOfWorkFactory) -> None:
        plain = webhook()
        full = webhook(
            description="für die Buchhaltung 🕊",
            types=("message.ack", "message.received"),
            session_ids=(SessionId("a"), SessionId("b")),
            headers={"Authorization": "Bearer x", "X-Empty": ""},
            retired=RetiredSecret(value="whsec_old", expires_at=at(60)),
            configured=True,
            disabled_reason=DisabledReason.GONE,
            disabled_at=at(1),
            failing_since=at(-1),
            give_up_after=timedelta(days=2, microseconds=3),
            updated_at=at(5),
        )
        async with uow.begin() as unit:
            await unit.webhooks.add(plain)
            await unit.webhooks.add(full)
        async with uow.begin() as unit:
            assert await unit.webhooks.get(plain.id) == plain
            assert await unit.webhooks.get(full.id, lock=True) == full
            assert await unit.webhooks.list() == (plain, full)
            assert await unit.webhooks.list(after=plain.id, limit=5) == (full,)
            assert await unit.webhooks.list(limit=1) == (plain,)

    async def test_a_change_is_kept_and_a_deleted_one_is_gone(self, uow: UnitOfWorkFactory) -> None:
        endpoint = webhook()
        async with uow.begin() as unit:
            await unit.webhooks.add(endpoint)
        changed = replace(endpoint.rotate("whsec_new", overlap=timedelta(hours=1), now=at(1)), url="https://b.example/")
        async with uow.begin() as unit:
            await unit.webhooks.save(changed)
        async with uow.begin() as unit:
            assert await unit.webhooks.get(endpoint.id) == changed
            await unit.webhooks.delete(endpoint.id)
        async with uow.begin() as unit:
            assert await unit.webhooks.list() == ()

    async def test_the_same_id_twice_is_refused(self, uow: UnitOfWorkFactory) -> None:
        endpoint = webhook()

        async def add() -> None:
            async with uow.begin() as unit:
                await unit.webhooks.add(endpoint)

        outcomes = await asyncio.gather(*(add() for _ in range(4)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert [getattr(each, "reason", each) for each in refused] == ["WEBHOOK_EXISTS"] * 3
        assert all(isinstance(each, AlreadyExistsError) for each in refused)

    async def test_an_unknown_one_is_not_found(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            for call in (
                unit.webhooks.get(NOBODY),
                unit.webhooks.get(NOBODY, lock=True),
                unit.webhooks.save(webhook(id=NOBODY)),
                unit.webhooks.delete(NOBODY),
            ):
                with pytest.raises(NotFoundError) as missing:
                    await call
                assert missing.value.reason == "WEBHOOK_NOT_FOUND"

    async def test_a_list_of_those_that_are_told_of_some_sessions_alone(self, uow: UnitOfWorkFactory) -> None:
        of_all, of_sales, of_both = webhook(), webhook(session_ids=(SALES,)), webhook(session_ids=(SALES, SUPPORT))
        async with uow.begin() as unit:
            for endpoint in (of_all, of_sales, of_both):
                await unit.webhooks.add(endpoint)
        async with uow.begin() as unit:
            assert await unit.webhooks.list(among={SALES}) == (of_sales,)
            assert await unit.webhooks.list(among={SUPPORT}) == ()
            assert await unit.webhooks.list(among={SALES, SUPPORT}) == (of_sales, of_both)
            assert await unit.webhooks.list(among={SALES, SUPPORT}, after=of_sales.id, limit=5) == (of_both,)
            assert await unit.webhooks.list(among=()) == ()
