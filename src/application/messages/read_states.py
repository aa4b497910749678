"""Read what was done to a message: its reactions, its votes, its receipts."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.message_states import ParticipantReceipt
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.changes import Reacted, Voted
from domain.errors import UnprocessableError
from domain.ids import parse_message_id
from domain.message import Direction, Message
from domain.message_state import OptionResult
from domain.poll_content import Poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Who voted for what, oldest first, and what the poll has got by it."""

    votes: Sequence[Voted]
    results: Sequence[OptionResult]


class ReadMessageState:
    """Reads from what is on record; no page is asked."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def reactions(self, message_id: str) -> Sequence[Reacted]:
        """Those that stand, oldest first.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
        """
        return (await self._get(message_id)).state.present_reactions

    async def votes(self, message_id: str) -> Votes:
        """Those that stand.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            UnprocessableError: ``NOT_A_POLL``.
        """
        message = await self._get(message_id)
        if not isinstance(message.content, Poll):
            raise UnprocessableError("NOT_A_POLL", "The message isn't a poll.")
        return Votes(votes=message.state.present_votes, results=message.state.results(message.content.options))

    async def receipts(self, message_id: str) -> Sequence[ParticipantReceipt]:
        """How far a message of the account's own has come: with each member of a group, else with the other person.

        Of members who have given no receipt there is nothing.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            message = await uow.messages.get(parse_message_id(message_id))
            if message.direction is not Direction.OUTBOUND:
                return ()
            if message.chat.is_user:
                return _of_one(message)
            return await uow.states.receipts(message.session_id, message.whatsapp_id)

    async def _get(self, message_id: str) -> Message:
        async with self._uow.begin() as uow:
            return await uow.messages.get(parse_message_id(message_id))


def _of_one(message: Message) -> Sequence[ParticipantReceipt]:
    receipt = ParticipantReceipt(
        participant=message.chat,
        delivered_at=message.delivered_at,
        read_at=message.read_at,
        played_at=message.played_at,
    )
    return () if receipt.status is None else (receipt,)
