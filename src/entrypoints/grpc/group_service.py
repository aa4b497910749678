"""GroupService: see proto/pombo/v1/group_service.proto."""

from typing import Any, Final, override

import grpc.aio

from application.groups.create_group import CreateGroupCommand
from domain.errors import InvalidArgumentError
from domain.group import GroupChange
from entrypoints.grpc.converters.groups import (
    ACTIONS,
    MODES,
    group_to_proto,
    join_request_to_proto,
    preview_to_proto,
    result_to_proto,
)
from entrypoints.grpc.converters.times import duration_from_proto
from entrypoints.grpc.gen.pombo.v1 import group_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.group_service_pb2_grpc import GroupServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_ACTION_OF: Final = {number: action for action, number in ACTIONS.items()}
_MODE_OF: Final = {number: mode for mode, number in MODES.items()}


class GroupService(GroupServiceServicer):
    """The use cases of groups over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def CreateGroup(self, request: pb.CreateGroupRequest, context: Context) -> pb.CreateGroupResponse:
        command = CreateGroupCommand(
            session_id=request.session_id, subject=request.subject, participants=tuple(request.participants)
        )
        created = await self._use_cases.create_group.execute(command, request=key_of(request))
        return pb.CreateGroupResponse(
            group=group_to_proto(created.group), results=[result_to_proto(result) for result in created.results]
        )

    @override
    async def ListGroups(self, request: pb.ListGroupsRequest, context: Context) -> pb.ListGroupsResponse:
        groups = await self._use_cases.list_groups.execute(request.session_id)
        wanted = request.include_participants
        return pb.ListGroupsResponse(groups=[group_to_proto(group, participants=wanted) for group in groups])

    @override
    async def GetGroup(self, request: pb.GetGroupRequest, context: Context) -> pb.GetGroupResponse:
        group = await self._use_cases.get_group.execute(request.session_id, request.group_id)
        return pb.GetGroupResponse(group=group_to_proto(group))

    @override
    async def UpdateGroup(self, request: pb.UpdateGroupRequest, context: Context) -> pb.UpdateGroupResponse:
        group = await self._use_cases.update_group.execute(
            request.session_id, request.group_id, _change(request), request=key_of(request)
        )
        return pb.UpdateGroupResponse(group=group_to_proto(group))

    @override
    async def SetGroupPicture(self, request: pb.SetGroupPictureRequest, context: Context) -> pb.SetGroupPictureResponse:
        await self._use_cases.set_group_picture.execute(
            request.session_id, request.group_id, request.picture or None, request=key_of(request)
        )
        return pb.SetGroupPictureResponse()

    @override
    async def LeaveGroup(self, request: pb.LeaveGroupRequest, context: Context) -> pb.LeaveGroupResponse:
        await self._use_cases.leave_group.execute(request.session_id, request.group_id, request=key_of(request))
        return pb.LeaveGroupResponse()

    @override
    async def ChangeParticipants(
        self, request: pb.ChangeParticipantsRequest, context: Context
    ) -> pb.ChangeParticipantsResponse:
        action = _ACTION_OF.get(request.action)
        if action is None:
            raise InvalidArgumentError("INVALID_REQUEST", "Say what to do to the participants.", field="action")
        results = await self._use_cases.change_participants.execute(
            request.session_id, request.group_id, action, tuple(request.participants), request=key_of(request)
        )
        return pb.ChangeParticipantsResponse(results=[result_to_proto(result) for result in results])

    @override
    async def GetInviteCode(self, request: pb.GetInviteCodeRequest, context: Context) -> pb.GetInviteCodeResponse:
        code = await self._use_cases.get_invite_code.execute(request.session_id, request.group_id)
        return pb.GetInviteCodeResponse(code=code)

    @override
    async def RevokeInviteCode(
        self, request: pb.RevokeInviteCodeRequest, context: Context
    ) -> pb.RevokeInviteCodeResponse:
        code = await self._use_cases.revoke_invite_code.execute(
            request.session_id, request.group_id, request=key_of(request)
        )
        return pb.RevokeInviteCodeResponse(code=code)

    @override
    async def PreviewInvite(self, request: pb.PreviewInviteRequest, context: Context) -> pb.PreviewInviteResponse:
        preview = await self._use_cases.preview_invite.execute(request.session_id, request.code)
        return pb.PreviewInviteResponse(preview=preview_to_proto(preview))

    @override
    async def JoinGroup(self, request: pb.JoinGroupRequest, context: Context) -> pb.JoinGroupResponse:
        joined = await self._use_cases.join_group.execute(request.session_id, request.code, request=key_of(request))
        return pb.JoinGroupResponse(group_id=str(joined.jid), pending=joined.pending)

    @override
    async def ListJoinRequests(
        self, request: pb.ListJoinRequestsRequest, context: Context
    ) -> pb.ListJoinRequestsResponse:
        requests = await self._use_cases.list_join_requests.execute(request.session_id, request.group_id)
        return pb.ListJoinRequestsResponse(requests=[join_request_to_proto(each) for each in requests])

    @override
    async def DecideJoinRequests(
        self, request: pb.DecideJoinRequestsRequest, context: Context
    ) -> pb.DecideJoinRequestsResponse:
        results = await self._use_cases.decide_join_requests.execute(
            request.session_id,
            request.group_id,
            tuple(request.participants),
            approve=request.approve,
            request=key_of(request),
        )
        return pb.DecideJoinRequestsResponse(results=[result_to_proto(result) for result in results])


def _change(request: pb.UpdateGroupRequest) -> GroupChange:
    has = request.HasField
    return GroupChange(
        subject=request.subject if has("subject") else None,
        description=request.description if has("description") else None,
        announce=request.announce if has("announce") else None,
        restrict=request.restrict if has("restrict") else None,
        member_add_mode=_MODE_OF.get(request.member_add_mode),
        join_approval=request.join_approval if has("join_approval") else None,
        ephemeral=duration_from_proto(request.ephemeral, field="ephemeral") if has("ephemeral") else None,
    )
