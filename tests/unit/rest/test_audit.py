"""The audit log: every operation that changes something, or shows a secret, is in it; and how it is read."""

import json
from typing import Any

import pytest

from adapters.memory.database import MemoryDatabase
from application.access.policy import OPEN
from application.audit.audited import AUDITED, Audit
from application.audit.read_log import VerifyAuditLog
from domain.access import BOOTSTRAP_USER, Role
from domain.errors import UnavailableError
from tests.unit.access_samples import key_with

from .gateway import ANA, BEN, KEY, Client, Gateway
from .test_policy import MISSING, OPERATIONS, TEXT, Operation, call

LOG = "/api/v1/audit-log"
NOBODY = {
    "session_id": "nobody",
    "message_id": f"msg_{MISSING}",
    "media_id": f"media_{MISSING}",
    "webhook_id": f"whk_{MISSING}",
}


async def entries(gateway: Gateway, query: str = "") -> list[dict[str, Any]]:
    """All of them, newest first, with what waited to be written."""
    await gateway.container.audit_writer().write_rest()
    answer = await gateway.client.get(f"{LOG}?page_size=500{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def new_entries(gateway: Gateway, client: Client, operation: Operation) -> list[dict[str, Any]]:
    before = {entry["sequence"] for entry in await entries(gateway)}
    await call(client, operation, NOBODY)
    return [entry for entry in await entries(gateway) if entry["sequence"] not in before]


async def test_every_operation_is_on_record_or_reads(gateway: Gateway) -> None:
    assert {name for name in OPERATIONS if name not in OPEN} <= AUDITED.keys()
    for operation in OPERATIONS.values():
        if operation.name in OPEN:
            continue
        new = await new_entries(gateway, gateway.client, operation)
        if AUDITED[operation.name] is Audit.NOT:
            assert new == [], operation
            continue
        (entry,) = new
        assert entry["operation"] == operation.name
        assert entry["transport"] == "rest"
        assert entry["actor"] == {"user_id": BOOTSTRAP_USER, "key_id": None, "name": "API_KEY"}
        assert entry["address"] == "127.0.0.1"
        assert entry["request_id"]
        assert entry["result"] != "UNKNOWN"
        if "{session_id}" in operation.path:
            assert entry["session_id"] == "nobody"
        if "{message_id}" in operation.path:
            assert f"message:{NOBODY['message_id']}" in entry["targets"]
    assert (await VerifyAuditLog(gateway.database).execute()).broken is None


async def test_what_changes_something_is_never_only_read() -> None:
    reading = {"POST", "PUT", "PATCH", "DELETE"}
    unaudited = {
        operation.name
        for operation in OPERATIONS.values()
        if operation.method in reading and AUDITED[operation.name] is Audit.NOT
    }
    # It asks who is on WhatsApp.
    assert unaudited == {"checkContacts"}


@pytest.mark.parametrize("role", [Role.READER, Role.SENDER, Role.OPERATOR])
async def test_nobody_but_administrators_reads_it(gateway: Gateway, role: Role) -> None:
    client = Client(gateway.app, key=await key_with(gateway.use_cases, role))
    assert (await client.get(LOG)).reason == "ROLE_TOO_LOW"


async def test_what_was_done_is_told_with_what_it_was_done_to(gateway: Gateway) -> None:
    await gateway.link()
    client = gateway.client
    made = await client.post("/api/v1/users", {"name": "Ana", "role": "operator"}, x_request_id="r-1")
    user = made.json()["id"]
    body = {"user_id": user, "name": "Desk 15550100200", "role": "operator"}
    key = (await client.post("/api/v1/api-keys", body)).json()
    mine = Client(gateway.app, key=key["secret"])
    sent = await mine.post("/api/v1/messages/send", {"session_id": "ana", **TEXT})
    await mine.post("/api/v1/messages/bulk", {"messages": [{"session_id": "ana", **TEXT}] * 3})
    await mine.call("DELETE", f"/api/v1/sessions/ana/chats/{BEN}")
    found = await entries(gateway)
    # Those of sends come in a moment, the others at once.
    names = sorted(entry["operation"] for entry in found)
    assert names == ["createApiKey", "createUser", "deleteChat", "sendMessage", "sendMessages"]
    by_name = {entry["operation"]: entry for entry in found}
    assert by_name["createUser"]["targets"] == [f"user:{user}"]
    assert by_name["createUser"]["request_id"] == "r-1"
    assert by_name["createApiKey"]["targets"] == [f"user:{user}", f"api_key:{key['id']}"]
    send = by_name["sendMessage"]
    assert (send["session_id"], send["targets"]) == ("ana", [f"message:{sent.json()['id']}"])
    assert send["actor"] == {"user_id": user, "key_id": key["id"], "name": "Desk …0200"}
    assert (by_name["sendMessages"]["session_id"], by_name["sendMessages"]["count"]) == ("ana", 3)
    assert by_name["deleteChat"]["targets"] == ["chat:…0200"]
    text = json.dumps(found)
    for secret in (KEY, key["secret"], BEN, ANA, TEXT["text"]["body"] + '"'):
        assert secret not in text


async def test_it_is_filtered_and_paged(gateway: Gateway) -> None:
    client = gateway.client
    for name in ("a", "b", "c"):
        await client.post("/api/v1/sessions", {"id": name, "start": False})
    await client.post("/api/v1/sessions", {"id": "a", "start": False})
    found = await entries(gateway)
    assert [entry["result"] for entry in found] == ["SESSION_EXISTS", "OK", "OK", "OK"]

    async def fitting(query: str) -> list[int]:
        return [entry["sequence"] for entry in await entries(gateway, f"&{query}")]

    assert await fitting("session_id=a") == [4, 1]
    assert await fitting("session_id=a&result=OK") == [1]
    assert await fitting("operation=createSession") == [4, 3, 2, 1]
    assert await fitting(f"user_id={BOOTSTRAP_USER}") == [4, 3, 2, 1]
    assert await fitting(f"key_id=key_{MISSING}") == []
    assert await fitting(f"since={found[0]['time']}") == [4]
    assert await fitting(f"until={found[0]['time']}") == [3, 2, 1]
    pages, token = [], ""
    while token is not None:
        page = (await client.get(f"{LOG}?page_size=3&page_token={token}")).json()
        pages.append([entry["sequence"] for entry in page["items"]])
        token = page["next_page_token"]
    assert pages == [[4, 3, 2], [1]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("page_size=0", "INVALID_PAGE_SIZE"),
        ("page_token=x", "INVALID_PAGE_TOKEN"),
        ("user_id=x", "INVALID_USER_ID"),
        ("key_id=x", "INVALID_API_KEY_ID"),
        ("session_id=X", "INVALID_SESSION_ID"),
        ("operation=%00", "INVALID_REQUEST"),
        ("result=a%20b", "INVALID_REQUEST"),
        ("since=1", "INVALID_REQUEST"),
        ("who=x", "INVALID_REQUEST"),
    ],
)
async def test_what_cannot_be_asked(client: Client, query: str, reason: str) -> None:
    assert (await client.get(f"{LOG}?{query}")).reason == reason


async def test_a_call_that_cannot_be_put_on_record_is_not_begun(gateway: Gateway) -> None:
    gateway.break_database(UnavailableError("DATABASE_UNAVAILABLE", "away"))
    assert (await gateway.client.post("/api/v1/sessions", {"id": "a", "start": False})).reason == "DATABASE_UNAVAILABLE"
    assert len(gateway.audit_faults) == 1
    gateway.database.fault = None
    assert (await gateway.client.get("/api/v1/sessions/a")).status == 404


@pytest.fixture
def endings(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """True for each time that the end of a call can't be written."""
    fails: list[bool] = []
    remove = type(gateway.database).begin

    def begin(self: MemoryDatabase, fence: Any = None) -> Any:
        if fails and fails.pop():
            raise UnavailableError("DATABASE_UNAVAILABLE", "away")
        return remove(self, fence)  # type: ignore[arg-type]  # it is of this type

    monkeypatch.setattr(type(gateway.database), "begin", begin)
    return fails


async def test_an_end_that_cannot_be_written_is_told_and_written_later(gateway: Gateway, endings: list[bool]) -> None:
    # What is begun, the session, and the end, which fails.
    endings.extend([True, False, False])
    made = await gateway.client.post("/api/v1/sessions", {"id": "a", "start": False})
    assert made.status == 201
    assert [type(fault) for fault in gateway.audit_faults] == [UnavailableError]
    (entry,) = await entries(gateway)
    assert (entry["operation"], entry["result"]) == ("createSession", "OK")
    async with gateway.database.begin() as uow:
        left = await uow.audit_intents.take_abandoned(
            gateway.container.lease_terms().owner, before=gateway.container.clock().now(), limit=9
        )
    assert left == ()


async def test_refused_calls_are_counted_and_do_not_fill_the_disk(gateway: Gateway) -> None:
    secret = await key_with(gateway.use_cases, Role.READER)
    reader = Client(gateway.app, key=secret)
    owned = await gateway.use_cases.authenticate.execute(secret)
    for _ in range(3):
        assert (await reader.post("/api/v1/sessions", {"id": "a"})).reason == "ROLE_TOO_LOW"
    assert owned.key_id is not None
    assert (await gateway.client.post(f"/api/v1/api-keys/{owned.key_id}/revoke")).status == 200
    for _ in range(2):
        assert (await reader.get("/api/v1/sessions")).reason == "API_KEY_REVOKED"
    assert (await Client(gateway.app, key="wrong").get("/api/v1/sessions")).reason == "API_KEY_INVALID"
    assert (await Client(gateway.app, key=None).get("/api/v1/sessions")).reason == "API_KEY_MISSING"
    found = sorted((entry["operation"], entry["result"], entry["count"]) for entry in await entries(gateway))
    assert found == [
        ("authenticate", "API_KEY_INVALID", 1),
        ("authenticate", "API_KEY_REVOKED", 1),
        ("createSession", "ROLE_TOO_LOW", 1),
        ("revokeApiKey", "OK", 1),
    ]
    refused = {entry["result"]: entry["actor"] for entry in await entries(gateway)}
    assert refused["API_KEY_INVALID"] == {"user_id": None, "key_id": None, "name": "unknown"}
    for reason in ("API_KEY_REVOKED", "ROLE_TOO_LOW"):
        assert (refused[reason]["user_id"], refused[reason]["key_id"]) == (owned.user_id, owned.key_id)
