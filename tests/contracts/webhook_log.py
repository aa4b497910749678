"""What every log of webhook deliveries does. Fixture: ``uow``, over an empty store."""

from datetime import timedelta
from typing import Any

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhook_log import DeadLetter, Delivery, DeliveryFilter
from domain.errors import NotFoundError
from domain.ids import EventId, WebhookId
from domain.webhook import DeliveryKind, DeliveryOutcome
from tests.contracts.samples import IDS, SALES, at, webhook

ALL = DeliveryFilter()


def delivery(webhook_id: WebhookId, **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "webhook_id": webhook_id,
        "event_id": IDS.event_id(),
        "event_type": "message.ack",
        "session_id": SALES,
        "kind": DeliveryKind.EVENT,
        "attempt": 1,
        "at": at(0),
        "took": timedelta(milliseconds=12),
        "outcome": DeliveryOutcome.DELIVERED,
        "status": 204,
    }
    return Delivery(**{**values, **changes})


def letter(webhook_id: WebhookId, position: int, **changes: Any) -> DeadLetter:
    values: dict[str, Any] = {
        "webhook_id": webhook_id,
        "event_id": EventId(f"evt_{position}"),
        "event_type": "message.ack",
        "session_id": None,
        "position": position,
        "attempts": 17,
        "first_failed_at": at(0),
        "given_up_at": at(9),
        "outcome": DeliveryOutcome.TIMEOUT,
        "status": None,
    }
    return DeadLetter(**{**values, **changes})


async def added(uow: UnitOfWorkFactory) -> WebhookId:
    endpoint = webhook()
    async with uow.begin() as unit:
        await unit.webhooks.add(endpoint)
    return endpoint.id


class WebhookLogContract:
    async def test_tries_come_newest_first_filtered_and_paged(self, uow: UnitOfWorkFactory) -> None:
        mine, other = await added(uow), await added(uow)
        failed = delivery(
            mine, session_id=None, outcome=DeliveryOutcome.REFUSED, status=503, detail="Answered 503.", attempt=2
        )
        noted = [delivery(mine), failed, delivery(mine, event_id=failed.event_id, kind=DeliveryKind.REDELIVERY)]
        async with uow.begin() as unit:
            for each in (noted[0], delivery(other), *noted[1:]):
                await unit.webhook_log.record(each)
        async with uow.begin() as unit:
            log = unit.webhook_log
            shown = await log.deliveries(mine, ALL, before=None, limit=9)
            assert [each.delivery for each in shown] == noted[::-1]
            first = await log.deliveries(mine, ALL, before=None, limit=2)
            rest = await log.deliveries(mine, ALL, before=first[-1].number, limit=2)
            assert [*first, *rest] == list(shown)
            of_event = await log.deliveries(mine, DeliveryFilter(event_id=failed.event_id), before=None, limit=9)
            assert [each.delivery for each in of_event] == noted[:0:-1]
            refused = DeliveryFilter(outcome=DeliveryOutcome.REFUSED)
            assert [each.delivery for each in await log.deliveries(mine, refused, before=None, limit=9)] == [failed]

    async def test_the_last_success(self, uow: UnitOfWorkFactory) -> None:
        mine = await added(uow)
        async with uow.begin() as unit:
            assert await unit.webhook_log.last_success(mine) is None
            await unit.webhook_log.record(delivery(mine, at=at(1)))
            await unit.webhook_log.record(delivery(mine, at=at(2)))
            await unit.webhook_log.record(delivery(mine, at=at(3), outcome=DeliveryOutcome.TIMEOUT, status=None))
            assert await unit.webhook_log.last_success(mine) == at(2)

    async def test_dead_letters_come_in_the_logs_order_and_a_success_takes_one_off(
        self, uow: UnitOfWorkFactory
    ) -> None:
        mine, other = await added(uow), await added(uow)
        letters = [letter(mine, position) for position in (3, 5, 9)]
        async with uow.begin() as unit:
            for each in (letters[2], letters[0], letter(other, 4), letters[1]):
                await unit.webhook_log.bury(each)
        async with uow.begin() as unit:
            log = unit.webhook_log
            assert await log.dead_letters(mine, after=0, limit=9) == tuple(letters)
            assert await log.dead_letters(mine, after=3, limit=1) == (letters[1],)
            assert await log.count_dead_letters(mine) == 3
            await log.record(delivery(mine, event_id=letters[1].event_id, outcome=DeliveryOutcome.TIMEOUT))
            assert await log.count_dead_letters(mine) == 3
            await log.record(delivery(mine, event_id=letters[1].event_id))
            again = letter(mine, 9, attempts=40, outcome=DeliveryOutcome.REFUSED, status=500)
            await log.bury(again)
        async with uow.begin() as unit:
            assert await unit.webhook_log.dead_letters(mine, after=0, limit=9) == (letters[0], again)
            assert await unit.webhook_log.count_dead_letters(other) == 1

    async def test_old_tries_are_removed_the_oldest_first(self, uow: UnitOfWorkFactory) -> None:
        mine = await added(uow)
        async with uow.begin() as unit:
            for seconds in range(5):
                await unit.webhook_log.record(delivery(mine, at=at(seconds)))
        async with uow.begin() as unit:
            assert await unit.webhook_log.prune(at(3), limit=2) == 2
            assert await unit.webhook_log.prune(at(3), limit=2) == 1
            assert await unit.webhook_log.prune(at(3), limit=2) == 0
            left = await unit.webhook_log.deliveries(mine, ALL, before=None, limit=9)
            assert [each.delivery.at for each in left] == [at(4), at(3)]

    async def test_a_deleted_endpoint_leaves_nothing(self, uow: UnitOfWorkFactory) -> None:
        mine = await added(uow)
        async with uow.begin() as unit:
            await unit.webhook_log.record(delivery(mine))
            await unit.webhook_log.bury(letter(mine, 1))
        async with uow.begin() as unit:
            await unit.webhooks.delete(mine)
        async with uow.begin() as unit:
            assert await unit.webhook_log.deliveries(mine, ALL, before=None, limit=9) == ()
            assert await unit.webhook_log.count_dead_letters(mine) == 0
            with pytest.raises(NotFoundError):
                await unit.webhook_log.record(delivery(mine))
