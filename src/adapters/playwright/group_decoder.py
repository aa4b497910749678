"""Groups, as the bridge tells of them."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.playwright.fields import (
    MalformedError,
    field,
    instant,
    jid,
    mapping,
    optional,
    readable_jid,
    span,
    text,
    whole,
)
from domain.group import (
    CreatedGroup,
    Group,
    GroupPreview,
    GroupSettings,
    JoinRequest,
    MemberAddMode,
    Participant,
    ParticipantOutcome,
    ParticipantResult,
    RequestMethod,
    Role,
)
from domain.group_notice import GroupNotice, NoticeKind

_ROLES: Final = {"member": Role.MEMBER, "admin": Role.ADMIN, "superadmin": Role.SUPERADMIN}
_METHODS: Final = {"InviteLink": RequestMethod.LINK, "NonAdminAdd": RequestMethod.MEMBER}
_OUTCOMES: Final = {
    200: ParticipantOutcome.DONE,
    401: ParticipantOutcome.CONTACT_BLOCKED,
    408: ParticipantOutcome.RECENTLY_LEFT,
    409: ParticipantOutcome.ALREADY_MEMBER,
    419: ParticipantOutcome.GROUP_FULL,
    421: ParticipantOutcome.AWAITS_APPROVAL,
}
"""The numbers are those that whatsapp-web.js and wa-js document for additions, and what the sandbox does for a 401."""
_NOTICES: Final = {
    "create": NoticeKind.CREATED,
    "add": NoticeKind.ADDED,
    "invite": NoticeKind.JOINED,
    "linked_group_join": NoticeKind.JOINED,
    "remove": NoticeKind.REMOVED,
    "leave": NoticeKind.LEFT,
    "promote": NoticeKind.PROMOTED,
    "demote": NoticeKind.DEMOTED,
    "subject": NoticeKind.SUBJECT,
    "description": NoticeKind.DESCRIPTION,
    "picture": NoticeKind.PICTURE,
    "announce": NoticeKind.ANNOUNCE,
    "restrict": NoticeKind.RESTRICT,
    "ephemeral": NoticeKind.EPHEMERAL,
    "member_add_mode": NoticeKind.MEMBER_ADD_MODE,
    "membership_approval_mode": NoticeKind.JOIN_APPROVAL,
    "revoke_invite": NoticeKind.INVITE_REVOKED,
    "membership_approval_request": NoticeKind.REQUESTED,
}
"""By the page's own names; whatsapp-web.js documents most of them as `GroupNotificationTypes`."""


def read_group(told: object) -> Group:
    """A group.

    Raises:
        MalformedError: a field is missing or of the wrong type.
        InvalidArgumentError: its address isn't one.
    """
    item = mapping(told)
    created = optional(item, "created", int)
    settings = GroupSettings(
        announce=field(item, "announce", bool),
        restrict=field(item, "restrict", bool),
        member_add_mode=MemberAddMode.ALL if item.get("memberAdd") == "all" else MemberAddMode.ADMINS,
        join_approval=field(item, "approval", bool),
        ephemeral=span(item, "ephemeral"),
    )
    return Group(
        jid=jid(text(item, "id")),
        subject=field(item, "subject", str),
        description=optional(item, "description", str),
        owner=readable_jid(item.get("owner")),
        created_at=None if created is None else instant(created),
        settings=settings,
        lid_addressing=field(item, "lid", bool),
        me=None if item.get("me") is None else _role(item["me"]),
        size=whole(item, "size"),
        participants=tuple(_participant(mapping(each)) for each in field(item, "participants", list)),
    )


def _role(told: object) -> Role:
    role = _ROLES.get(str(told))
    if role is None:
        raise MalformedError("role")
    return role


def _participant(item: Mapping[str, Any]) -> Participant:
    return Participant(
        jid=jid(text(item, "jid")), alternate=readable_jid(item.get("alternate")), role=_role(item.get("role"))
    )


def read_results(told: object, *, adding: bool, requests: bool = False) -> tuple[ParticipantResult, ...]:
    """How a change came out for each; what 403 and 404 say depends on what was done."""
    if not isinstance(told, list):
        raise MalformedError("results")
    return tuple(_result(mapping(each), adding=adding, requests=requests) for each in told)


def _result(item: Mapping[str, Any], *, adding: bool, requests: bool) -> ParticipantResult:
    code = whole(item, "code")
    expires = optional(item, "expires", int)
    invite = optional(item, "invite", str)
    outcome = _OUTCOMES.get(code, ParticipantOutcome.REFUSED)
    if code == 403 and adding:  # noqa: PLR2004 - WhatsApp's number
        outcome = ParticipantOutcome.INVITE_NEEDED
    if code == 404:  # noqa: PLR2004 - WhatsApp's number
        outcome = ParticipantOutcome.NOT_GROUP_MEMBER
        if adding:
            outcome = ParticipantOutcome.NUMBER_NOT_ON_WHATSAPP
        if requests:
            outcome = ParticipantOutcome.REQUEST_NOT_FOUND
    return ParticipantResult(
        asked=jid(text(item, "asked")),
        jid=jid(text(item, "jid")),
        outcome=outcome,
        code=code,
        invite_code=invite,
        invite_expires_at=None if expires is None else instant(expires),
    )


def read_creation(told: object) -> CreatedGroup:
    """A new group and how it came out for each."""
    item = mapping(told)
    return CreatedGroup(group=read_group(item.get("group")), results=read_results(item.get("results"), adding=True))


def read_preview(told: object) -> GroupPreview:
    """What an invite code shows."""
    item = mapping(told)
    created = optional(item, "created", int)
    return GroupPreview(
        jid=jid(text(item, "id")),
        subject=field(item, "subject", str),
        description=optional(item, "description", str),
        owner=readable_jid(item.get("owner")),
        created_at=None if created is None else instant(created),
        size=whole(item, "size"),
        join_approval=field(item, "approval", bool),
    )


def read_request(told: object) -> JoinRequest:
    """Somebody who asks to be let in."""
    item = mapping(told)
    at = optional(item, "at", int)
    return JoinRequest(
        jid=jid(text(item, "jid")),
        alternate=readable_jid(item.get("alternate")),
        by=readable_jid(item.get("by")),
        method=_METHODS.get(field(item, "method", str), RequestMethod.OTHER),
        at=None if at is None else instant(at),
    )


def read_notice(item: Mapping[str, Any]) -> GroupNotice:
    """What a message of type `gp2` says."""
    notice = mapping(item.get("notice"))
    name = field(notice, "kind", str)
    people = (readable_jid(each) for each in field(notice, "people", list))
    return GroupNotice(
        kind=_NOTICES.get(name, NoticeKind.OTHER),
        name=name,
        people=tuple(each for each in people if each is not None),
        includes_me=field(notice, "mine", bool),
        text=optional(notice, "text", str),
    )
