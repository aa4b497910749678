"""What was asked of the gateway, and what it said."""

from dataclasses import dataclass

from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.operations import Operation


@dataclass(slots=True, kw_only=True)
class Send:
    """What a client asked for. ``plain``: it waits for nothing but its turn.

    ``refused`` is the reason when the gateway said for good that it doesn't take it. Sends of one call share ``batch``.
    ``file`` is the number of the file that it holds, ``forwards`` the message that it passes on.
    """

    session_id: SessionId
    to: Jid
    body: str
    asked_at: int
    accepted_at: int | None = None
    message_id: MessageId | None = None
    plain: bool = True
    refused: str | None = None
    batch: str | None = None
    place: int = 0
    file: int | None = None
    forwards: MessageId | None = None


@dataclass(slots=True, kw_only=True)
class Done:
    """What a client asked to be done to a message. ``operation`` names its target as WhatsApp does."""

    target: MessageId
    operation: Operation
    asked_at: int
    accepted_at: int | None = None
    operation_id: MessageId | None = None

    def accept(self, operation_id: MessageId, step: int) -> None:
        """The gateway has answered."""
        if self.operation_id is None:
            self.operation_id, self.accepted_at = operation_id, step


@dataclass(slots=True, kw_only=True)
class Command:
    """What a client asked for that is no message: something done with a group, a chat, a person or a message.

    Attributes:
        kind: what is done.
        about: to what.
        wants: what is so when it was done.
        answer: what the gateway said; None until it did.
        refused: the reason for which it was refused for good.
    """

    session_id: SessionId
    kind: str
    about: str
    wants: object
    answer: object = None
    refused: str | None = None
