"""What a caller wants sent, read from its JSON."""

from typing import Any

from pydantic import ValidationError

from application.messages.acceptance import SendMessageCommand
from domain.errors import PomboError
from domain.ids import parse_session_id
from domain.jid import Jid
from entrypoints.rest.field_errors import field_errors
from entrypoints.rest.models.messages import SendMessageRequest
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.send_contents import content_to_send


def to_command(body: SendMessageRequest) -> SendMessageCommand:
    """The command of one message, without wait and key.

    Raises:
        InvalidArgumentError: what ``content_to_send`` and ``Jid.parse_recipient`` say.
    """
    return SendMessageCommand(
        session_id=body.session_id,
        to=Jid.parse_recipient(body.to),
        content=content_to_send(body),
        link_preview=body.text is not None and body.text.preview_url,
        reply_to=None if body.context is None else body.context.message_id,
        not_before=body.not_before,
        deadline=body.deadline,
    )


def to_entry(item: Any) -> SendMessageCommand | PomboError:
    """The command of one of several messages, or what is wrong with it."""
    try:
        body = SendMessageRequest.model_validate(item)
        parse_session_id(body.session_id)
        return to_command(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        return InvalidRequestError(field_errors([dict(problem) for problem in problems]))
    except PomboError as error:
        return error
