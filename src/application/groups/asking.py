"""Asking a session's page of groups, and having it do something once per request key."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from application.idempotency.once import Form, Once
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.group_page import GroupPage
from application.ports.idempotency_repository import KeyedRequest
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.link_session import not_running
from application.sessions.workers import SessionWorkers
from domain.errors import UnavailableError
from domain.ids import SessionId, parse_session_id
from domain.session import Session, SessionStatus, Wanted

_OVER: Final = frozenset({SessionStatus.FAILED, SessionStatus.LOGGED_OUT})


class GroupAsker:
    """What the use cases of groups have in common."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers) -> None:
        self._uow = uow
        self._workers = workers
        self._once = Once(uow, clock)

    async def page(self, session_id: SessionId) -> GroupPage:
        """The session's page, connected as far as is known.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``SESSION_NOT_RUNNING``.
            UnavailableError: ``PAGE_UNAVAILABLE``: WhatsApp can't be asked now.
        """
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(session_id)
        _check_connected(session)
        return (await self._workers.page(session_id)).groups

    async def command[T](
        self,
        session_id: str,
        operation: str,
        asked: Mapping[str, Any],
        request: RequestKey | None,
        work: Callable[[GroupPage], Awaitable[T]],
        form: Form[T],
    ) -> T:
        """Has the page do something, once per request key. What was broken off may be done again.

        Raises:
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            PomboError: as ``page`` and ``work``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of(operation, {"session_id": slug, **asked})

        async def done() -> T:
            return await work(await self.page(slug))

        return await self._once.run(keyed, done, form)

    async def found[T](
        self,
        session_id: str,
        asked: Mapping[str, Any],
        request: RequestKey | None,
        work: Callable[[GroupPage, datetime | None], Awaitable[T]],
        form: Form[T],
    ) -> T:
        """As ``command``, for what must not be done again: ``work`` is told since when it may have been begun."""
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("groups.create", {"session_id": slug, **asked})

        async def begin() -> T:
            return await work(await self.page(slug), None)

        async def resume(begun_at: datetime) -> T:
            return await work(await self.page(slug), begun_at)

        return await self._once.run(keyed, begin, form, resume=resume)


def token_of(request: KeyedRequest) -> str:
    """A name for what a request does, the same for whoever does it: it tells nothing of the key."""
    named = "\n".join((request.scope, request.key)).encode()
    return hashlib.sha256(named + request.fingerprint).hexdigest()[:32]


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
