"""The page's part in groups, asked of its bridge."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, override

from adapters.playwright import group_decoder as decoder
from adapters.playwright.fields import MalformedError, field, jid, mapping, text
from adapters.playwright.questions import Questions
from adapters.playwright.refusals import page_unavailable
from application.ports.group_page import Creation, GroupPage
from domain.errors import InvalidArgumentError
from domain.group import (
    CreatedGroup,
    Group,
    GroupChange,
    GroupPreview,
    Joined,
    JoinRequest,
    MemberAddMode,
    ParticipantAction,
    ParticipantResult,
)
from domain.jid import Jid

_LONGEST: Final = timedelta(seconds=100)
"""Less than a call with a key may be at work before it is held for dead."""
_KINDS: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}
_EACH: Final = timedelta(seconds=1)
"""What each person of a call may take beside the call itself: the page asks WhatsApp for one after another."""


def _read[T](decode: Callable[[Any], T], told: object) -> T:
    try:
        return decode(told)
    except (MalformedError, InvalidArgumentError) as error:
        raise page_unavailable("it gave an answer that can't be read") from error


def _read_all[T](decode: Callable[[object], T], told: object) -> tuple[T, ...]:
    if not isinstance(told, list):
        raise page_unavailable("it gave no list")
    return tuple(_read(decode, item) for item in told)


class BridgeGroups(GroupPage):
    """Groups, by way of the bridge."""

    def __init__(self, questions: Questions, ordinary: timedelta) -> None:
        """Takes how long an ordinary answer may take."""
        self._questions = questions
        self._ordinary = ordinary

    @override
    async def create(self, creation: Creation) -> CreatedGroup:
        self._questions.require("CREATE_GROUP")
        begun = None if creation.begun_at is None else int(creation.begun_at.timestamp())
        args: dict[str, Any] = {
            "token": creation.token,
            "subject": creation.subject,
            "participants": [str(each) for each in creation.participants],
            **({} if begun is None else {"begunAt": begun}),
        }
        within = self._within(len(creation.participants))
        return _read(decoder.read_creation, await self._questions.ask("createGroup", args, within=within))

    @override
    async def list(self) -> tuple[Group, ...]:
        self._questions.require("LIST_GROUPS")
        return _read_all(decoder.read_group, await self._questions.ask("listGroups", {}))

    @override
    async def get(self, group: Jid) -> Group:
        self._questions.require("LIST_GROUPS")
        return _read(decoder.read_group, await self._questions.ask("getGroup", {"group": str(group)}))

    @override
    async def change(self, group: Jid, change: GroupChange) -> Group:
        self._questions.require("CHANGE_GROUP")
        mode = {MemberAddMode.ALL: "all", MemberAddMode.ADMINS: "admin", None: None}[change.member_add_mode]
        ephemeral = None if change.ephemeral is None else int(change.ephemeral.total_seconds())
        wanted = {
            "subject": change.subject,
            "description": change.description,
            "announce": change.announce,
            "restrict": change.restrict,
            "memberAdd": mode,
            "approval": change.join_approval,
            "ephemeral": ephemeral,
        }
        args = {name: value for name, value in wanted.items() if value is not None}
        within = self._within(len(args))
        known = {"group": str(group), "within": int(within.total_seconds() * 1000)}
        told = await self._questions.ask("changeGroup", {**known, **args}, within=within)
        return _read(decoder.read_group, told)

    @override
    async def set_picture(self, group: Jid, picture: bytes | None) -> None:
        self._questions.require("GROUP_PICTURE")
        url = None if picture is None else _data_url(picture)
        await self._questions.ask("setGroupPicture", {"group": str(group), "picture": url})

    @override
    async def change_participants(
        self, group: Jid, action: ParticipantAction, participants: tuple[Jid, ...]
    ) -> tuple[ParticipantResult, ...]:
        self._questions.require("GROUP_PARTICIPANTS")
        args = {"group": str(group), "action": action.lower(), "participants": [str(each) for each in participants]}
        told = await self._questions.ask("changeParticipants", args, within=self._within(len(participants)))
        adding = action is ParticipantAction.ADD
        return _read(lambda results: decoder.read_results(results, adding=adding), told)

    @override
    async def leave(self, group: Jid) -> None:
        self._questions.require("LEAVE_GROUP")
        await self._questions.ask("leaveGroup", {"group": str(group)})

    @override
    async def invite_code(self, group: Jid) -> str:
        self._questions.require("GROUP_INVITE")
        return _read(_code, await self._questions.ask("groupInviteCode", {"group": str(group)}))

    @override
    async def revoke_invite_code(self, group: Jid) -> str:
        self._questions.require("GROUP_INVITE")
        return _read(_code, await self._questions.ask("revokeGroupInvite", {"group": str(group)}))

    @override
    async def preview(self, code: str) -> GroupPreview:
        self._questions.require("JOIN_GROUP")
        return _read(decoder.read_preview, await self._questions.ask("previewInvite", {"code": code}))

    @override
    async def join(self, code: str) -> Joined:
        self._questions.require("JOIN_GROUP")
        return _read(_joined, await self._questions.ask("joinGroup", {"code": code}))

    @override
    async def requests(self, group: Jid) -> tuple[JoinRequest, ...]:
        self._questions.require("GROUP_REQUESTS")
        return _read_all(decoder.read_request, await self._questions.ask("groupRequests", {"group": str(group)}))

    @override
    async def decide(
        self, group: Jid, participants: tuple[Jid, ...], *, approve: bool
    ) -> tuple[ParticipantResult, ...]:
        self._questions.require("GROUP_REQUESTS")
        args = {"group": str(group), "participants": [str(each) for each in participants], "approve": approve}
        told = await self._questions.ask("decideRequests", args, within=self._within(len(participants)))
        return _read(lambda results: decoder.read_results(results, adding=False, requests=True), told)

    def _within(self, people: int) -> timedelta:
        return min(self._ordinary + _EACH * people, _LONGEST)


def _data_url(picture: bytes) -> str:
    """wa-js takes a type for granted that it can read; whether the picture is of that type, the page finds out."""
    kind = next((kind for start, kind in _KINDS.items() if picture.startswith(start)), "image/jpeg")
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}"


def _code(told: object) -> str:
    if not isinstance(told, str) or not told:
        raise MalformedError("code")
    return told


def _joined(told: object) -> Joined:
    item = mapping(told)
    return Joined(jid=jid(text(item, "id")), pending=field(item, "pending", bool))
