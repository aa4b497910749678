"""Older messages of a chat, from the page and the phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from application.idempotency.once import Form
from application.idempotency.request_key import RequestKey
from application.messages.record_page_news import RecordPageNews
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.sessions.asking import PageAsker
from application.sessions.workers import SessionPage
from domain.errors import InvalidArgumentError
from domain.ids import MessageId, SessionId, parse_message_id, parse_session_id
from domain.jid import Jid
from domain.message import Message

MAX_FETCHED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchHistoryCommand:
    """``before`` is the gateway's id of the message to go back from; None: from the newest."""

    session_id: str
    chat_id: str
    before: str | None = None
    limit: int = 50
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Messages, oldest first, all of them stored by now.

    Attributes:
        added: how many of them weren't stored before. What a first try stored that was broken off doesn't count.
        more: there are older ones.
    """

    items: Sequence[Message]
    added: int
    more: bool


class FetchHistory:
    """Fetches a piece of a chat's history, and stores what isn't stored as backfilled, each message once."""

    def __init__(self, uow: UnitOfWorkFactory, asker: PageAsker, news: RecordPageNews) -> None:
        self._uow = uow
        self._asker = asker
        self._news = news
        self._form = Form(write=_write, read=self._read)

    async def execute(self, command: FetchHistoryCommand) -> History:
        """Fetches. To do it again stores nothing twice; with a key it gives the same messages, as they stand by then.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_MESSAGE_ID``, ``INVALID_PAGE_SIZE``.
            NotFoundError: ``CHAT_NOT_FOUND``, ``MESSAGE_NOT_FOUND``, ``MESSAGE_NOT_IN_PAGE``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            DeadlineExceededError: ``PHONE_SILENT``.
        """
        slug = parse_session_id(command.session_id)
        jid = Jid.parse_recipient(command.chat_id, field="chat_id")
        if not 1 <= command.limit <= MAX_FETCHED:
            raise InvalidArgumentError(
                "INVALID_PAGE_SIZE", f"Fetch 1 to {MAX_FETCHED} messages at once.", field="limit"
            )
        before = None if command.before is None else parse_message_id(command.before)

        async def fetch(page: SessionPage) -> History:
            return await self._fetch(page, slug, jid, before, command.limit)

        asked = {"chat": str(jid), "before": before, "limit": command.limit}
        return await self._asker.command(slug, "chats.history", asked, command.request, fetch, self._form)

    async def _fetch(
        self, page: SessionPage, session_id: SessionId, chat: Jid, before: MessageId | None, limit: int
    ) -> History:
        whatsapp_id = None if before is None else (await self._stored(session_id, before)).whatsapp_id
        older = await page.chats.older(chat, before=whatsapp_id, limit=limit)
        added = await self._news.messages(session_id, older.messages, backfilled=True)
        ids = [message.whatsapp_id for message in older.messages]
        async with self._uow.begin() as uow:
            stored = await uow.messages.look_up(session_id, ids)
            items = await _find(uow, [stored[each].id for each in ids if each in stored])
        return History(items=items, added=added, more=older.more)

    async def _stored(self, session_id: SessionId, message_id: MessageId) -> Message:
        async with self._uow.begin() as uow:
            message = await uow.messages.get(message_id)
        if message.session_id != session_id:
            raise InvalidArgumentError("INVALID_MESSAGE_ID", "The message is another session's.", field="before")
        return message

    async def _read(self, answer: Mapping[str, Any]) -> History:
        async with self._uow.begin() as uow:
            items = await _find(uow, [MessageId(each) for each in answer["message_ids"]])
        return History(items=items, added=answer["added"], more=answer["more"])


def _write(history: History) -> Mapping[str, Any]:
    return {
        "message_ids": [message.id for message in history.items],
        "added": history.added,
        "more": history.more,
    }


async def _find(uow: UnitOfWork, ids: Sequence[MessageId]) -> Sequence[Message]:
    """The messages with what was done to them, in the order of their ids."""
    found = await uow.messages.find(ids)
    return [found[each] for each in ids if each in found]
