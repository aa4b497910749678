"""ApiKeyService: see proto/pombo/v1/api_key_service.proto."""

from datetime import datetime
from typing import Any, Final, override

import grpc.aio

from application.access.manage_keys import CreateApiKeyCommand, RotateApiKeyCommand
from domain.access import ROTATION_OVERLAP
from domain.errors import InvalidArgumentError
from entrypoints.grpc.converters.access import api_key_to_proto, role_from_proto
from entrypoints.grpc.converters.times import duration_from_proto, time_from_proto
from entrypoints.grpc.gen.pombo.v1 import api_key_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.api_key_service_pb2_grpc import ApiKeyServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100
_FIELDS: Final = {"expires_at": "expire_time"}


class ApiKeyService(ApiKeyServiceServicer):
    """The keys' use cases over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._access = use_cases.access

    @override
    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Context) -> pb.CreateApiKeyResponse:
        command = CreateApiKeyCommand(
            user_id=request.user_id,
            name=request.name,
            role=role_from_proto(request.role, field="role"),
            session_ids=tuple(request.session_ids),
            expires_at=_expiry(request),
            request=key_of(request),
        )
        try:
            issued = await self._access.create_key.execute(command)
        except InvalidArgumentError as error:
            raise _by_its_name(error) from error
        return pb.CreateApiKeyResponse(api_key=api_key_to_proto(issued.key), secret=issued.secret or "")

    @override
    async def GetApiKey(self, request: pb.GetApiKeyRequest, context: Context) -> pb.GetApiKeyResponse:
        return pb.GetApiKeyResponse(api_key=api_key_to_proto(await self._access.get_key.execute(request.key_id)))

    @override
    async def ListApiKeys(self, request: pb.ListApiKeysRequest, context: Context) -> pb.ListApiKeysResponse:
        page = await self._access.list_keys.execute(
            user_id=request.user_id or None,
            page_token=request.page_token,
            limit=request.page_size or _DEFAULT_PAGE,
        )
        return pb.ListApiKeysResponse(api_keys=map(api_key_to_proto, page.items), next_page_token=page.next_after or "")

    @override
    async def RotateApiKey(self, request: pb.RotateApiKeyRequest, context: Context) -> pb.RotateApiKeyResponse:
        overlap = ROTATION_OVERLAP
        if request.HasField("overlap"):
            overlap = duration_from_proto(request.overlap, field="overlap")
        command = RotateApiKeyCommand(
            key_id=request.key_id, overlap=overlap, expires_at=_expiry(request), request=key_of(request)
        )
        try:
            issued = await self._access.rotate_key.execute(command)
        except InvalidArgumentError as error:
            raise _by_its_name(error) from error
        return pb.RotateApiKeyResponse(api_key=api_key_to_proto(issued.key), secret=issued.secret or "")

    @override
    async def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, context: Context) -> pb.RevokeApiKeyResponse:
        key = await self._access.revoke_key.execute(request.key_id, request=key_of(request))
        return pb.RevokeApiKeyResponse(api_key=api_key_to_proto(key))


def _expiry(request: pb.CreateApiKeyRequest | pb.RotateApiKeyRequest) -> datetime | None:
    return time_from_proto(request.expire_time, field="expire_time") if request.HasField("expire_time") else None


def _by_its_name(error: InvalidArgumentError) -> InvalidArgumentError:
    """The same error, its field named as the request has it."""
    field = None if error.field is None else _FIELDS.get(error.field, error.field)
    return InvalidArgumentError(error.reason, error.message, field=field, metadata=error.metadata)
