"""Invitations to groups."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid, Server
from domain.text_checks import check_optional_text

MAX_GROUP_NAME: Final = 100
"""The longest group subject, as WhatsApp's Help Center has it ("How to change group info")."""
MAX_INVITE_CAPTION: Final = 1_024

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInvite:
    """An invitation to a group, for one person.

    Attributes:
        code: what the group's admin was given for it.
        expires_at: when WhatsApp takes it for void, to the second.
    """

    group: Jid
    code: str
    group_name: str | None = None
    caption: str | None = None
    expires_at: datetime | None = None

    @classmethod
    def compose(
        cls,
        group: Jid,
        code: str,
        *,
        group_name: str | None = None,
        caption: str | None = None,
        expires_at: datetime | None = None,
    ) -> "GroupInvite":
        """Checks an invitation that is to be sent.

        Raises:
            InvalidArgumentError: ``INVALID_GROUP_INVITE``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``.
        """
        if group.server is not Server.GROUP:
            raise InvalidArgumentError(
                "INVALID_GROUP_INVITE",
                "Give a group's address, like 120363000000000000@g.us.",
                field="group_invite.group_id",
            )
        if not _CODE.fullmatch(code):
            raise InvalidArgumentError(
                "INVALID_GROUP_INVITE",
                "Give the invitation's code, without the link before it.",
                field="group_invite.code",
            )
        return cls(
            group=group,
            code=code,
            group_name=check_optional_text(group_name, MAX_GROUP_NAME, field="group_invite.group_name"),
            caption=check_optional_text(caption, MAX_INVITE_CAPTION, field="group_invite.caption"),
            expires_at=None if expires_at is None else expires_at.replace(microsecond=0),
        )
