"""What a revoked key has open ends, over a socket."""

import json

import aiohttp
import pytest

from application.sessions.create_session import CreateSessionCommand
from domain.access import Role
from domain.ids import ApiKeyId
from tests.unit.access_samples import key_with
from tests.unit.rest.gateway import Gateway

from .streams import events

SOCKET = "/api/v1/events/ws"


async def reader(gateway: Gateway) -> tuple[dict[str, str], ApiKeyId]:
    """The header of a new key for one session, and the key's id."""
    await gateway.use_cases.create_session.execute(CreateSessionCommand(id="mine", start=False))
    await gateway.use_cases.create_session.execute(CreateSessionCommand(id="other", start=False))
    secret = await key_with(gateway.use_cases, Role.READER, ["mine"])
    caller = await gateway.use_cases.authenticate.execute(secret)
    assert caller.key_id is not None
    return {"X-API-Key": secret}, caller.key_id


async def test_server_sent_events_end(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    key, key_id = await reader(gateway)
    headers = {**key, "Accept": "text/event-stream"}
    async with http.get("/api/v1/events?after=0", headers=headers) as answer:
        stream = events(answer)
        first = await anext(stream)
        assert (first.event, first.data["session_id"]) == ("session.status", "mine")
        await gateway.use_cases.access.revoke_key.execute(key_id)
        last = await anext(stream)
        assert (last.id, last.event, last.data["reason"]) == ("", "stream.error", "API_KEY_REVOKED")
        assert [sent async for sent in stream] == []


async def test_a_web_socket_ends(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    key, key_id = await reader(gateway)
    async with http.ws_connect(f"{SOCKET}?after=0", headers=key) as socket:
        assert (await socket.receive_json(timeout=10))["session_id"] == "mine"
        await gateway.use_cases.access.revoke_key.execute(key_id)
        told = await socket.receive_json(timeout=10)
        assert (told["type"], told["error"]["reason"]) == ("stream.error", "API_KEY_REVOKED")
        closed = await socket.receive(timeout=10)
        assert (closed.type, closed.data, closed.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "API_KEY_REVOKED")


@pytest.mark.parametrize("role", [Role.READER, Role.ADMIN])
async def test_a_web_socket_is_for_readers_too_and_not_for_nobody(
    gateway: Gateway, http: aiohttp.ClientSession, role: Role
) -> None:
    secret = await key_with(gateway.use_cases, role)
    async with http.ws_connect(SOCKET, headers={"X-API-Key": secret}):
        pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(SOCKET, headers={"X-API-Key": "wrong"})
    assert refused.value.status == 401


async def test_plain_requests_with_it_are_refused(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    key, key_id = await reader(gateway)
    await gateway.use_cases.access.revoke_key.execute(key_id)
    async with http.get("/api/v1/sessions", headers=key) as answer:
        assert answer.status == 401
        assert json.loads(await answer.read())["reason"] == "API_KEY_REVOKED"
