"""Requests with a key whose work is one unit of work: begun and answered in it, so that nobody ever sees them busy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.ports.idempotency_repository import KeyedRequest
from application.ports.unit_of_work import UnitOfWork


async def answered(uow: UnitOfWork, request: KeyedRequest | None, now: datetime) -> Mapping[str, Any] | None:
    """What the request was answered before; None lets it be done now, in this unit of work.

    Raises:
        UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
    """
    if request is None:
        return None
    return (await uow.idempotency.claim(request, now=now, busy_until=now)).answer


async def note_answer(uow: UnitOfWork, request: KeyedRequest | None, answer: Mapping[str, Any]) -> None:
    """Keeps the answer, where the request has a key."""
    if request is not None:
        await uow.idempotency.answer(request, answer)
