"""Read messages: one, and lists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from application.pacing.expected_times import ExpectedTimes
from application.page_tokens import read_token, token_of
from application.ports.message_repository import MessageFilter, MessagePosition
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import InvalidArgumentError
from domain.ids import parse_message_id
from domain.message import Message

MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMessagesQuery:
    """``page_token`` is what the page before gave."""

    criteria: MessageFilter
    page_token: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Messages, newest first; ``next_page_token`` None when there are no more."""

    items: Sequence[Message]
    next_page_token: str | None


class GetMessage:
    """Reads one message."""

    def __init__(self, uow: UnitOfWorkFactory, times: ExpectedTimes) -> None:
        self._uow = uow
        self._times = times

    async def execute(self, message_id: str) -> Message:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
        """
        parsed = parse_message_id(message_id)
        async with self._uow.begin() as uow:
            (message,) = await self._times.put_in(uow, [await uow.messages.get(parsed)])
        return message


class ListMessages:
    """Lists messages, newest first."""

    def __init__(self, uow: UnitOfWorkFactory, times: ExpectedTimes) -> None:
        self._uow = uow
        self._times = times

    async def execute(self, query: ListMessagesQuery) -> MessagePage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        if not 1 <= query.limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        after = _read_token(query.page_token) if query.page_token else None
        async with self._uow.begin() as uow:
            criteria = await _of_person(uow, query.criteria)
            found = await uow.messages.list(criteria, after=after, limit=query.limit + 1)
            items = await self._times.put_in(uow, found[: query.limit])
        return MessagePage(items=items, next_page_token=_token(items[-1]) if len(found) > query.limit else None)


async def _of_person(uow: UnitOfWork, criteria: MessageFilter) -> MessageFilter:
    """A person's conversation is one, under whichever of their addresses its messages came."""
    if criteria.session_id is None or criteria.chat is None or not criteria.chat.is_user:
        return criteria
    person = await uow.people.find(criteria.session_id, criteria.chat)
    if person is None:
        return criteria
    return replace(criteria, also=tuple(address for address in person.addresses if address != criteria.chat))


def _token(message: Message) -> str:
    return token_of(message.created_at, message.id)


def _read_token(token: str) -> MessagePosition:
    created_at, message_id = read_token(token, parse_message_id)
    return MessagePosition(created_at=created_at, id=message_id)
