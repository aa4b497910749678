"""The audit log of a running gateway: what callers did over both transports, and that nobody can change it unseen."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import grpc.aio
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from entrypoints.grpc.gen.pombo.v1 import (
    api_key_service_pb2,
    audit_service_pb2,
    message_service_pb2,
    session_service_pb2,
)
from tests.integration.cli.programs import run

from .conftest import ANA, BEN, serving, two_phones
from .grpc_transport import Grpc
from .processes import Gateway, Sandbox, until
from .transport import RefusedError

pytestmark = pytest.mark.timeout(300)
BODY = "nobody but Ben may read this"


class Caller(Grpc):  # type: ignore[misc]  # of the other client's calls only the way to call is used
    async def send(self, body: str) -> str:
        fields = {"session_id": "ana", "to": BEN, "text": {"body": body}}
        return str((await self._call("MessageService/SendMessage", message_service_pb2, **fields))["message"]["id"])

    async def revoke(self, key: str) -> None:
        await self._call("ApiKeyService/RevokeApiKey", api_key_service_pb2, key_id=key)

    async def delete_session(self, session: str) -> None:
        await self._call("SessionService/DeleteSession", session_service_pb2, session_id=session)

    async def log(self, **criteria: Any) -> list[dict[str, Any]]:
        listed = await self._call("AuditService/ListAuditLog", audit_service_pb2, page_size=500, **criteria)
        entries: list[dict[str, Any]] = listed["entries"]
        return entries


async def entries(gateway: Gateway, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await gateway.call("GET", f"/api/v1/audit-log?page_size=500{query}"))["items"]
    return items


async def found(gateway: Gateway, operation: str, result: str = "OK") -> dict[str, Any]:
    """The newest such entry, when it is written."""

    async def look() -> dict[str, Any] | None:
        return next(iter(await entries(gateway, f"&operation={operation}&result={result}")), None)

    return await until(look)


@pytest.fixture
async def gateway(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Gateway]:
    # It begins with nothing: that it makes the tables is on record, too.
    gateway = Gateway(tmp_path / "data", sandbox, {})
    try:
        await gateway.start()
        await gateway.link("ana", sandbox, ANA)
        yield gateway
    finally:
        await asyncio.shield(gateway.close())


async def test_who_did_what_is_on_record_and_stays(gateway: Gateway, tmp_path: Path) -> None:
    user = await gateway.call("POST", "/api/v1/users", {"name": "Ana", "role": "sender"})
    body = {"user_id": user["id"], "name": f"Desk {ANA}", "role": "sender"}
    key = await gateway.call("POST", "/api/v1/api-keys", body)
    sent = await gateway.send("ana", BEN, BODY)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        admin, sender = Caller(channel, gateway.key), Caller(channel, key["secret"])
        over_grpc = await sender.send(BODY)
        with pytest.raises(RefusedError, match="ROLE_TOO_LOW"):
            await sender.delete_session("ana")
        await admin.revoke(key["id"])
        with pytest.raises(RefusedError, match="API_KEY_REVOKED"):
            await sender.send(BODY)
        refused = await found(gateway, "authenticate", "API_KEY_REVOKED")
        mine = {"user_id": user["id"], "key_id": key["id"], "name": "Desk …0100"}
        assert refused["actor"] == mine
        denied = await found(gateway, "deleteSession", "ROLE_TOO_LOW")
        assert (denied["actor"], denied["transport"]) == (mine, "grpc")

        async def sends() -> list[dict[str, Any]] | None:
            both = await entries(gateway, "&operation=sendMessage&session_id=ana")
            return both if len(both) == 2 else None

        second, first = await until(sends)
        assert (first["transport"], first["targets"]) == ("rest", [f"message:{sent['id']}"])
        assert (second["transport"], second["targets"], second["actor"]) == ("grpc", [f"message:{over_grpc}"], mine)
        assert {each["address"] for each in (first, second, refused)} == {"127.0.0.1"}
        made = await found(gateway, "createApiKey")
        assert made["targets"] == [f"user:{user['id']}", f"api_key:{key['id']}"]
        # Who saw the QR could have taken the account.
        assert (await found(gateway, "getQr"))["session_id"] == "ana"
        assert (await found(gateway, "migrateDatabase"))["actor"]["name"] == "gateway"
        # Both transports tell the same.
        rest = await entries(gateway)
        assert [each["hash"] for each in await admin.log()] == [each["hash"] for each in rest]
        (told,) = await admin.log(operation="revokeApiKey", key_id="")
        assert (told["targets"], told["result"]) == ([f"api_key:{key['id']}"], "OK")
    text = json.dumps(rest)
    for secret in (BODY, ANA, BEN, key["secret"], gateway.key):
        assert secret not in text
    assert [each["sequence"] for each in rest] == list(range(len(rest), 0, -1))

    await gateway.kill()
    await gateway.start()
    await gateway.call("PATCH", "/api/v1/sessions/ana", {"name": "Other"})
    (after,) = (await entries(gateway))[: -len(rest)]
    assert (after["operation"], after["previous_hash"]) == ("updateSession", rest[0]["hash"])
    await verified_exported_and_changed(gateway, tmp_path, after)


async def verified_exported_and_changed(gateway: Gateway, home: Path, last: dict[str, Any]) -> None:
    """`pombo audit`, beside the gateway that runs."""
    environment = {"POMBO_DATA_DIR": str(home / "data")}

    async def pombo(*arguments: str) -> tuple[int, str, str]:
        return await run("audit", *arguments, environment=environment, directory=home)

    mark = f"{last['sequence']}:{last['hash']}"
    code, output, errors = await pombo("verify")
    assert (code, output.strip()) == (0, mark), errors
    assert (await pombo("verify", "--expect", mark))[0] == 0

    archive = home / "audit.jsonl"
    code, output, errors = await pombo("export", str(archive))
    assert code == 0, errors
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in archive.read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, last["sequence"] + 2))
    assert (lines[-1]["operation"], lines[-1]["transport"]) == ("exportAuditLog", "cli")
    assert lines[:-1] == (await entries(gateway))[:0:-1]
    assert (await pombo("export", str(archive)))[0] == 1
    shared = home / "shared.jsonl"
    shared.touch()
    shared.chmod(0o644)
    assert (await pombo("export", str(shared), "--overwrite", "--after", str(last["sequence"])))[0] == 0
    assert stat.S_IMODE(shared.stat().st_mode) == 0o600
    code, output, errors = await pombo("export", "--after", str(last["sequence"]))
    assert next(json.loads(line)["sequence"] for line in output.splitlines()) == last["sequence"] + 1
    assert (await pombo("verify", "--file", str(archive), "--expect", mark))[0] == 0
    archive.write_text(archive.read_text().replace('"ROLE_TOO_LOW"', '"SESSION_NOT_FOUND"'))
    code, output, errors = await pombo("verify", "--file", str(archive))
    assert (code, "AUDIT_LOG_BROKEN" in errors, output) == (1, True, "")

    url = EmbeddedPostgres(home / "data").running_url()
    database = await asyncpg.connect(url)
    try:
        with pytest.raises(asyncpg.PostgresError, match="neither changed nor removed"):
            await database.execute("UPDATE pombo.audit_entries SET result = 'OK' WHERE result = 'ROLE_TOO_LOW'")
        denied = await database.fetchval("SELECT sequence FROM pombo.audit_entries WHERE result = 'ROLE_TOO_LOW'")
        await database.execute(
            "ALTER TABLE pombo.audit_entries DISABLE TRIGGER USER;"
            "UPDATE pombo.audit_entries SET result = 'OK' WHERE result = 'ROLE_TOO_LOW';"
            "ALTER TABLE pombo.audit_entries ENABLE TRIGGER USER"
        )
    finally:
        await database.close()
    code, output, errors = await pombo("verify")
    assert (code, output) == (1, "")
    assert f"Entry {denied} isn't what was written" in errors
    assert "AUDIT_LOG_BROKEN" in errors


async def test_the_key_of_the_first_start_is_on_record(tmp_path: Path) -> None:
    async with two_phones(tmp_path) as sandbox, serving(tmp_path, sandbox, API_KEY="") as gateway:
        url = EmbeddedPostgres(tmp_path / "data").running_url()
        database = await asyncpg.connect(url)
        try:
            made = await database.fetchrow("SELECT * FROM pombo.audit_entries WHERE operation = 'makeFirstKey'")
            assert made["actor_name"] == "gateway"
            assert made["targets"].startswith("api_key:key_")
        finally:
            await database.close()
        assert gateway.process.returncode is None
