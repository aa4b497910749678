"""Users and keys over both transports, on one running gateway."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, override

import aiohttp
import grpc.aio
import pytest
import pytest_asyncio

from entrypoints.grpc.gen.pombo.v1 import (
    api_key_service_pb2,
    event_service_pb2,
    session_service_pb2,
    user_service_pb2,
)
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from tests.integration.grpc.gateway import info

from .conftest import serving, two_phones
from .grpc_transport import Grpc
from .processes import DEADLINE, Gateway
from .transport import RefusedError

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Access(ABC):
    """What a client does with users and keys; roles as REST names them, keys as their id and the key itself."""

    @abstractmethod
    async def make_user(self, name: str, role: str) -> str: ...
    @abstractmethod
    async def set_user(self, user: str, *, disabled: bool) -> bool: ...
    @abstractmethod
    async def users(self) -> list[str]: ...
    @abstractmethod
    async def make_key(self, user: str, role: str, *session_ids: str) -> tuple[str, str]: ...
    @abstractmethod
    async def rotate(self, key: str) -> tuple[str, str]: ...
    @abstractmethod
    async def revoke(self, key: str) -> None: ...
    @abstractmethod
    async def keys(self, user: str) -> list[str]: ...
    @abstractmethod
    async def replaced_by(self, key: str) -> str: ...
    @abstractmethod
    async def make_session(self, session: str) -> None: ...
    @abstractmethod
    async def sessions(self) -> list[str]: ...
    @abstractmethod
    async def follow(self, opened: asyncio.Event) -> str:
        """Reads the stream of events until it ends, and gives the reason."""


class AccessRest(Access):
    def __init__(self, gateway: Gateway, key: str) -> None:
        self._gateway = gateway
        self._headers = {"X-API-Key": key}

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self._gateway.url}/api/v1{path}"
        async with self._gateway.http.request(method, url, json=body, headers=self._headers) as answer:
            content = await answer.json(content_type=None)
            if not answer.ok:
                raise RefusedError(content["reason"], answer.status, content["metadata"])
            return content

    @override
    async def make_user(self, name: str, role: str) -> str:
        return str((await self._call("POST", "/users", {"name": name, "role": role}))["id"])

    @override
    async def set_user(self, user: str, *, disabled: bool) -> bool:
        await self._call("PATCH", f"/users/{user}", {"disabled": disabled})
        return bool((await self._call("GET", f"/users/{user}"))["disabled"])

    @override
    async def users(self) -> list[str]:
        return [user["id"] for user in (await self._call("GET", "/users"))["items"]]

    @override
    async def make_key(self, user: str, role: str, *session_ids: str) -> tuple[str, str]:
        body = {"user_id": user, "name": "test", "role": role, "session_ids": session_ids}
        made = await self._call("POST", "/api-keys", body)
        return made["id"], made["secret"]

    @override
    async def rotate(self, key: str) -> tuple[str, str]:
        made = await self._call("POST", f"/api-keys/{key}/rotate", {"overlap": 60})
        return made["id"], made["secret"]

    @override
    async def revoke(self, key: str) -> None:
        assert (await self._call("POST", f"/api-keys/{key}/revoke"))["revoked_at"]

    @override
    async def keys(self, user: str) -> list[str]:
        return [key["id"] for key in (await self._call("GET", f"/api-keys?user_id={user}"))["items"]]

    @override
    async def replaced_by(self, key: str) -> str:
        return str((await self._call("GET", f"/api-keys/{key}"))["replaced_by"])

    @override
    async def make_session(self, session: str) -> None:
        await self._call("POST", "/sessions", {"id": session, "start": False})

    @override
    async def sessions(self) -> list[str]:
        return [session["id"] for session in (await self._call("GET", "/sessions"))["items"]]

    @override
    async def follow(self, opened: asyncio.Event) -> str:
        headers = {**self._headers, "accept": "text/event-stream"}
        url = f"{self._gateway.url}/api/v1/events"
        async with self._gateway.http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(DEADLINE)) as answer:
            assert answer.status == 200
            await answer.content.readline()
            opened.set()
            text = (await answer.read()).decode()
        return text.rpartition("event: stream.error")[2].rpartition('"reason":"')[2].partition('"')[0]


class AccessGrpc(Grpc, Access):  # type: ignore[misc]  # of the other client's calls only the way to call is used
    async def _users(self, method: str, **fields: Any) -> Any:
        return await self._call(f"UserService/{method}", user_service_pb2, **fields)

    async def _keys(self, method: str, **fields: Any) -> Any:
        return await self._call(f"ApiKeyService/{method}", api_key_service_pb2, **fields)

    @override
    async def make_user(self, name: str, role: str) -> str:
        return str((await self._users("CreateUser", name=name, role=f"ROLE_{role.upper()}"))["user"]["id"])

    @override
    async def set_user(self, user: str, *, disabled: bool) -> bool:
        await self._users("UpdateUser", user={"id": user, "disabled": disabled}, update_mask="disabled")
        return bool((await self._users("GetUser", user_id=user))["user"]["disabled"])

    @override
    async def users(self) -> list[str]:
        return [user["id"] for user in (await self._users("ListUsers"))["users"]]

    @override
    async def make_key(self, user: str, role: str, *session_ids: str) -> tuple[str, str]:
        fields = {"user_id": user, "name": "test", "role": f"ROLE_{role.upper()}", "session_ids": session_ids}
        made = await self._keys("CreateApiKey", **fields)
        return made["api_key"]["id"], made["secret"]

    @override
    async def rotate(self, key: str) -> tuple[str, str]:
        made = await self._keys("RotateApiKey", key_id=key, overlap="60s")
        return made["api_key"]["id"], made["secret"]

    @override
    async def revoke(self, key: str) -> None:
        assert (await self._keys("RevokeApiKey", key_id=key))["api_key"]["revoke_time"]

    @override
    async def keys(self, user: str) -> list[str]:
        return [key["id"] for key in (await self._keys("ListApiKeys", user_id=user))["api_keys"]]

    @override
    async def replaced_by(self, key: str) -> str:
        return str((await self._keys("GetApiKey", key_id=key))["api_key"]["replaced_by"])

    @override
    async def make_session(self, session: str) -> None:
        fields = {"session_id": session, "start": False}
        await self._call("SessionService/CreateSession", session_service_pb2, **fields)

    @override
    async def sessions(self) -> list[str]:
        found = await self._call("SessionService/ListSessions", session_service_pb2)
        return [session["id"] for session in found["sessions"]]

    @override
    async def follow(self, opened: asyncio.Event) -> str:
        stub = EventServiceStub(self._channel)
        call = stub.StreamEvents(event_service_pb2.StreamEventsRequest(after=0), metadata=self._metadata)
        try:
            async for _ in call:
                opened.set()
        except grpc.aio.AioRpcError as ended:
            assert ended.code() is grpc.StatusCode.UNAUTHENTICATED
            return info(ended).reason
        raise AssertionError("the stream ended without a status")


type Clients = Callable[[str], Access]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    home: Path = tmp_path_factory.mktemp("access")
    async with two_phones(home) as sandbox, serving(home, sandbox) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def clients(served: Gateway, over: str) -> AsyncIterator[Clients]:
    """What makes a client with a key."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.grpc_port}") as channel:
        yield lambda key: AccessRest(served, key) if over == "rest" else AccessGrpc(channel, key)


async def refused(call: Any) -> str:
    with pytest.raises(RefusedError) as error:
        await call
    return error.value.reason


async def test_a_key_s_life(served: Gateway, clients: Clients, over: str) -> None:
    admin = clients(served.key)
    user = await admin.make_user(f"Ana over {over}", "operator")
    assert user in await admin.users()
    mine, other = f"mine-{over}", f"other-{over}"
    await admin.make_session(other)
    key, secret = await admin.make_key(user, "operator", mine)
    client = clients(secret)
    await client.make_session(mine)
    assert await client.sessions() == [mine]
    assert await refused(client.make_session(f"third-{over}")) == "SESSION_OUT_OF_SCOPE"
    assert await refused(client.make_user("Ben", "reader")) == "ROLE_TOO_LOW"

    successor, second = await admin.rotate(key)
    assert await admin.replaced_by(key) == successor
    assert sorted(await admin.keys(user)) == sorted([key, successor])
    assert await clients(second).sessions() == await client.sessions() == [mine]

    opened = asyncio.Event()
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as tasks:
        following = tasks.create_task(clients(second).follow(opened))
        await opened.wait()
        await admin.revoke(successor)
    assert following.result() == "API_KEY_REVOKED"
    assert await refused(clients(second).sessions()) == "API_KEY_REVOKED"

    assert await admin.set_user(user, disabled=True)
    assert await refused(client.sessions()) == "USER_DISABLED"
    assert not await admin.set_user(user, disabled=False)
    assert await client.sessions() == [mine]


async def test_no_key_is_in_the_log(served: Gateway, clients: Clients) -> None:
    admin = clients(served.key)
    _, secret = await admin.make_key(await admin.make_user("Ana", "reader"), "reader")
    await clients(secret).sessions()
    assert await refused(admin.keys(secret)) == "INVALID_USER_ID"
    log = served.log.read_text()
    assert secret not in log
    assert served.key not in log
