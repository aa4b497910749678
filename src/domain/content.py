"""What a message holds: a tagged union that has room for kinds the gateway doesn't know yet.

A topic's kinds are in a file of their own; each is one line of ``Content``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.contact_content import Contacts
from domain.event_content import EventInvitation
from domain.group_invite_content import GroupInvite
from domain.group_notice import GroupNotice
from domain.interactive_content import Interactive, InteractiveReply
from domain.location_content import Location
from domain.media_content import MediaContent
from domain.operations import Operation
from domain.poll_content import Poll
from domain.text_content import MAX_MENTIONS, MAX_TEXT_CHARACTERS, Text

__all__ = ["MAX_MENTIONS", "MAX_TEXT_CHARACTERS", "Content", "Text", "Unsupported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """A kind that the gateway doesn't model. Nothing is dropped: ``raw`` is what the page told of it.

    Attributes:
        kind: the page's own name of the type.
        raw: JSON values only.
    """

    kind: str
    raw: Mapping[str, Any]


Content = (
    Text
    | MediaContent
    | Location
    | Contacts
    | Poll
    | EventInvitation
    | GroupInvite
    | Interactive
    | InteractiveReply
    | GroupNotice
    | Operation
    | Unsupported
)
