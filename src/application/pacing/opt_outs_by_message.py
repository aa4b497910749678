"""People opt out by what they write."""

from collections.abc import Sequence

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork
from domain.event import NewEvent, SuppressionAdded
from domain.ids import SessionId
from domain.message import Direction, Message
from domain.suppression import Suppression, SuppressionSource, is_stop_word, may_stop


class OptOutsByMessage:
    """Looks for the session's stop words in what came to it. What is written in a group is meant for the group."""

    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids

    async def note(self, uow: UnitOfWork, session_id: SessionId, came: Sequence[Message]) -> None:
        """Puts on record who asks not to be written to, with an event, in the unit of work that stores the message."""
        asking = [
            message
            for message in came
            if message.direction is Direction.INBOUND and message.chat.is_user and may_stop(message.content)
        ]
        if not asking:
            return
        # A session that is deleted by now has none.
        words = [word for session in await uow.sessions.list(among=[session_id]) for word in session.stop_words]
        for message in asking:
            if words and is_stop_word(message.content, words):
                await self._add(uow, message)

    async def _add(self, uow: UnitOfWork, message: Message) -> None:
        source = SuppressionSource.MESSAGE
        suppression = Suppression(
            address=message.chat, source=source, created_at=self._clock.now(), message_id=message.id
        )
        if await uow.suppressions.add(message.session_id, suppression):
            added = SuppressionAdded(address=message.chat, source=source, message_id=message.id)
            event = NewEvent(
                id=self._ids.event_id(), session_id=message.session_id, time=suppression.created_at, payload=added
            )
            await uow.events.append([event])
