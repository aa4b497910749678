"""Do something to a message."""

from dataclasses import dataclass
from datetime import timedelta

from application.idempotency.request_key import RequestKey
from application.messages.acceptance import SendMessageCommand
from application.messages.send_message import SendMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import parse_message_id
from domain.message import Message
from domain.operations import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class OperateCommand:
    """An operation on a message; ``operation.target`` is the gateway's id of it.

    Attributes:
        wait: how long to wait for WhatsApp to have it; zero returns as soon as it is accepted.
        request: the caller's key: the same command with the same key is done once.
    """

    operation: Operation
    wait: timedelta = timedelta(seconds=20)
    request: RequestKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """The operation, whose status tells how far it has come, and the message that it concerns as it stands."""

    operation: Message
    message: Message


class OperateOnMessage:
    """Accepts an operation durably, behind what waits in its chat, and waits a while for WhatsApp to have it."""

    def __init__(self, uow: UnitOfWorkFactory, send: SendMessage) -> None:
        self._uow = uow
        self._send = send

    async def execute(self, command: OperateCommand) -> Operated:
        """Does it.

        Raises:
            PomboError: what ``SendMessage`` and ``check_target`` raise.
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
        """
        message_id = parse_message_id(command.operation.target)
        async with self._uow.begin() as uow:
            target = await uow.messages.get(message_id)
        operation = await self._send.execute(
            SendMessageCommand(
                session_id=target.session_id,
                to=target.chat,
                content=command.operation,
                wait=command.wait,
                request=command.request,
            )
        )
        async with self._uow.begin() as uow:
            return Operated(operation=operation, message=await uow.messages.get(message_id))
