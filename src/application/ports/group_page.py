"""A page's part in groups."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.group import (
    CreatedGroup,
    Group,
    GroupChange,
    GroupPreview,
    Joined,
    JoinRequest,
    ParticipantAction,
    ParticipantResult,
)
from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A group to found.

    Attributes:
        token: names the creation, whoever tries it and how often: 1 to 64 characters.
        begun_at: when somebody may have begun it who couldn't say how it came out; None: nobody has.
    """

    token: str
    subject: str
    participants: tuple[Jid, ...]
    begun_at: datetime | None = None


class GroupPage(Protocol):
    """Groups.

    Everything raises UnavailableError ``PAGE_UNAVAILABLE``: whether it was done is unknown; and
    CapabilityUnavailableError where the page lacks the function. What concerns one group raises NotFoundError
    ``GROUP_NOT_FOUND``, and UnprocessableError ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN`` or ``GROUP_REFUSED``.
    """

    @abstractmethod
    async def create(self, creation: Creation) -> CreatedGroup:
        """Founds a group; a creation that was done before gives the group that it made.

        The page is told nothing by which it would recognise a creation. One that may have been begun is looked for
        among the groups that this account has founded since, by subject and people; two such calls at once are one.

        Raises:
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, ``GROUP_FULL``, ``GROUP_REFUSED``.
        """

    @abstractmethod
    async def list(self) -> tuple[Group, ...]:
        """The groups that the account is in, asked of WhatsApp."""

    @abstractmethod
    async def get(self, group: Jid) -> Group:
        """A group, asked of WhatsApp; of one that the account has left, what is still known."""

    @abstractmethod
    async def change(self, group: Jid, change: GroupChange) -> Group:
        """Changes what a group shows and how it is run; what is so already stays so. Gives it as it is then.

        What is changed first stays changed when something later is refused.
        """

    @abstractmethod
    async def set_picture(self, group: Jid, picture: bytes | None) -> None:
        """Gives a group a picture (a JPEG, PNG or WebP of at most 5 MiB), or takes it away.

        Raises:
            UnprocessableError: ``PICTURE_UNREADABLE``.
        """

    @abstractmethod
    async def change_participants(
        self, group: Jid, action: ParticipantAction, participants: tuple[Jid, ...]
    ) -> tuple[ParticipantResult, ...]:
        """Adds people, removes them, makes them admins or takes that from them; a result for each."""

    @abstractmethod
    async def leave(self, group: Jid) -> None:
        """Leaves a group; one that the account isn't in is left already."""

    @abstractmethod
    async def invite_code(self, group: Jid) -> str:
        """The code of a group's link."""

    @abstractmethod
    async def revoke_invite_code(self, group: Jid) -> str:
        """Makes a group's link worthless and gives the code of another one."""

    @abstractmethod
    async def preview(self, code: str) -> GroupPreview:
        """What an invite code shows of its group.

        Raises:
            NotFoundError: ``INVITE_INVALID``.
            GoneError: ``INVITE_REVOKED``.
        """

    @abstractmethod
    async def join(self, code: str) -> Joined:
        """Joins by an invite code; who is in the group already has joined.

        Raises:
            NotFoundError: ``INVITE_INVALID``.
            GoneError: ``INVITE_REVOKED``.
            UnprocessableError: ``GROUP_FULL``, ``GROUP_REFUSED``.
        """

    @abstractmethod
    async def requests(self, group: Jid) -> tuple[JoinRequest, ...]:
        """Who asks to be let in."""

    @abstractmethod
    async def decide(
        self, group: Jid, participants: tuple[Jid, ...], *, approve: bool
    ) -> tuple[ParticipantResult, ...]:
        """Lets people in who ask for it, or turns them away; a result for each."""
