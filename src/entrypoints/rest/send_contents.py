"""What is to be sent, from the models of requests. A topic's kinds are in a file of their own."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from application.media.draft import MediaDraft
from domain.content import Content, Text
from domain.jid import Jid
from entrypoints.rest.field_errors import FieldError
from entrypoints.rest.models.contents import ContentsToSend, TextToSend
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.send_media_contents import MEDIA
from entrypoints.rest.send_more_contents import COMPOSE


def _text(text: TextToSend) -> Text:
    mentions = (Jid.parse_recipient(jid, field=f"text.mentions[{place}]") for place, jid in enumerate(text.mentions))
    return Text.compose(text.body, tuple(mentions), mention_all=text.mention_all)


_COMPOSE: Final[Mapping[str, Callable[[Any], Content | MediaDraft]]] = {
    "text": _text,
    **COMPOSE,
    **MEDIA,
}
"""By the type's public name, which is that of the object's field; one for each type that ``ContentsToSend`` lists."""


def content_to_send(body: ContentsToSend) -> Content | MediaDraft:
    """The one content that a request gives.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``, or what the domain's own check says.
    """
    given = getattr(body, body.type)
    errors = [] if given is not None else [FieldError(body.type, "This field is required.")]
    errors += [
        FieldError(name, "One content is given: the one that 'type' names.")
        for name in sorted(body.model_fields_set & _COMPOSE.keys())
        if name != body.type and getattr(body, name) is not None
    ]
    if errors:
        raise InvalidRequestError(errors)
    return _COMPOSE[body.type](given)
