"""Asking a session's page, and having it do something once per request key."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from application.idempotency.once import Form, Once
from application.idempotency.request_key import RequestKey
from application.page_tokens import no_page_token
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.sessions.link_session import not_running
from application.sessions.workers import SessionPage, SessionWorkers
from domain.errors import InvalidArgumentError, UnavailableError
from domain.ids import SessionId, parse_session_id
from domain.session import Session, SessionStatus, Wanted

MAX_PAGE: Final = 500
_OVER: Final = frozenset({SessionStatus.FAILED, SessionStatus.LOGGED_OUT})


class PageAsker:
    """What the use cases of chats, people, presence, calls and groups have in common."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers
        self._once = Once(uow, clock)

    async def page(self, session_id: SessionId) -> SessionPage:
        """The session's page, connected as far as is known.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``SESSION_NOT_RUNNING``.
            UnavailableError: ``PAGE_UNAVAILABLE``: WhatsApp can't be asked now.
        """
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(session_id)
        _check_connected(session)
        return await self._workers.page(session_id)

    async def command[T](
        self,
        session_id: str,
        operation: str,
        asked: Mapping[str, Any],
        request: RequestKey | None,
        work: Callable[[SessionPage], Awaitable[T]],
        form: Form[T],
        *,
        resume: Callable[[SessionPage, datetime], Awaitable[T]] | None = None,
        also: Callable[[UnitOfWork, T], Awaitable[None]] | None = None,
    ) -> T:
        """Has the page do something, once per request key.

        Args:
            session_id: which session.
            operation: the request's name.
            asked: what is asked besides; JSON values.
            request: the caller's key.
            work: what to do. What was broken off may be done again: it must be such that this does no harm, or have
                a ``resume``.
            form: how the result is kept.
            resume: what is done instead when somebody may have begun it already: it is told since when.
            also: what is recorded of the result, in one transaction with the answer.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            PomboError: as ``page`` and ``work``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of(operation, {"session_id": slug, **asked})

        async def done() -> T:
            return await work(await self.page(slug))

        async def again(with_begun: Callable[[SessionPage, datetime], Awaitable[T]], begun_at: datetime) -> T:
            return await with_begun(await self.page(slug), begun_at)

        resumed = None if resume is None else partial(again, resume)
        return await self._once.run(keyed, done, form, resume=resumed, also=also)


def _check_connected(session: Session) -> None:
    if session.status is SessionStatus.WORKING:
        return
    if session.me is None or session.wanted is not Wanted.RUNNING or session.status in _OVER:
        raise not_running(session)
    raise UnavailableError(
        "PAGE_UNAVAILABLE", f"The session is {session.status} ({session.status_reason}); try again in a moment."
    )


async def _read_nothing(_: Mapping[str, Any]) -> None:
    return None


NOTHING: Final[Form[None]] = Form(write=lambda _: {}, read=_read_nothing)
"""Of what has no result."""


def form_of[T](write: Callable[[T], Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]) -> Form[T]:
    """The form of a result that is kept as the API shows it."""

    async def read_later(answer: Mapping[str, Any]) -> T:
        return read(answer)

    return Form(write=write, read=read_later)


def page_of[T](items: tuple[T, ...], page_token: str | None, limit: int) -> tuple[tuple[T, ...], str | None]:
    """A part of a list that the page holds whole. A token is the place it goes on from.

    Raises:
        InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
    start = 0
    if page_token:
        if not page_token.isascii() or not page_token.isdecimal() or len(page_token) > 9:  # noqa: PLR2004 - of a list in memory
            raise no_page_token()
        start = int(page_token)
    end = start + limit
    return items[start:end], str(end) if end < len(items) else None
