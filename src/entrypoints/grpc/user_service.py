"""UserService: see proto/pombo/v1/user_service.proto."""

from typing import Any, Final, override

import grpc.aio

from application.access.manage_users import CreateUserCommand, UpdateUserCommand
from domain.errors import InvalidArgumentError
from entrypoints.grpc.converters.access import role_from_proto, user_to_proto
from entrypoints.grpc.gen.pombo.v1 import user_pb2
from entrypoints.grpc.gen.pombo.v1 import user_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.user_service_pb2_grpc import UserServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100
_CHANGEABLE: Final = frozenset({"name", "role", "disabled"})


class UserService(UserServiceServicer):
    """The users' use cases over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._access = use_cases.access

    @override
    async def CreateUser(self, request: pb.CreateUserRequest, context: Context) -> pb.CreateUserResponse:
        command = CreateUserCommand(
            name=request.name, role=role_from_proto(request.role, field="role"), request=key_of(request)
        )
        return pb.CreateUserResponse(user=user_to_proto(await self._access.create_user.execute(command)))

    @override
    async def GetUser(self, request: pb.GetUserRequest, context: Context) -> pb.GetUserResponse:
        return pb.GetUserResponse(user=user_to_proto(await self._access.get_user.execute(request.user_id)))

    @override
    async def ListUsers(self, request: pb.ListUsersRequest, context: Context) -> pb.ListUsersResponse:
        page = await self._access.list_users.execute(
            page_token=request.page_token, limit=request.page_size or _DEFAULT_PAGE
        )
        return pb.ListUsersResponse(users=map(user_to_proto, page.items), next_page_token=page.next_after or "")

    @override
    async def UpdateUser(self, request: pb.UpdateUserRequest, context: Context) -> pb.UpdateUserResponse:
        try:
            user = await self._access.update_user.execute(_update(request))
        except InvalidArgumentError as error:
            inner = {"user_id": "user.id", "name": "user.name"}
            field = None if error.field is None else inner.get(error.field, error.field)
            raise InvalidArgumentError(error.reason, error.message, field=field, metadata=error.metadata) from error
        return pb.UpdateUserResponse(user=user_to_proto(user))


def _update(request: pb.UpdateUserRequest) -> UpdateUserCommand:
    user, paths = request.user, set(request.update_mask.paths)
    if not paths:
        # Without a mask, what the message holds is what is meant (https://google.aip.dev/134).
        paths = {"name"} if user.name else set()
        paths |= {"role"} if user.role != user_pb2.ROLE_UNSPECIFIED else set()
        paths |= {"disabled"} if user.disabled else set()
    elif paths == {"*"}:
        paths = set(_CHANGEABLE)
    if not paths <= _CHANGEABLE:
        raise InvalidArgumentError(
            "INVALID_REQUEST",
            f"Of a user these can be changed: {', '.join(sorted(_CHANGEABLE))}.",
            field="update_mask",
        )
    return UpdateUserCommand(
        user_id=user.id,
        name=user.name if "name" in paths else None,
        role=role_from_proto(user.role, field="user.role") if "role" in paths else None,
        disabled=user.disabled if "disabled" in paths else None,
        request=key_of(request),
    )
