"""Groups of a session."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.groups.create_group import CreateGroupCommand
from application.representation import groups as forms
from domain.errors import InvalidArgumentError
from domain.group import GroupChange, MemberAddMode, ParticipantAction
from entrypoints.rest.given_base64 import decode_base64
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import groups as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

GROUPS: Final = f"{SESSION}/groups"
GROUP: Final = f"{GROUPS}/{{group_id}}"
INVITES: Final = f"{SESSION}/group-invites"
_SESSION: Final = (
    *("INVALID_SESSION_ID", "SESSION_NOT_FOUND", "SESSION_NOT_RUNNING", "OWNER_SILENT", "PAGE_UNAVAILABLE"),
    "CAPABILITY_UNAVAILABLE",
)
_GROUP: Final = (*_SESSION, "INVALID_JID", "GROUP_NOT_FOUND", "NOT_GROUP_MEMBER")
_ADMIN: Final = (*_GROUP, "NOT_GROUP_ADMIN", "GROUP_REFUSED")
_CODE: Final = (*_SESSION, "INVALID_GROUP", "INVITE_INVALID", "INVITE_REVOKED")
_PEOPLE: Final = ("INVALID_GROUP", "INVALID_PHONE")
_LOCATION: Final[dict[int | str, dict[str, Any]]] = {
    201: {"headers": {"Location": {"description": "Where the group is.", "schema": {"type": "string"}}}}
}


class GroupRoutes:
    """The routes of groups."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(path: str, endpoint: Any, method: str, name: str, model: Any, *reasons: str, **more: Any) -> None:
            responses = more.pop("responses", {}) | problems(*reasons)
            options = {"operation_id": name, "tags": ["Groups"], "response_model": model, "responses": responses}
            router.add_api_route(path, endpoint, methods=[method], **options | more)

        changing = (*BODY, *KEYED, *_ADMIN)
        add(
            *(GROUPS, self.create, "POST", "createGroup", models.CreatedGroup, *BODY, *KEYED, *_SESSION, *_PEOPLE),
            *("INVALID_JID", "NUMBER_NOT_ON_WHATSAPP", "GROUP_FULL", "GROUP_REFUSED"),
            status_code=201,
            responses=_LOCATION,
        )
        add(GROUPS, self.list, "GET", "listGroups", models.GroupList, "INVALID_REQUEST", *_SESSION)
        add(GROUP, self.get, "GET", "getGroup", models.Group, *_GROUP)
        add(GROUP, self.update, "PATCH", "updateGroup", models.Group, *changing, "INVALID_GROUP")
        picture = (*_ADMIN, *KEYED, "PICTURE_TOO_LARGE", "PICTURE_UNREADABLE")
        add(f"{GROUP}/picture", self.set_picture, "PUT", "setGroupPicture", None, *BODY, *picture, status_code=204)
        add(f"{GROUP}/picture", self.no_picture, "DELETE", "deleteGroupPicture", None, *picture, status_code=204)
        add(f"{GROUP}/leave", self.leave, "POST", "leaveGroup", None, *KEYED, *_GROUP, "GROUP_REFUSED", status_code=204)
        results, people = models.ParticipantResults, (*changing, *_PEOPLE)
        add(f"{GROUP}/participants", self.participants, "POST", "changeGroupParticipants", results, *people)
        add(f"{GROUP}/invite-code", self.code, "GET", "getGroupInviteCode", models.InviteCode, *_ADMIN)
        add(f"{GROUP}/invite-code", self.revoke, "DELETE", "revokeGroupInviteCode", models.InviteCode, *KEYED, *_ADMIN)
        add(f"{GROUP}/requests", self.requests, "GET", "listGroupRequests", models.JoinRequestList, *_ADMIN)
        add(f"{GROUP}/requests", self.decide, "POST", "decideGroupRequests", results, *people)
        add(f"{INVITES}/{{code}}", self.preview, "GET", "previewGroupInvite", models.Preview, *_CODE)
        add(
            *(f"{INVITES}/join", self.join, "POST", "joinGroup", models.Joined, *BODY, *KEYED, *_CODE),
            *("GROUP_FULL", "GROUP_REFUSED"),
        )

    async def create(
        self, session_id: str, body: models.CreateGroup, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Founds a group. With the same key it is founded once, whatever dies meanwhile."""
        command = CreateGroupCommand(session_id=session_id, subject=body.subject, participants=tuple(body.participants))
        created = await self._use_cases.create_group.execute(command, request=key_of(idempotency_key))
        where = GROUP.format(session_id=session_id, group_id=created.group.jid)
        return json_response(forms.created_to_dict(created), status=201, headers={"Location": where})

    async def list(self, session_id: str, query: Annotated[models.GroupsQuery, Query()]) -> Response:
        """Lists the groups that the account is in, asked of WhatsApp."""
        groups = await self._use_cases.list_groups.execute(session_id)
        left_out = {} if query.participants else {"participants": None}
        return json_response({"items": [forms.group_to_dict(group) | left_out for group in groups]})

    async def get(self, session_id: str, group_id: str) -> Response:
        """Gives one group, asked of WhatsApp."""
        return json_response(forms.group_to_dict(await self._use_cases.get_group.execute(session_id, group_id)))

    async def update(
        self, session_id: str, group_id: str, body: models.UpdateGroup, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Changes what a group shows and how it is run, one thing after another; what is so already stays so."""
        group = await self._use_cases.update_group.execute(
            session_id, group_id, _change(body), request=key_of(idempotency_key)
        )
        return json_response(forms.group_to_dict(group))

    async def set_picture(
        self, session_id: str, group_id: str, body: models.SetPicture, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Gives a group a picture."""
        try:
            picture = decode_base64(body.base64)
        except ValueError as error:
            raise InvalidArgumentError("INVALID_REQUEST", "Give the picture in base64.", field="base64") from error
        if not picture:
            raise InvalidArgumentError("INVALID_REQUEST", "The picture is empty.", field="base64")
        await self._use_cases.set_group_picture.execute(session_id, group_id, picture, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def no_picture(self, session_id: str, group_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes a group's picture away."""
        await self._use_cases.set_group_picture.execute(session_id, group_id, None, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def leave(self, session_id: str, group_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Leaves a group; one that the account isn't in is left already."""
        await self._use_cases.leave_group.execute(session_id, group_id, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def participants(
        self, session_id: str, group_id: str, body: models.ChangeParticipants, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Adds people, removes them, makes them admins or takes that from them, with a result for each."""
        results = await self._use_cases.change_participants.execute(
            session_id,
            group_id,
            ParticipantAction(body.action),
            tuple(body.participants),
            request=key_of(idempotency_key),
        )
        return json_response(forms.results_to_dict(results))

    async def code(self, session_id: str, group_id: str) -> Response:
        """Gives the code of a group's link."""
        return json_response(forms.code_to_dict(await self._use_cases.get_invite_code.execute(session_id, group_id)))

    async def revoke(self, session_id: str, group_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Makes a group's link worthless and gives the code of another one."""
        code = await self._use_cases.revoke_invite_code.execute(session_id, group_id, request=key_of(idempotency_key))
        return json_response(forms.code_to_dict(code))

    async def requests(self, session_id: str, group_id: str) -> Response:
        """Lists who asks to be let in."""
        requests = await self._use_cases.list_join_requests.execute(session_id, group_id)
        return json_response({"items": [forms.request_to_dict(each) for each in requests]})

    async def decide(
        self, session_id: str, group_id: str, body: models.DecideRequests, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Lets people in who ask for it, or turns them away, with a result for each."""
        results = await self._use_cases.decide_join_requests.execute(
            session_id, group_id, tuple(body.participants), approve=body.approve, request=key_of(idempotency_key)
        )
        return json_response(forms.results_to_dict(results))

    async def preview(self, session_id: str, code: str) -> Response:
        """Gives what an invite code shows of its group."""
        return json_response(forms.preview_to_dict(await self._use_cases.preview_invite.execute(session_id, code)))

    async def join(self, session_id: str, body: models.JoinGroup, idempotency_key: IdempotencyKey = None) -> Response:
        """Joins a group by an invite code, or asks to be let in."""
        joined = await self._use_cases.join_group.execute(session_id, body.code, request=key_of(idempotency_key))
        return json_response(forms.joined_to_dict(joined))


def _change(body: models.UpdateGroup) -> GroupChange:
    try:
        ephemeral = None if body.ephemeral_seconds is None else timedelta(seconds=body.ephemeral_seconds)
    except OverflowError as error:
        raise InvalidArgumentError(
            "INVALID_GROUP", "Messages disappear after 1, 7 or 90 days, or (0) never.", field="ephemeral_seconds"
        ) from error
    return GroupChange(
        subject=body.subject,
        description=body.description,
        announce=body.announce,
        restrict=body.restrict,
        member_add_mode=None if body.member_add_mode is None else MemberAddMode(body.member_add_mode),
        join_approval=body.join_approval,
        ephemeral=ephemeral,
    )
