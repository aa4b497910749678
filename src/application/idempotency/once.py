"""Calls whose work isn't one transaction, done once per key."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from application.ports.clock import Clock
from application.ports.idempotency_repository import Claim, KeyedRequest
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import TRANSIENT, ConflictError, ErrorKind, PomboError

BUSY: Final = timedelta(minutes=2)
"""How long a call may work before it is held for dead: longer than any of them takes."""

_PATIENCE: Final = timedelta(seconds=20)
_LOOK_EVERY: Final = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form[T]:
    """How a call's result is kept: as JSON, or, where it mustn't be, as what is needed to get it again."""

    write: Callable[[T], Mapping[str, Any]]
    read: Callable[[Mapping[str, Any]], Awaitable[T]]


class Once:
    """Lets the first of several calls with one key do the work, and the others have its answer.

    A call that is refused leaves its key free: nothing was done that trying again could double. Of one that was broken
    off, or failed in a way that doesn't tell, parts may have been done: who tries again takes over from it.
    """

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def run[T](
        self,
        request: KeyedRequest | None,
        work: Callable[[], Awaitable[T]],
        form: Form[T],
        *,
        done: Collection[str] = (),
        resume: Callable[[datetime], Awaitable[T]] | None = None,
        also: Callable[[UnitOfWork, T], Awaitable[None]] | None = None,
    ) -> T:
        """Does the work, or gives its answer.

        Args:
            request: None does the work without more ado.
            work: what to do. It may be done again when whoever began it died.
            form: how the result is kept.
            resume: what is done instead of ``work`` after a take-over; it is told when the request was begun first.
            done: the reasons for which the work fails when it has been done before: after a take-over they say that
                it was, and the result is read instead.
            also: what is recorded of the result, in one transaction with the answer: once, like that.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            ConflictError: ``REQUEST_IN_PROGRESS``.
        """
        if request is None:
            result = await work()
            if also is not None:
                async with self._uow.begin() as uow:
                    await also(uow, result)
            return result
        begun, claim = await self._claim(request)
        if claim.answer is not None:
            return await form.read(claim.answer)
        try:
            again = work if resume is None or claim.begun_at is None else partial(resume, claim.begun_at)
            result = await self._work(again, form, done if claim.taken_over else ())
        except BaseException as error:
            await (self._give_up(request, begun) if claim.taken_over or _may_be_done(error) else self._release(request))
            raise
        try:
            return await self._answer(request, begun, result, form, also)
        except BaseException:
            await self._give_up(request, begun)
            raise

    async def _answer[T](
        self,
        request: KeyedRequest,
        begun: datetime,
        result: T,
        form: Form[T],
        also: Callable[[UnitOfWork, T], Awaitable[None]] | None,
    ) -> T:
        """Keeps the answer, unless somebody who has taken over has given one by now: then it is that one."""
        async with self._uow.begin() as uow:
            claim = await uow.idempotency.claim(request, now=begun + BUSY, busy_until=begun + BUSY)
            if claim.answer is None:
                await uow.idempotency.answer(request, form.write(result))
                if also is not None:
                    await also(uow, result)
        return result if claim.answer is None else await form.read(claim.answer)

    async def _work[T](self, work: Callable[[], Awaitable[T]], form: Form[T], done: Collection[str]) -> T:
        try:
            return await work()
        except PomboError as error:
            if error.reason not in done:
                raise
        return await form.read({})

    async def _claim(self, request: KeyedRequest) -> tuple[datetime, Claim]:
        waited = timedelta(0)
        while True:
            now = self._clock.now()
            try:
                async with self._uow.begin() as uow:
                    return now, await uow.idempotency.claim(request, now=now, busy_until=now + BUSY)
            except ConflictError as error:
                if error.reason != "REQUEST_IN_PROGRESS" or waited >= _PATIENCE:
                    raise
            await self._clock.sleep(_LOOK_EVERY)
            waited += _LOOK_EVERY

    async def _release(self, request: KeyedRequest) -> None:
        # Where that fails the key is free once its time is over.
        with suppress(PomboError):
            async with self._uow.begin() as uow:
                await uow.idempotency.release(request)

    async def _give_up(self, request: KeyedRequest, begun: datetime) -> None:
        """Lets whoever comes next take over at once, as this takes over from itself when its time is over.

        Who has taken over by then, or has the answer, keeps it.
        """
        with suppress(PomboError):
            async with self._uow.begin() as uow:
                await uow.idempotency.claim(request, now=begun + BUSY, busy_until=begun)


def _may_be_done(error: BaseException) -> bool:
    """Whether what failed may have had its effect, or a part of it, all the same."""
    return not isinstance(error, PomboError) or error.kind in {*TRANSIENT, ErrorKind.INTERNAL}
