"""Requests with a key whose work is more than one unit of work: what comes before the last isn't done again."""

from collections.abc import Mapping
from typing import Any

from application.ports.idempotency_repository import KeyedRequest
from application.ports.unit_of_work import UnitOfWorkFactory


async def earlier_answer(uow: UnitOfWorkFactory, request: KeyedRequest | None) -> Mapping[str, Any] | None:
    """What the same request was answered before; None for one that wasn't, and for one without a key.

    Raises:
        UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
    """
    if request is None:
        return None
    async with uow.begin() as unit:
        return await unit.idempotency.find(request)
