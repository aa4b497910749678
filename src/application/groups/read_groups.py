"""Groups: what there is, and what is known of each."""

from application.sessions.asking import PageAsker
from domain.group import Group, GroupPreview, JoinRequest, parse_group, parse_invite_code
from domain.ids import parse_session_id


class ListGroups:
    """Lists the groups that the account is in."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str) -> tuple[Group, ...]:
        """Asks WhatsApp.

        Raises:
            PomboError: as ``PageAsker.page`` and ``GroupPage.list``.
        """
        return await (await self._asker.page(parse_session_id(session_id))).groups.list()


class GetGroup:
    """Gives one group."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, group_id: str) -> Group:
        """Asks WhatsApp.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``.
        """
        group = parse_group(group_id)
        return await (await self._asker.page(parse_session_id(session_id))).groups.get(group)


class GetInviteCode:
    """Gives the code of a group's link."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, group_id: str) -> str:
        """Asks WhatsApp.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``.
        """
        group = parse_group(group_id)
        return await (await self._asker.page(parse_session_id(session_id))).groups.invite_code(group)


class PreviewInvite:
    """Gives what an invite code shows of its group."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, code: str) -> GroupPreview:
        """Asks WhatsApp.

        Raises:
            InvalidArgumentError: ``INVALID_GROUP``.
            NotFoundError: ``INVITE_INVALID``.
            GoneError: ``INVITE_REVOKED``.
        """
        known = parse_invite_code(code)
        return await (await self._asker.page(parse_session_id(session_id))).groups.preview(known)


class ListJoinRequests:
    """Lists who asks to be let into a group."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, group_id: str) -> tuple[JoinRequest, ...]:
        """Asks WhatsApp.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``.
        """
        group = parse_group(group_id)
        return await (await self._asker.page(parse_session_id(session_id))).groups.requests(group)
