"""`pombo users` and `pombo keys` against a gateway."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from domain.access import BOOTSTRAP_USER
from domain.errors import PomboError
from entrypoints.cli import access_lines
from tests.integration.cli.conftest import Gateway, Ran

Pombo = Callable[..., Awaitable[Ran]]


async def asked(pombo: Pombo, *arguments: str) -> list[dict[str, Any]]:
    ran = await pombo(*arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


async def new_user(pombo: Pombo, name: str = "Desk [night]", role: str = "operator") -> str:
    (user,) = await asked(pombo, "users", "create", name, "--role", role)
    return str(user["id"])


async def refusal(gateway: Gateway, key: str) -> str | None:
    try:
        await gateway.use_cases.authenticate.execute(key)
    except PomboError as refused:
        return refused.reason
    return None


async def test_users_are_made_listed_and_changed(pombo: Pombo) -> None:
    user = await new_user(pombo)
    ran = await pombo("users", "list")
    assert [line.split(maxsplit=3) for line in ran.out.splitlines() if user in line] == [
        [user, "operator", "ACTIVE", "Desk [night]"]
    ]
    ran = await pombo("users", "update", user, "--role", "reader", "--disable")
    assert (ran.code, ran.out.split(maxsplit=3)) == (0, [user, "reader", "DISABLED", "Desk [night]\n"])
    (changed,) = await asked(pombo, "users", "update", user, "--name", "Desk", "--enable")
    assert (changed["name"], changed["role"], changed["disabled"]) == ("Desk", "reader", False)


async def test_the_key_alone_is_printed_and_once(gateway: Gateway, pombo: Pombo) -> None:
    user = await new_user(pombo)
    options = ("--role", "sender", "--session", "sales", "--session", "support", "--expires", "2035-06-30T00:00:00Z")
    ran = await pombo("keys", "create", user, "Tickets", *options)
    assert ran.code == 0
    secret = ran.out.strip()
    assert secret.startswith("pombo_")
    assert secret not in ran.err
    assert "shown this once" in ran.err
    caller = await gateway.use_cases.authenticate.execute(secret)
    assert (caller.user_id, caller.role, caller.session_ids) == (user, "sender", {"sales", "support"})
    ran = await pombo("keys", "list", "--user", user)
    assert secret not in ran.out + ran.err
    (line,) = ran.out.splitlines()
    for shown in (str(caller.key_id), "sender", "ACTIVE", "sales,support", "until 2035-06-30", "Tickets"):
        assert shown in line
    assert await asked(pombo, "keys", "list", "--user", BOOTSTRAP_USER) == []


async def test_a_key_is_exchanged_and_ended(gateway: Gateway, pombo: Pombo) -> None:
    (made,) = await asked(pombo, "keys", "create", await new_user(pombo), "Tickets", "--role", "reader")
    successor = (await pombo("keys", "rotate", made["id"], "--overlap", "0")).out.strip()
    assert (await refusal(gateway, made["secret"]), await refusal(gateway, successor)) == ("API_KEY_EXPIRED", None)
    lines = (await pombo("keys", "list")).out.splitlines()
    (old,) = (line for line in lines if line.startswith(made["id"]))
    new = old.rpartition(" ")[2]
    assert "EXPIRED" in old
    assert [line.split()[3] for line in lines if line.startswith(new)] == ["ACTIVE"]
    ran = await pombo("keys", "revoke", new)
    assert (ran.code, "REVOKED" in ran.out) == (0, True)
    assert await refusal(gateway, successor) == "API_KEY_REVOKED"


async def test_the_same_request_makes_one_key_and_tells_it_once(pombo: Pombo) -> None:
    user = await new_user(pombo)
    command = ("keys", "create", user, "Tickets", "--role", "reader", "--request-key", "order 7")
    assert (await pombo(*command)).code == 0
    ran = await pombo(*command)
    assert (ran.code, ran.out) == (1, "")
    assert "API_KEY_TOLD" in ran.err
    (key,) = await asked(pombo, "keys", "list", "--user", user)
    assert f"pombo keys rotate --overlap 0 {key['id']}" in ran.err
    ran = await pombo(*command, "--url", "http://127.0.0.1:9")
    assert (ran.code, "--request-key order 7" in ran.err) == (3, True)


async def test_lists_go_on_to_their_end(monkeypatch: pytest.MonkeyPatch, pombo: Pombo) -> None:
    monkeypatch.setattr(access_lines, "_PAGE", "1")
    made = {await new_user(pombo, name) for name in ("a", "b", "c")}
    assert {user["id"] for user in await asked(pombo, "users", "list")} >= made


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("users", "create", "x", "--role", "king"), 2, "king"),
        (("users", "create", "", "--role", "reader"), 2, "INVALID_NAME"),
        (("users", "update", "../sessions", "--enable"), 2, "INVALID_USER_ID"),
        (("users", "update", "usr_00000000000000000000000009", "--enable"), 1, "USER_NOT_FOUND"),
        (("keys", "create", "usr_00000000000000000000000009", "x", "--role", "reader"), 1, "USER_NOT_FOUND"),
        (("keys", "create", BOOTSTRAP_USER, "x", "--role", "reader", "--expires", "soon"), 2, "expires_at"),
        (("keys", "rotate", "pombo_a-key-by-mistake"), 2, "INVALID_API_KEY_ID"),
        (("keys", "revoke", "key_00000000000000000000000009"), 1, "API_KEY_NOT_FOUND"),
        (("keys", "list", "--api-key", "a-wrong-key-of-some-length"), 1, "API_KEY_INVALID"),
    ],
)
async def test_failures_are_told_with_a_code(pombo: Pombo, arguments: tuple[str, ...], code: int, reason: str) -> None:
    ran = await pombo(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert reason in ran.err
    assert "by-mistake" not in ran.err
    assert "Traceback" not in ran.err
