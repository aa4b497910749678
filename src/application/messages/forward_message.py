"""Forward a message."""

from dataclasses import dataclass
from datetime import timedelta

from application.idempotency.request_key import RequestKey
from application.messages.acceptance import SendMessageCommand
from application.messages.send_message import SendMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.content import Unsupported
from domain.errors import GoneError, UnprocessableError
from domain.ids import parse_message_id
from domain.interactive_content import InteractiveReply
from domain.jid import Jid
from domain.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardCommand:
    """A message to forward. ``wait`` and ``request`` as in ``SendMessageCommand``."""

    message_id: str
    to: Jid
    wait: timedelta = timedelta(seconds=20)
    request: RequestKey | None = None


class ForwardMessage:
    """Sends what a message holds now to another chat of its session, with an id of its own and the forwarded mark."""

    def __init__(self, uow: UnitOfWorkFactory, send: SendMessage) -> None:
        self._uow = uow
        self._send = send

    async def execute(self, command: ForwardCommand) -> Message:
        """Forwards.

        Raises:
            PomboError: what ``SendMessage`` raises.
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            GoneError: ``MESSAGE_REVOKED``.
            UnprocessableError: ``NOT_FORWARDABLE``.
        """
        async with self._uow.begin() as uow:
            message = await uow.messages.get(parse_message_id(command.message_id))
        if message.state.revoked is not None:
            raise GoneError("MESSAGE_REVOKED", "The message was deleted for everyone.")
        if message.is_operation or isinstance(message.content, Unsupported | InteractiveReply):
            raise UnprocessableError("NOT_FORWARDABLE", "What this message holds can't be forwarded.")
        return await self._send.execute(
            SendMessageCommand(
                session_id=message.session_id,
                to=command.to,
                content=message.shown_content,
                forwarded=True,
                wait=command.wait,
                request=command.request,
            )
        )
