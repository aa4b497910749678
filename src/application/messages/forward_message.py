"""Forward a message."""

from dataclasses import dataclass
from datetime import timedelta

from application.idempotency.request_key import RequestKey
from application.media.message_media import MessageMedia
from application.messages.acceptance import SendMessageCommand
from application.messages.send_message import SendMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.content import Unsupported
from domain.errors import GoneError, UnprocessableError
from domain.ids import MessageId, parse_message_id
from domain.interactive_content import InteractiveReply
from domain.jid import Jid
from domain.media_content import MEDIA_CONTENTS
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

    def __init__(self, uow: UnitOfWorkFactory, send: SendMessage, files: MessageMedia | None = None) -> None:
        """Takes what it works with; without ``files`` only such files are forwarded as are in the store already."""
        self._uow = uow
        self._send = send
        self._files = files

    async def execute(self, command: ForwardCommand) -> Message:
        """Forwards.

        Raises:
            PomboError: what ``SendMessage`` raises, and of a message with a file ``MessageMedia``.
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            GoneError: ``MESSAGE_REVOKED``.
            UnprocessableError: ``NOT_FORWARDABLE``.
        """
        message_id = parse_message_id(command.message_id)
        message = await self._get(message_id)
        if isinstance(message.content, MEDIA_CONTENTS) and self._files is not None:
            # WhatsApp has the file, as a rule; a message of our own is sent from the store.
            await self._files.execute(message_id)
            message = await self._get(message_id)
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

    async def _get(self, message_id: MessageId) -> Message:
        async with self._uow.begin() as uow:
            return await uow.messages.get(message_id)
