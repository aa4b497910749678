"""What isn't sent to people who opted out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from application.messages import progress
from domain.content import Content
from domain.event import Payload
from domain.jid import Jid
from domain.message import Failure, Message
from domain.operations import Revoke
from domain.suppression import OPTED_OUT, OPTED_OUT_TEXT

_REFUSAL: Final = Failure(reason=OPTED_OUT, message=OPTED_OUT_TEXT)


def is_barred(content: Content, to: Jid) -> bool:
    """Whether an opt-out can keep a message from leaving: not one in a group, and not a deletion for everyone."""
    return to.is_user and not isinstance(content, Revoke)


def refuse(message: Message, at: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message given up, and the event to log."""
    return progress.fail(message, _REFUSAL, at)
