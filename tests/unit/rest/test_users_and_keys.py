"""Users and keys: made, told once, replaced, ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.access import BOOTSTRAP_USER, Role
from domain.ids import ApiKeyId
from tests.unit.access_samples import key_with

from .gateway import Client, Gateway

USERS = "/api/v1/users"
KEYS = "/api/v1/api-keys"
SESSIONS = "/api/v1/sessions"


async def new_user(client: Client, role: str = "admin") -> str:
    return str((await client.post(USERS, {"name": "Ana", "role": role})).json()["id"])


async def new_key(client: Client, role: str = "reader", **more: Any) -> dict[str, Any]:
    user_id = more.pop("user_id", None) or await new_user(client)
    answer = await client.post(KEYS, {"user_id": user_id, "name": "Desk", "role": role, **more})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def test_a_user_s_life(client: Client) -> None:
    made = await client.post(USERS, {"name": "Ana", "role": "operator"})
    user = made.json()
    assert made.status == 201
    assert made.headers["location"] == f"{USERS}/{user['id']}"
    assert user | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "name": "Ana",
        "role": "operator",
        "disabled": False,
        "disabled_at": None,
        "created_at": "",
        "updated_at": "",
    }
    one = f"{USERS}/{user['id']}"
    assert (await client.get(one)).json() == user
    changed = (await client.call("PATCH", one, json_body={"name": "Bea", "role": "reader", "disabled": True})).json()
    assert (changed["name"], changed["role"], changed["disabled"]) == ("Bea", "reader", True)
    again = (await client.call("PATCH", one, json_body={"disabled": True})).json()
    assert again["disabled_at"] == changed["disabled_at"]
    assert not (await client.call("PATCH", one, json_body={"disabled": False})).json()["disabled"]
    ids = [await new_user(client) for _ in range(2)]
    page = (await client.get(f"{USERS}?page_size=2")).json()
    rest = (await client.get(f"{USERS}?page_size=2&page_token={page['next_page_token']}")).json()
    assert [each["id"] for each in page["items"] + rest["items"]] == [user["id"], *ids]
    assert rest["next_page_token"] is None


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"name": "", "role": "reader"}, 400, "INVALID_NAME"),
        ({"name": "   ", "role": "reader"}, 400, "INVALID_NAME"),
        ({"name": "x" * 101, "role": "reader"}, 400, "INVALID_NAME"),
        ({"name": "Ana", "role": "king"}, 400, "INVALID_REQUEST"),
        ({"name": "Ana"}, 400, "INVALID_REQUEST"),
        ({"name": "Ana", "role": "reader", "disabled": True}, 400, "INVALID_REQUEST"),
    ],
)
async def test_users_that_are_refused(client: Client, body: Any, status: int, reason: str) -> None:
    answer = await client.post(USERS, body)
    assert (answer.status, answer.reason) == (status, reason)


async def test_a_key_is_told_once_and_kept_as_a_hash(gateway: Gateway, client: Client) -> None:
    made = await new_key(client, "sender", session_ids=["b", "a", "a"], expires_at="2030-01-02T03:04:05Z")
    secret = made.pop("secret")
    assert secret.startswith("pombo_")
    assert made["hint"] == secret[:10]
    assert (made["role"], made["session_ids"], made["name"]) == ("sender", ["a", "b"], "Desk")
    assert made["expires_at"] == "2030-01-02T03:04:05Z"
    shown = (await client.get(f"{KEYS}/{made['id']}")).json()
    assert shown == made
    listed = (await client.get(f"{KEYS}?user_id={made['user_id']}")).json()["items"]
    assert listed == [made]
    assert (await client.get(f"{KEYS}?user_id={await new_user(client)}")).json()["items"] == []
    rows = gateway.database._state.api_keys.rows
    assert secret not in repr(rows)
    assert (await Client(gateway.app, key=secret).get(SESSIONS)).status == 200
    used = (await client.get(f"{KEYS}/{made['id']}")).json()["last_used_at"]
    assert used is not None


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"user_id": "usr_1"}, 400, "INVALID_USER_ID"),
        ({"user_id": "usr_" + "0" * 25 + "1"}, 404, "USER_NOT_FOUND"),
        ({"name": ""}, 400, "INVALID_NAME"),
        ({"session_ids": ["A B"]}, 400, "INVALID_SESSION_ID"),
        ({"session_ids": [f"s{n}" for n in range(201)]}, 400, "TOO_MANY_SESSIONS"),
        ({"role": "admin", "session_ids": ["a"]}, 400, "ADMIN_NOT_SCOPED"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "INVALID_EXPIRY"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, 400, "INVALID_EXPIRY"),
        ({"role": "admin"}, 409, "ROLE_ABOVE_USER"),
    ],
)
async def test_keys_that_are_refused(client: Client, body: Any, status: int, reason: str) -> None:
    user_id = await new_user(client, "operator")
    answer = await client.post(KEYS, {"user_id": user_id, "name": "x", "role": "reader", **body})
    assert (answer.status, answer.reason) == (status, reason)
    assert (await client.get(f"{KEYS}?user_id={user_id}")).json()["items"] == []


async def test_a_disabled_user_gets_no_key(client: Client) -> None:
    user_id = await new_user(client)
    await client.call("PATCH", f"{USERS}/{user_id}", json_body={"disabled": True})
    answer = await client.post(KEYS, {"user_id": user_id, "name": "x", "role": "reader"})
    assert (answer.status, answer.reason) == (409, "USER_IS_DISABLED")


async def test_a_repeated_request_makes_one_key_and_does_not_tell_it_again(client: Client) -> None:
    body = {"user_id": await new_user(client), "name": "x", "role": "reader"}
    first = await client.post(KEYS, body, idempotency_key="k1")
    again = await client.post(KEYS, body, idempotency_key="k1")
    assert again.json() == first.json() | {"secret": None}
    rotate = f"{KEYS}/{first.json()['id']}/rotate"
    successor = await client.post(rotate, {"overlap": 60}, idempotency_key="k2")
    same = await client.post(rotate, {"overlap": 60}, idempotency_key="k2")
    assert same.json() == successor.json() | {"secret": None}
    assert successor.json()["secret"] is not None
    assert (await client.post(KEYS, body | {"name": "y"}, idempotency_key="k1")).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_key_is_replaced_with_an_overlap(gateway: Gateway, client: Client) -> None:
    made = await new_key(client, "reader", session_ids=["a"])
    rotated = await client.post(f"{KEYS}/{made['id']}/rotate", {"overlap": 3600})
    successor = rotated.json()
    assert rotated.status == 201
    kept = ("user_id", "name", "role", "session_ids", "expires_at")
    assert [successor[name] for name in kept] == [made[name] for name in kept]
    old = (await client.get(f"{KEYS}/{made['id']}")).json()
    assert old["replaced_by"] == successor["id"]
    left = datetime.fromisoformat(old["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    for secret in (made["secret"], successor["secret"]):
        assert (await Client(gateway.app, key=secret).get(SESSIONS)).status == 200
    assert (await client.post(f"{KEYS}/{made['id']}/rotate")).reason == "API_KEY_REPLACED"
    assert (await client.post(f"{KEYS}/{successor['id']}/rotate", {"overlap": 0})).status == 201
    ended = await Client(gateway.app, key=successor["secret"]).get(SESSIONS)
    assert (ended.status, ended.reason) == (401, "API_KEY_EXPIRED")
    assert (await client.post(f"{KEYS}/{successor['id']}/rotate")).reason == "API_KEY_NOT_ACTIVE"


async def test_a_successor_lasts_as_long_as_its_predecessor_was_to_last(client: Client) -> None:
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    made = await new_key(client, expires_at=until)
    successor = (await client.post(f"{KEYS}/{made['id']}/rotate", {"overlap": 2_592_000})).json()
    life = datetime.fromisoformat(successor["expires_at"]) - datetime.fromisoformat(successor["created_at"])
    assert abs(life - timedelta(days=7)) < timedelta(seconds=5)
    # The overlap doesn't let the old one live longer than it was to.
    assert (await client.get(f"{KEYS}/{made['id']}")).json()["expires_at"] == made["expires_at"]
    bad = await client.post(f"{KEYS}/{successor['id']}/rotate", {"overlap": 2_592_001})
    assert (bad.status, bad.reason) == (400, "INVALID_DURATION")


async def test_a_request_that_is_repeated_with_the_successor_is_the_same_request(
    gateway: Gateway, client: Client
) -> None:
    made = await new_key(client, "operator")
    body = {"name": "Once", "start": False}
    first = await Client(gateway.app, key=made["secret"]).post(SESSIONS, body, idempotency_key="one")
    successor = (await client.post(f"{KEYS}/{made['id']}/rotate")).json()
    again = await Client(gateway.app, key=successor["secret"]).post(SESSIONS, body, idempotency_key="one")
    assert again.json() == first.json()


async def test_a_revoked_key_is_out_at_once(gateway: Gateway, client: Client) -> None:
    made = await new_key(client)
    caller = Client(gateway.app, key=made["secret"])
    assert (await caller.get(SESSIONS)).status == 200
    revoked = (await client.post(f"{KEYS}/{made['id']}/revoke")).json()
    assert revoked["revoked_at"] is not None
    refused = await caller.get(SESSIONS)
    assert (refused.status, refused.reason) == (401, "API_KEY_REVOKED")
    assert (await client.post(f"{KEYS}/{made['id']}/revoke")).json() == revoked
    assert (await client.post(f"{KEYS}/{made['id']}/rotate")).reason == "API_KEY_NOT_ACTIVE"


async def test_a_disabled_user_s_keys_are_out_and_come_back(gateway: Gateway, client: Client) -> None:
    made = await new_key(client)
    caller = Client(gateway.app, key=made["secret"])
    user = f"{USERS}/{made['user_id']}"
    await client.call("PATCH", user, json_body={"disabled": True})
    assert (await caller.get(SESSIONS)).reason == "USER_DISABLED"
    await client.call("PATCH", user, json_body={"disabled": False})
    assert (await caller.get(SESSIONS)).status == 200


async def test_a_user_s_role_is_a_ceiling(gateway: Gateway, client: Client) -> None:
    made = await new_key(client, "operator")
    caller = Client(gateway.app, key=made["secret"])
    assert (await caller.post(SESSIONS, {"start": False})).status == 201
    await client.call("PATCH", f"{USERS}/{made['user_id']}", json_body={"role": "sender"})
    refused = await caller.post(SESSIONS, {"start": False})
    assert (refused.status, refused.reason, refused.json()["metadata"]) == (403, "ROLE_TOO_LOW", {"role": "operator"})
    assert (await caller.get(SESSIONS)).status == 200


async def test_nobody_shuts_themselves_out(gateway: Gateway, client: Client) -> None:
    made = await new_key(client, "admin")
    own = Client(gateway.app, key=made["secret"])
    user = f"{USERS}/{made['user_id']}"
    for change in ({"disabled": True}, {"role": "operator"}):
        refused = await own.call("PATCH", user, json_body=change)
        assert (refused.status, refused.reason) == (409, "OWN_ACCESS")
    assert (await own.post(f"{KEYS}/{made['id']}/revoke")).reason == "OWN_ACCESS"
    assert (await own.call("PATCH", user, json_body={"name": "Other"})).status == 200
    assert (await client.post(f"{KEYS}/{made['id']}/revoke")).status == 200


async def test_the_configured_key_is_an_administrator_s_whatever_becomes_of_users(
    gateway: Gateway, client: Client
) -> None:
    assert await gateway.container.access().ensure_key.execute() is None
    bootstrap = f"{USERS}/{BOOTSTRAP_USER}"
    assert (await client.get(bootstrap)).json()["role"] == "admin"
    assert (await client.call("PATCH", bootstrap, json_body={"disabled": True})).json()["disabled"]
    assert (await client.get(USERS)).status == 200


async def test_the_log_and_the_errors_have_no_key(
    gateway: Gateway, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await new_key(client)
    for answer in (
        await Client(gateway.app, key=made["secret"]).post(SESSIONS, {}),
        await client.get(f"{KEYS}/{made['secret']}"),
        await client.post(f"{KEYS}/{made['id']}/revoke"),
        await Client(gateway.app, key=made["secret"]).get(SESSIONS),
    ):
        assert made["secret"][6:] not in answer.body.decode()
    assert made["secret"][6:] not in "".join(capsys.readouterr())


async def test_a_key_that_was_lowered_stays_known_by_its_id(gateway: Gateway) -> None:
    key = await key_with(gateway.use_cases, Role.READER)
    caller = await gateway.use_cases.authenticate.execute(key)
    assert caller.key_id is not None
    assert caller.name == caller.key_id
    found = await gateway.container.access().ring.get(caller.key_id)
    assert found is not None
    assert await gateway.container.access().ring.get(ApiKeyId("key_" + "0" * 26)) is None
