"""The gateway's gRPC, its answers in REST's form."""

from typing import Any, override

import grpc.aio
from google.protobuf.json_format import MessageToDict, ParseDict

from entrypoints.grpc.gen.pombo.v1 import group_service_pb2, media_service_pb2, message_service_pb2
from tests.integration.grpc.gateway import info

from .transport import SESSION, RefusedError, Transport, outcomes

_PREFIXES = ("PARTICIPANT_OUTCOME_", "GROUP_ROLE_", "MEMBER_ADD_MODE_", "JOIN_REQUEST_METHOD_", "ACTIVITY_")


def plain(told: Any, prefixes: tuple[str, ...]) -> Any:
    """With enums as REST names them: without these prefixes."""
    if isinstance(told, dict):
        return {name: plain(value, prefixes) for name, value in told.items()}
    if isinstance(told, list):
        return [plain(value, prefixes) for value in told]
    prefix = next((prefix for prefix in prefixes if isinstance(told, str) and told.startswith(prefix)), "")
    return told.removeprefix(prefix) if prefix else told


class Grpc(Transport):
    """gRPC."""

    def __init__(self, channel: grpc.aio.Channel, key: str) -> None:
        self._channel = channel
        self._metadata = (("x-api-key", key),)

    async def _call(self, method: str, module: Any, **fields: Any) -> Any:
        """Calls by name, with a request and an answer in JSON's form."""
        name = method.partition("/")[2]
        call = self._channel.unary_unary(
            f"/pombo.v1.{method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=getattr(module, f"{name}Response").FromString,
        )
        request = ParseDict(fields, getattr(module, f"{name}Request")())
        try:
            answer = await call(request, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise RefusedError(info(error).reason, error.code(), info(error).metadata) from error
        return plain(
            MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True),
            _PREFIXES,
        )

    async def _groups(self, name: str, **fields: Any) -> Any:
        return await self._call(f"GroupService/{name}", group_service_pb2, session_id=SESSION, **fields)

    async def _messages(self, name: str, **fields: Any) -> Any:
        return await self._call(f"MessageService/{name}", message_service_pb2, **fields)

    @override
    async def create(self, subject: str, people: list[str], key: str) -> dict[str, Any]:
        created: dict[str, Any] = await self._groups(
            "CreateGroup", subject=subject, participants=people, request_id=key
        )
        return created

    @override
    async def groups(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._groups("ListGroups", include_participants=True))["groups"]
        return found

    @override
    async def group(self, group: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self._groups("GetGroup", group_id=group))["group"]
        return found

    @override
    async def update(self, group: str, **changes: Any) -> dict[str, Any]:
        if "member_add_mode" in changes:
            changes["member_add_mode"] = f"MEMBER_ADD_MODE_{changes['member_add_mode']}"
        if "ephemeral_seconds" in changes:
            changes["ephemeral"] = f"{changes.pop('ephemeral_seconds')}s"
        changed: dict[str, Any] = (await self._groups("UpdateGroup", group_id=group, **changes))["group"]
        settings = changed["settings"]
        settings["ephemeral_seconds"] = int(settings.pop("ephemeral").removesuffix("s"))
        return changed

    @override
    async def picture(self, group: str, picture: bytes | None) -> None:
        request = group_service_pb2.SetGroupPictureRequest(picture=picture or b"")
        await self._groups("SetGroupPicture", group_id=group, **MessageToDict(request))

    @override
    async def leave(self, group: str) -> None:
        await self._groups("LeaveGroup", group_id=group)

    @override
    async def change(self, group: str, action: str, *people: str) -> dict[str, str]:
        fields = {"group_id": group, "action": f"PARTICIPANT_ACTION_{action}", "participants": list(people)}
        return outcomes((await self._groups("ChangeParticipants", **fields))["results"])

    @override
    async def code(self, group: str) -> str:
        return str((await self._groups("GetInviteCode", group_id=group))["code"])

    @override
    async def revoke_code(self, group: str) -> str:
        return str((await self._groups("RevokeInviteCode", group_id=group))["code"])

    @override
    async def preview(self, code: str) -> dict[str, Any]:
        shown: dict[str, Any] = (await self._groups("PreviewInvite", code=code))["preview"]
        return shown

    @override
    async def join(self, code: str) -> dict[str, Any]:
        joined: dict[str, Any] = await self._groups("JoinGroup", code=code)
        return joined

    @override
    async def requests(self, group: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._groups("ListJoinRequests", group_id=group))["requests"]
        return found

    @override
    async def decide(self, group: str, person: str, *, approve: bool, key: str = "") -> dict[str, str]:
        fields = {"group_id": group, "participants": [person], "approve": approve, "request_id": key}
        return outcomes((await self._groups("DecideJoinRequests", **fields))["results"])

    @override
    async def failure(self, message: str) -> str:
        return str((await self._messages("GetMessage", message_id=message))["message"]["error"]["reason"])

    @override
    async def send(self, to: str, body: str) -> None:
        await self._messages("SendMessage", session_id=SESSION, to=to, text={"body": body})

    @override
    async def edit(self, message: str, body: str) -> None:
        await self._messages("EditMessage", message_id=message, body=body)

    @override
    async def delete(self, message: str) -> None:
        await self._messages("RevokeMessage", message_id=message)

    @override
    async def react(self, message: str) -> None:
        await self._messages("ReactToMessage", message_id=message, emoji="👍")

    @override
    async def pin(self, message: str) -> None:
        await self._messages("PinMessage", message_id=message)

    @override
    async def star(self, message: str) -> None:
        await self._messages("StarMessage", message_id=message)

    @override
    async def file(self, message: str) -> bytes:
        call = self._channel.unary_stream(
            "/pombo.v1.MediaService/DownloadMessageMedia",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=media_service_pb2.DownloadMessageMediaResponse.FromString,
        )
        request = media_service_pb2.DownloadMessageMediaRequest(message_id=message)
        try:
            return b"".join([piece.chunk async for piece in call(request, metadata=self._metadata)])
        except grpc.aio.AioRpcError as error:
            raise RefusedError(info(error).reason, error.code(), info(error).metadata) from error
