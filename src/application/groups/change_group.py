"""What is done with groups: their people, what they show, their links, and who asks to be let in."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Final

from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.group_page import GroupPage
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork
from application.representation.groups import (
    code_from_dict,
    code_to_dict,
    group_from_dict,
    group_to_dict,
    joined_from_dict,
    joined_to_dict,
    results_from_dict,
    results_to_dict,
)
from application.sessions.asking import NOTHING, PageAsker, form_of
from application.sessions.workers import SessionPage
from domain.errors import TooLargeError
from domain.event import GroupRequested, NewEvent
from domain.group import (
    Group,
    GroupChange,
    Joined,
    ParticipantAction,
    ParticipantOutcome,
    ParticipantResult,
    RequestState,
    parse_group,
    parse_invite_code,
    parse_people,
)
from domain.ids import parse_session_id
from domain.jid import Jid

MAX_PICTURE: Final = 5 * 1024 * 1024
"""Bytes of a picture as it is given; the page makes it small."""

_OK: Final = 200
_GROUP: Final = form_of(group_to_dict, group_from_dict)
_RESULTS: Final = form_of(results_to_dict, results_from_dict)
_CODE: Final = form_of(code_to_dict, code_from_dict)
_JOINED: Final = form_of(joined_to_dict, joined_from_dict)


class UpdateGroup:
    """Changes what a group shows and how it is run."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, group_id: str, change: GroupChange, *, request: RequestKey | None = None
    ) -> Group:
        """Changes it, one thing after another; what is so already stays so.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_GROUP``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
        """
        group = parse_group(group_id)
        change.check()
        mode = change.member_add_mode
        asked = {
            "group": str(group),
            "subject": change.subject,
            "description": change.description,
            "announce": change.announce,
            "restrict": change.restrict,
            "member_add_mode": None if mode is None else mode.value,
            "join_approval": change.join_approval,
            "ephemeral": None if change.ephemeral is None else change.ephemeral.total_seconds(),
        }
        return await self._asker.command(
            session_id, "groups.update", asked, request, lambda page: page.groups.change(group, change), _GROUP
        )


class SetGroupPicture:
    """Gives a group a picture, or takes it away."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, group_id: str, picture: bytes | None, *, request: RequestKey | None = None
    ) -> None:
        """Changes it for everybody.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            TooLargeError: ``PICTURE_TOO_LARGE``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``, ``PICTURE_UNREADABLE``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
        """
        group = parse_group(group_id)
        if picture is not None and len(picture) > MAX_PICTURE:
            raise TooLargeError("PICTURE_TOO_LARGE", f"A picture has at most {MAX_PICTURE} bytes.", field="picture")
        digest = None if picture is None else hashlib.sha256(picture).hexdigest()
        asked = {"group": str(group), "picture": digest}
        await self._asker.command(
            session_id,
            "groups.set_picture",
            asked,
            request,
            lambda page: page.groups.set_picture(group, picture),
            NOTHING,
        )


class ChangeParticipants:
    """Adds people to a group, removes them, makes them admins or takes that from them."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self,
        session_id: str,
        group_id: str,
        action: ParticipantAction,
        participants: tuple[str, ...],
        *,
        request: RequestKey | None = None,
    ) -> tuple[ParticipantResult, ...]:
        """Changes it, with a result for each.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_GROUP``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
        """
        group, people = parse_group(group_id), parse_people(participants)
        asked = {"group": str(group), "action": action.value, "participants": [str(each) for each in people]}
        return await self._asker.command(
            session_id,
            "groups.participants",
            asked,
            request,
            lambda page: page.groups.change_participants(group, action, people),
            _RESULTS,
        )


class LeaveGroup:
    """Leaves a group."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, group_id: str, *, request: RequestKey | None = None) -> None:
        """Leaves it; one that the account isn't in is left already.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``GROUP_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        group = parse_group(group_id)
        await self._asker.command(
            session_id, "groups.leave", {"group": str(group)}, request, lambda page: page.groups.leave(group), NOTHING
        )


class RevokeInviteCode:
    """Makes a group's link worthless."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, group_id: str, *, request: RequestKey | None = None) -> str:
        """Revokes it and gives the new one. What was broken off is done again: a code more is revoked then.

        Raises:
            InvalidArgumentError: ``INVALID_JID``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
        """
        group = parse_group(group_id)
        asked = {"group": str(group)}
        return await self._asker.command(
            session_id,
            "groups.revoke_invite",
            asked,
            request,
            lambda page: page.groups.revoke_invite_code(group),
            _CODE,
        )


class JoinGroup:
    """Joins a group by an invite code."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, code: str, *, request: RequestKey | None = None) -> Joined:
        """Joins, or asks to be let in.

        Raises:
            InvalidArgumentError: ``INVALID_GROUP``.
            NotFoundError: ``INVITE_INVALID``.
            GoneError: ``INVITE_REVOKED``.
            UnprocessableError: ``GROUP_FULL``, ``GROUP_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        known = parse_invite_code(code)
        return await self._asker.command(
            session_id, "groups.join", {"code": known}, request, lambda page: page.groups.join(known), _JOINED
        )


class DecideJoinRequests:
    """Lets people in who ask for it, or turns them away."""

    def __init__(self, asker: PageAsker, clock: Clock, ids: IdGenerator) -> None:
        self._asker = asker
        self._clock = clock
        self._ids = ids

    async def execute(
        self,
        session_id: str,
        group_id: str,
        participants: tuple[str, ...],
        *,
        approve: bool,
        request: RequestKey | None = None,
    ) -> tuple[ParticipantResult, ...]:
        """Decides, with a result for each; WhatsApp tells nobody of it, so that the event is appended here.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_GROUP``.
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
        """
        session = parse_session_id(session_id)
        group, people = parse_group(group_id), parse_people(participants)
        asked = {"group": str(group), "participants": [str(each) for each in people], "approve": approve}

        async def decide(page: SessionPage) -> tuple[ParticipantResult, ...]:
            return await page.groups.decide(group, people, approve=approve)

        async def decide_again(page: SessionPage, _: datetime) -> tuple[ParticipantResult, ...]:
            return await _as_decided_before(page.groups, group, await decide(page), approve=approve)

        async def tell(uow: UnitOfWork, results: tuple[ParticipantResult, ...]) -> None:
            done = tuple(result.jid for result in results if result.outcome is ParticipantOutcome.DONE)
            if done:
                state = RequestState.APPROVED if approve else RequestState.REJECTED
                payload = GroupRequested(group=group, participants=done, state=state)
                now = self._clock.now()
                await uow.events.append(
                    [NewEvent(id=self._ids.event_id(), session_id=session, time=now, payload=payload)]
                )

        return await self._asker.command(
            session, "groups.decide", asked, request, decide, _RESULTS, resume=decide_again, also=tell
        )


async def _as_decided_before(
    page: GroupPage, group: Jid, results: tuple[ParticipantResult, ...], *, approve: bool
) -> tuple[ParticipantResult, ...]:
    """Results of a second try: who asks no more, and is in the group, or isn't, as was asked, was decided on before."""
    if all(result.outcome is not ParticipantOutcome.REQUEST_NOT_FOUND for result in results):
        return results
    members = {form for each in (await page.get(group)).participants for form in (each.jid, each.alternate)}
    return tuple(
        replace(result, outcome=ParticipantOutcome.DONE, code=_OK)
        if result.outcome is ParticipantOutcome.REQUEST_NOT_FOUND and (result.jid in members) == approve
        else result
        for result in results
    )
