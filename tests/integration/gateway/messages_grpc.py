"""Messages over gRPC, the answers in REST's form."""

from datetime import datetime
from typing import Any, override

from entrypoints.grpc.gen.pombo.v1 import event_service_pb2, media_service_pb2

from . import contents_grpc
from .messages_transport import Json, MessagesTransport
from .people_grpc import PeopleGrpc
from .transport import SESSION

_NAMES = {
    "sender": "from",
    "recipient": "to",
    "create_time": "created_at",
    "delivered_time": "delivered_at",
    "read_time": "read_at",
    "played_time": "played_at",
    "edited_time": "edited_at",
    "revoked_time": "revoked_at",
    "deleted_time": "deleted_at",
    "pinned_until_time": "pinned_until",
    "reaction_time": "at",
    "vote_time": "at",
}
_STATUS = "MESSAGE_STATUS_"
_CHUNK = 256 * 1024


def _shown(told: Any) -> Any:
    """With fields and statuses as REST names them."""
    if isinstance(told, dict):
        return {_NAMES.get(name, name): _shown(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_shown(value) for value in told]
    return told.removeprefix(_STATUS) if isinstance(told, str) else told


def _chunks(data: bytes) -> list[bytes]:
    return [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]


class MessagesGrpc(PeopleGrpc, MessagesTransport):
    """gRPC."""

    @override
    async def _messages(self, name: str, **fields: Any) -> Any:
        return _shown(await super()._messages(name, **fields))

    async def _of(self, message: str, name: str, **fields: Any) -> Json:
        answer: Json = await self._messages(name, message_id=message, **fields)
        return answer

    async def _one_of(self, message: str, name: str, **fields: Any) -> Json:
        found: Json = (await self._of(message, name, **fields))["message"]
        return found

    @override
    async def sent(
        self, to: str, kind: str, content: Any, not_before: datetime | None = None, answers: str | None = None
    ) -> Json:
        later = {} if not_before is None else {"not_before_time": not_before.isoformat()}
        context = {} if answers is None else {"context": {"message_id": answers}}
        fields = {"session_id": SESSION, "to": to, kind: contents_grpc.asked(kind, content)}
        message: Json = (await self._messages("SendMessage", **fields, **later, **context))["message"]
        return contents_grpc.shown(message)

    @override
    async def sent_many(self, *texts: tuple[str, str]) -> list[Json]:
        messages = [{"session_id": SESSION, "to": to, "text": {"body": text}} for to, text in texts]
        return [result["message"] for result in (await self._messages("SendMessages", messages=messages))["results"]]

    @override
    async def canceled(self, message: str) -> Json:
        return await self._one_of(message, "CancelMessage")

    @override
    async def message(self, message: str) -> Json:
        return contents_grpc.shown(await self._one_of(message, "GetMessage"))

    @override
    async def upload(self, data: bytes, mime_type: str, filename: str) -> Json:
        header = media_service_pb2.MediaHeader(mime_type=mime_type, filename=filename)
        call = self._channel.stream_unary(
            "/pombo.v1.MediaService/UploadMedia",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=media_service_pb2.UploadMediaResponse.FromString,
        )
        pieces = [media_service_pb2.UploadMediaRequest(header=header)]
        pieces += [media_service_pb2.UploadMediaRequest(chunk=chunk) for chunk in _chunks(data)]
        media = (await call(iter(pieces), metadata=self._metadata)).media
        return {"id": media.id, "mime_type": media.mime_type, "size": media.size, "sha256": media.sha256}

    @override
    async def told(self, kind: str) -> list[Json]:
        asked = {"page_size": 1000, "types": [kind]}
        events = (await self._call("EventService/ListEvents", event_service_pb2, **asked))["events"]
        found = [_shown(event[kind.replace(".", "_")]["message"]) for event in events]
        return [contents_grpc.shown(message) for message in found]

    @override
    async def listed(self, **which: Any) -> tuple[list[Json], str | None]:
        fields = {"session_id": SESSION, **which}
        if "types" in fields:
            fields["types"] = fields["types"].split(",")
        if "direction" in fields:
            fields["direction"] = f"DIRECTION_{fields['direction'].upper()}"
        page = await self._messages("ListMessages", **fields)
        return page["messages"], page["next_page_token"] or None

    @override
    async def edited(self, message: str, body: str) -> Json:
        return await self._of(message, "EditMessage", body=body)

    @override
    async def revoked(self, message: str) -> Json:
        return await self._of(message, "RevokeMessage")

    @override
    async def reacted(self, message: str, emoji: str | None) -> Json:
        return await self._of(message, "ReactToMessage", emoji=emoji or "")

    @override
    async def voted(self, message: str, *options: str) -> Json:
        return await self._of(message, "VoteInPoll", options=list(options))

    @override
    async def pinned(self, message: str, days: int) -> Json:
        return await self._of(message, "PinMessage", duration=f"{days * 86_400}s")

    @override
    async def unpinned(self, message: str) -> Json:
        return await self._of(message, "UnpinMessage")

    @override
    async def forward(self, message: str, to: str) -> Json:
        return await self._one_of(message, "ForwardMessage", to=to)

    @override
    async def unstar(self, message: str) -> Json:
        return await self._one_of(message, "StarMessage", remove=True)

    @override
    async def delete_for_me(self, message: str) -> Json:
        return await self._one_of(message, "DeleteMessageForMe")

    @override
    async def reactions(self, message: str) -> list[Json]:
        found: list[Json] = (await self._of(message, "ListReactions"))["reactions"]
        return found

    @override
    async def votes(self, message: str) -> Json:
        found = await self._of(message, "ListVotes")
        results = [{**result, "votes": len(result["voters"])} for result in found["results"]]
        return {"items": found["votes"], "results": results}

    @override
    async def receipts(self, message: str) -> list[Json]:
        found: list[Json] = (await self._of(message, "ListReceipts"))["receipts"]
        return found

    @override
    async def history(self, chat: str, before: str | None, limit: int) -> Json:
        fields = {"chat_id": chat, "limit": limit} | ({} if before is None else {"before_message_id": before})
        found = _shown(await self._chats("FetchChatHistory", **fields))
        return {"items": found["messages"], "added": found["added_count"], "more": found["more"]}
