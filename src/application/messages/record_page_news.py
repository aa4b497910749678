"""Record what a session's page tells of messages: new ones, and receipts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from application.groups.notice_events import events_of
from application.messages import progress
from application.messages.changes import ChangeRecorder
from application.messages.waiters import MessageWaiters
from application.pacing.opt_outs_by_message import OptOutsByMessage
from application.people.record_people_news import Addresses, PersonLinks, RecordPeopleNews, addresses_of
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.message_repository import MessageFilter
from application.ports.message_states import NewReceipt
from application.ports.page_events import NumberChange, SeenMessage, SeenReceipt
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.changes import AnyChange
from domain.event import MessageAcked, MessageReceived, MessageSent, NewEvent, Payload
from domain.group_notice import GroupNotice
from domain.ids import SessionId, WhatsAppMessageId
from domain.message import Direction, Message, MessageStatus, advances
from domain.message_state import MessageState

_LAST_OF_SECOND: Final = timedelta(microseconds=999_999)


class RecordPageNews:
    """Stores messages and receipts with their events, each once, whatever is told twice."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        waiters: MessageWaiters,
        on_added: Callable[[Sequence[Message]], None] = lambda _: None,
    ) -> None:
        """Takes what it works with; ``on_added`` hears of messages that are stored by then."""
        self._on_added = on_added
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._waiters = waiters
        self._changes = ChangeRecorder(clock, ids)
        self._links = PersonLinks(clock, ids)
        self._opt_outs = OptOutsByMessage(clock, ids)
        self.people = RecordPeopleNews(uow, clock, ids, self._links)

    async def messages(self, session_id: SessionId, seen: Sequence[SeenMessage], *, backfilled: bool) -> int:
        """Adds the messages that aren't known; of the others takes what their ack says. Returns how many were new.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; nothing was stored, and telling it again is right.
        """
        # A message of the account itself is news only once WhatsApp has it: before that it is its sender's business.
        told = {news.whatsapp_id: news for news in seen if not news.from_me or news.status is not None}
        if not told:
            return 0
        changes = [change for news in told.values() for change in news.changes]
        async with self._uow.begin() as uow:
            # A look back finds little that is new as a rule: then nothing is locked or written.
            if backfilled and not _is_news(told, await uow.messages.look_up(session_id, told.keys())):
                await self._changes.record(uow, session_id, changes)
                return 0
            known = await uow.messages.lock(session_id, told.keys())
            fresh = [
                self._message(session_id, news, backfilled=backfilled)
                for news in told.values()
                if news.whatsapp_id not in known
            ]
            added = await uow.messages.add_absent(fresh)
            # What was done to a message may have been told before it.
            states = await uow.states.look_up(session_id, [message.whatsapp_id for message in added])
            await uow.events.append(
                [
                    self._event(session_id, payload)
                    for message in added
                    for payload in _arrival(_in_state(message, states.get(message.whatsapp_id)))
                ]
            )
            links = {addresses for message in added if (addresses := _addresses(message))}
            # Before the notice's own chat, which is the new number's, makes that one known by itself.
            for message in added:
                await self._link_numbers(uow, session_id, told[message.whatsapp_id].number_change)
            await self._links.link(uow, session_id, links)
            await self._opt_outs.note(uow, session_id, added)
            receipts = [
                SeenReceipt(whatsapp_id=news.whatsapp_id, status=news.status, at=self._clock.now())
                for news in told.values()
                if news.status is not None and news.whatsapp_id in known
            ]
            changed = await self._apply(uow, session_id, known.values(), receipts)
            await self._changes.record(uow, session_id, changes)
        self._links.remember(session_id, links)
        self._tell(changed)
        self._on_added(added)
        return len(added)

    async def _link_numbers(self, uow: UnitOfWork, session_id: SessionId, change: NumberChange | None) -> None:
        """The old number first: the one that becomes known later is the person's."""
        if change is not None:
            await self._links.link(uow, session_id, [addresses_of(change.before)])
            await self._links.link(uow, session_id, [addresses_of(change.before, change.now)])

    async def changes(self, session_id: SessionId, seen: Sequence[AnyChange]) -> None:
        """Stores what was done to messages, known ones and others.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; nothing was stored, and telling it again is right.
        """
        async with self._uow.begin() as uow:
            await self._changes.record(uow, session_id, seen)

    async def newest_received(self, session_id: SessionId) -> datetime | None:
        """WhatsApp's time of the newest message that came to the session and is stored.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        received = MessageFilter(session_id=session_id, direction=Direction.INBOUND)
        async with self._uow.begin() as uow:
            newest = await uow.messages.list(received, after=None, limit=1)
        return newest[0].created_at if newest else None

    async def recorded_since(self, session_id: SessionId, since: datetime, limit: int) -> tuple[WhatsAppMessageId, ...]:
        """WhatsApp's ids of a session's newest messages on record, at most so many.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            return tuple(await uow.messages.ids_since(session_id, since, limit))

    async def receipts(self, session_id: SessionId, seen: Sequence[SeenReceipt]) -> None:
        """Moves messages on. Receipts of messages that nobody knows are no news.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; nothing was stored, and telling it again is right.
        """
        async with self._uow.begin() as uow:
            known = await uow.messages.lock(session_id, {receipt.whatsapp_id for receipt in seen})
            changed = await self._apply(uow, session_id, known.values(), [_for_all(receipt) for receipt in seen])
            await self._of_members(uow, session_id, known, seen)
        self._tell(changed)

    async def _of_members(
        self,
        uow: UnitOfWork,
        session_id: SessionId,
        known: Mapping[WhatsAppMessageId, Message],
        seen: Sequence[SeenReceipt],
    ) -> None:
        """What a member of a group has done moves the message on with them alone: the page tells what all have."""
        receipts = [
            NewReceipt(
                message=receipt.whatsapp_id,
                participant=receipt.participant,
                status=receipt.status,
                at=known[receipt.whatsapp_id].no_earlier(receipt.at),
            )
            for receipt in seen
            if receipt.participant is not None
            and receipt.status is not MessageStatus.SENT
            and receipt.whatsapp_id in known
        ]
        if not receipts:
            return
        added = await uow.states.add_receipts(session_id, receipts)
        await uow.events.append(
            [self._event(session_id, _of_member(known[receipt.message], receipt)) for receipt in added]
        )

    async def _apply(
        self, uow: UnitOfWork, session_id: SessionId, known: Iterable[Message], receipts: Sequence[SeenReceipt]
    ) -> Sequence[Message]:
        now = {message.whatsapp_id: message for message in known}
        before = dict(now)
        events: list[NewEvent] = []
        for receipt in receipts:
            message = now.get(receipt.whatsapp_id)
            if message is None:
                continue
            now[receipt.whatsapp_id], payloads = progress.advance(message, receipt.status, receipt.at)
            events += [self._event(session_id, payload) for payload in payloads]
        changed = [message for whatsapp_id, message in now.items() if message is not before[whatsapp_id]]
        await uow.messages.save(changed)
        await uow.events.append(events)
        return changed

    def _tell(self, changed: Sequence[Message]) -> None:
        for message in changed:
            self._waiters.tell(message)

    def _event(self, session_id: SessionId, payload: Payload) -> NewEvent:
        return NewEvent(id=self._ids.event_id(), session_id=session_id, time=self._clock.now(), payload=payload)

    def _within_second(self, timestamp: datetime) -> datetime:
        """Our clock's fraction of WhatsApp's second, so that no answer is listed before its question."""
        return min(max(self._clock.now(), timestamp), timestamp + _LAST_OF_SECOND)

    def _message(self, session_id: SessionId, news: SeenMessage, *, backfilled: bool) -> Message:
        status = news.status or MessageStatus.DELIVERED
        return Message(
            id=self._ids.message_id(),
            session_id=session_id,
            whatsapp_id=news.whatsapp_id,
            direction=Direction.OUTBOUND if news.from_me else Direction.INBOUND,
            chat=news.chat,
            sender=news.sender,
            recipient=news.recipient,
            content=news.content,
            status=status if news.from_me else _at_least_delivered(status),
            created_at=news.timestamp if backfilled else self._within_second(news.timestamp),
            alternate=news.alternate,
            push_name=news.push_name,
            reply_to=news.reply_to,
            forwarded=news.forwarded,
            backfilled=backfilled,
            sent_at=news.timestamp if news.from_me else None,
        )


def _is_news(told: Mapping[WhatsAppMessageId, SeenMessage], known: Mapping[WhatsAppMessageId, Message]) -> bool:
    return any(
        message is None or (news.status is not None and advances(message.status, news.status))
        for news, message in ((news, known.get(whatsapp_id)) for whatsapp_id, news in told.items())
    )


def _in_state(message: Message, state: MessageState | None) -> Message:
    return message if state is None else replace(message, state=state)


def _for_all(receipt: SeenReceipt) -> SeenReceipt:
    """What a receipt says of the message as a whole: that of a group's member says that it has left, and no more."""
    return receipt if receipt.participant is None else replace(receipt, status=MessageStatus.SENT)


def _of_member(message: Message, receipt: NewReceipt) -> Payload:
    return MessageAcked(
        message_id=message.id,
        whatsapp_id=message.whatsapp_id,
        chat=message.chat,
        status=receipt.status,
        at=receipt.at,
        participant=receipt.participant,
    )


def _at_least_delivered(status: MessageStatus) -> MessageStatus:
    """An inbound message has at least been delivered: here it is."""
    return MessageStatus.DELIVERED if status is MessageStatus.SENT else status


def _addresses(message: Message) -> Addresses:
    """Those of the person whose chat it is, or, in a group, of who wrote it."""
    if message.chat.is_user:
        return addresses_of(message.chat, message.alternate)
    return () if message.direction is Direction.OUTBOUND else addresses_of(message.sender, message.alternate)


def _arrival(message: Message) -> list[Payload]:
    if isinstance(message.content, GroupNotice):
        return events_of(message, message.content)
    if message.direction is Direction.OUTBOUND:
        return [MessageSent(message=message)]
    return [MessageReceived(message=message)]
