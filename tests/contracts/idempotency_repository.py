"""What every store of answers by request key does. Fixture: ``uow``, over an empty store."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from application.ports.idempotency_repository import Claim, KeyedRequest
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import ConflictError, UnprocessableError
from tests.contracts.samples import NOON, at

REQUEST = KeyedRequest(scope="key:1", key="order 7", fingerprint=b"f" * 32)
OTHER_CONTENT = replace(REQUEST, fingerprint=b"g" * 32)
ANSWER = {"message_id": "msg_1", "text": "ü 🕊 \x00 \ud83d", "deep": [{"n": 1, "none": None}]}


async def claim(uow: UnitOfWorkFactory, request: KeyedRequest = REQUEST, *, now: float = 0, busy: float = 0) -> Claim:
    async with uow.begin() as unit:
        return await unit.idempotency.claim(request, now=at(now), busy_until=at(now + busy))


async def do(uow: UnitOfWorkFactory, request: KeyedRequest = REQUEST, *, now: float = 0) -> Claim:
    """Begins and answers in one unit of work."""
    async with uow.begin() as unit:
        found = await unit.idempotency.claim(request, now=at(now), busy_until=at(now))
        if found.answer is None:
            await unit.idempotency.answer(request, ANSWER)
        return found


class IdempotencyRepositoryContract:
    async def test_what_was_answered_is_answered_alike(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            assert await unit.idempotency.find(REQUEST) is None
        assert await do(uow) == Claim()
        assert await do(uow, now=1_000) == Claim(answer=ANSWER)
        async with uow.begin() as unit:
            assert await unit.idempotency.find(REQUEST) == ANSWER

    async def test_keys_are_their_owners(self, uow: UnitOfWorkFactory) -> None:
        await do(uow)
        for other in (replace(REQUEST, scope="key:2"), replace(REQUEST, key="order 8")):
            assert await do(uow, other) == Claim()

    async def test_a_key_that_came_with_another_request_is_refused(self, uow: UnitOfWorkFactory) -> None:
        await claim(uow, busy=60)
        with pytest.raises(UnprocessableError) as busy:
            await claim(uow, OTHER_CONTENT)
        async with uow.begin() as unit:
            await unit.idempotency.answer(REQUEST, ANSWER)
        with pytest.raises(UnprocessableError) as answered:
            await claim(uow, OTHER_CONTENT)
        with pytest.raises(UnprocessableError) as found:
            async with uow.begin() as unit:
                await unit.idempotency.find(OTHER_CONTENT)
        assert {error.value.reason for error in (busy, answered, found)} == {"IDEMPOTENCY_KEY_REUSED"}

    async def test_a_unit_of_work_that_is_taken_back_leaves_no_record(self, uow: UnitOfWorkFactory) -> None:
        with suppress(ZeroDivisionError):
            async with uow.begin() as unit:
                await unit.idempotency.claim(REQUEST, now=NOON, busy_until=NOON)
                await unit.idempotency.answer(REQUEST, ANSWER)
                raise ZeroDivisionError
        assert await do(uow, OTHER_CONTENT) == Claim()

    async def test_of_two_at_once_one_does_the_work(self, uow: UnitOfWorkFactory) -> None:
        begun = asyncio.Event()

        async def first() -> Claim:
            async with uow.begin() as unit:
                found = await unit.idempotency.claim(REQUEST, now=NOON, busy_until=NOON)
                begun.set()
                await asyncio.sleep(0.05)
                await unit.idempotency.answer(REQUEST, ANSWER)
                return found

        async def second() -> Claim:
            await begun.wait()
            return await do(uow)

        assert await asyncio.gather(first(), second()) == [Claim(), Claim(answer=ANSWER)]

    async def test_when_the_first_of_two_fails_the_other_does_it(self, uow: UnitOfWorkFactory) -> None:
        begun = asyncio.Event()

        async def first() -> None:
            async with uow.begin() as unit:
                await unit.idempotency.claim(REQUEST, now=NOON, busy_until=NOON)
                begun.set()
                await asyncio.sleep(0.05)
                raise ZeroDivisionError

        async def second() -> Claim:
            await begun.wait()
            return await do(uow)

        failed, done = await asyncio.gather(first(), second(), return_exceptions=True)
        assert isinstance(failed, ZeroDivisionError)
        assert done == Claim()

    async def test_a_claim_that_a_wrong_clock_made_is_taken_over(self, uow: UnitOfWorkFactory) -> None:
        await claim(uow, now=7_200, busy=60)
        assert await claim(uow, now=60, busy=60) == Claim(taken_over=True, begun_at=at(7_200))
        with pytest.raises(ConflictError, match="being worked on"):
            await claim(uow, now=0, busy=60)  # a clock that is a minute behind

    async def test_a_busy_request_is_left_alone_until_its_time_is_over(self, uow: UnitOfWorkFactory) -> None:
        assert await claim(uow, busy=60) == Claim()
        with pytest.raises(ConflictError) as caught:
            await claim(uow, now=59)
        assert caught.value.reason == "REQUEST_IN_PROGRESS"
        # Whoever takes over learns since when there may be something to find.
        assert await claim(uow, now=60, busy=60) == Claim(taken_over=True, begun_at=at(0))
        with pytest.raises(ConflictError):
            await claim(uow, now=119)

    async def test_a_released_key_is_free_and_an_answered_one_isnt(self, uow: UnitOfWorkFactory) -> None:
        await claim(uow, busy=60)
        async with uow.begin() as unit:
            await unit.idempotency.release(REQUEST)
        assert await do(uow, OTHER_CONTENT) == Claim()
        async with uow.begin() as unit:
            await unit.idempotency.release(OTHER_CONTENT)
        assert await do(uow, OTHER_CONTENT) == Claim(answer=ANSWER)

    async def test_old_ones_are_forgotten(self, uow: UnitOfWorkFactory) -> None:
        keys = [replace(REQUEST, key=str(number)) for number in range(5)]
        for number, key in enumerate(keys):
            await do(uow, key, now=number)
        async with uow.begin() as unit:
            assert await unit.idempotency.prune(before=at(3), limit=2) == 2
            assert await unit.idempotency.prune(before=at(3), limit=2) == 1
            assert await unit.idempotency.prune(before=at(3), limit=2) == 0
        assert [await do(uow, key) for key in keys] == [Claim()] * 3 + [Claim(answer=ANSWER)] * 2
