"""What clients do to their messages, and to what came, over both transports."""

import json
from typing import Any, Final

import aiohttp
from google.protobuf.duration_pb2 import Duration

from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Doing, Json, Operation

_REST: Final = {
    Doing.EDIT: ("PATCH", ""),
    Doing.REVOKE: ("DELETE", ""),
    Doing.REACTION: ("PUT", "/reaction"),
    Doing.UNREACT: ("DELETE", "/reaction"),
    Doing.VOTE: ("POST", "/vote"),
    Doing.PIN: ("POST", "/pin"),
    Doing.UNPIN: ("POST", "/unpin"),
    Doing.STAR: ("POST", "/star"),
    Doing.UNSTAR: ("POST", "/unstar"),
    Doing.DELETE: ("DELETE", "?for=me"),
    Doing.PLAYED: ("POST", "/played"),
}


async def over_rest(
    gateway: Gateway, operation: Operation, headers: dict[str, str], limit: aiohttp.ClientTimeout
) -> tuple[int, Json]:
    """An answer's status and content.

    Raises:
        aiohttp.ClientError, OSError, TimeoutError, ValueError: there was none that could be read.
    """
    method, suffix = _REST[operation.kind]
    url = f"{gateway.url}/api/v1/messages/{operation.send.message_id}{suffix}"
    async with gateway.http.request(method, url, json=_body(operation), headers=headers, timeout=limit) as response:
        content: Json = json.loads(await response.read() or b"{}")
        return response.status, content


def _body(operation: Operation) -> Json | None:
    match operation.kind:
        case Doing.EDIT:
            return {"text": {"body": operation.value}}
        case Doing.REACTION:
            return {"emoji": operation.value}
        case Doing.VOTE:
            return {"options": [operation.value]}
        case Doing.PIN:
            return {}
        case _:
            return None


async def over_grpc(gateway: Gateway, operation: Operation, key: str, wait: int, patience: float) -> str:
    """The operation's id; of what isn't a message its message's.

    Raises:
        grpc.aio.AioRpcError: it was refused, or there was no answer.
    """
    about: dict[str, Any] = {"message_id": operation.send.message_id, "request_id": key}
    common = about | {"wait": Duration(seconds=wait)}
    stub, metadata = gateway.messages, (("x-api-key", gateway.key),)
    match operation.kind:
        case Doing.EDIT:
            edit = pb.EditMessageRequest(**common, body=operation.value)
            answer = await stub.EditMessage(edit, timeout=patience, metadata=metadata)
        case Doing.REACTION | Doing.UNREACT:
            react = pb.ReactToMessageRequest(**common, emoji=operation.value)
            answer = await stub.ReactToMessage(react, timeout=patience, metadata=metadata)
        case Doing.VOTE:
            vote = pb.VoteInPollRequest(**common, options=[operation.value])
            answer = await stub.VoteInPoll(vote, timeout=patience, metadata=metadata)
        case Doing.PIN:
            answer = await stub.PinMessage(pb.PinMessageRequest(**common), timeout=patience, metadata=metadata)
        case Doing.UNPIN:
            answer = await stub.UnpinMessage(pb.UnpinMessageRequest(**common), timeout=patience, metadata=metadata)
        case Doing.REVOKE:
            revoke = pb.RevokeMessageRequest(**common)
            answer = await stub.RevokeMessage(revoke, timeout=patience, metadata=metadata)
        case Doing.STAR | Doing.UNSTAR:
            star = pb.StarMessageRequest(**about, remove=operation.kind is Doing.UNSTAR)
            starred = await stub.StarMessage(star, timeout=patience, metadata=metadata)
            return str(starred.message.id)
        case Doing.DELETE:
            delete = pb.DeleteMessageForMeRequest(**about)
            deleted = await stub.DeleteMessageForMe(delete, timeout=patience, metadata=metadata)
            return str(deleted.message.id)
        case Doing.PLAYED:
            listen = pb.MarkMessagePlayedRequest(**about)
            played = await stub.MarkMessagePlayed(listen, timeout=patience, metadata=metadata)
            return str(played.message.id)
    return str(answer.operation.id)
