"""A backup of a gateway that runs, all of it lost, and restored: as before, and nothing told or sent anew."""

import base64
import shutil
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis.asyncio

from adapters.postgres.database_backup import PLACES_AHEAD
from domain.access import BOOTSTRAP_USER
from tests.integration.cli.programs import run

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.timeout(300)

SECRETS = {"POMBO_SNAPSHOT_KEY": base64.b64encode(b"k" * 32).decode(), "API_KEY": "a-key-for-this-test-only"}
CONTENT = b"a document\n" * 999


class Machine(Gateway):
    """A gateway with servers that the environment names, or with its own."""

    def __init__(self, home: Path, sandbox: Sandbox, environment: Mapping[str, str]) -> None:
        home.mkdir()
        self.data = home / "data"
        self.settings = {"POMBO_DATA_DIR": str(self.data), **environment}
        super().__init__(self.data, sandbox, environment)
        self.http.headers["X-API-Key"] = SECRETS["API_KEY"]

    async def pombo(self, *arguments: str) -> str:
        """Runs a command with the gateway's settings; gives what it tells people."""
        code, output, errors = await run(*arguments, environment=self.settings, directory=self.data.parent)
        assert code == 0, errors
        return output + errors

    async def refused(self, *arguments: str) -> str:
        code, output, errors = await run(*arguments, environment=self.settings, directory=self.data.parent)
        assert code == 1, errors
        assert "Traceback" not in errors
        return output + errors

    async def keyed_send(self, body: str, key: str) -> dict[str, Any]:
        request = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": body}}
        async with self.http.post(
            f"{self.url}/api/v1/messages/send", json=request, headers={"Idempotency-Key": key}
        ) as answer:
            assert answer.ok, (answer.status, await answer.text())
            message: dict[str, Any] = await answer.json()
            return message

    async def upload(self, content: bytes) -> str:
        form = aiohttp.FormData()
        form.add_field("file", content, filename="a.txt", content_type="text/plain")
        async with self.http.post(f"{self.url}/api/v1/media", data=form) as answer:
            assert answer.ok, (answer.status, await answer.text())
            return str((await answer.json())["id"])

    async def make_key(self) -> str:
        """A key of a new user."""
        owner = await self.call("POST", "/api/v1/users", {"name": "Desk", "role": "reader"})
        asked = {"user_id": owner["id"], "name": "Desk", "role": "reader"}
        return str((await self.call("POST", "/api/v1/api-keys", asked))["secret"])

    async def reads_with(self, key: str) -> int:
        async with self.http.get(f"{self.url}/api/v1/sessions", headers={"X-API-Key": key}) as answer:
            return answer.status

    async def all_events(self, after: int = 0) -> list[dict[str, Any]]:
        page = await self.call("GET", f"/api/v1/events?page_size=1000&after={after}")
        items: list[dict[str, Any]] = page["items"]
        return items

    async def have_snapshot(self, redis_url: str) -> None:
        async with redis.asyncio.from_url(redis_url) as client:

            async def taken() -> bool | None:
                return await client.exists("pombo:snapshots:ana") == 1 or None

            await until(taken)


@asynccontextmanager
async def machine(home: Path, sandbox: Sandbox, environment: Mapping[str, str]) -> Any:
    gateway = Machine(home, sandbox, {"POMBO_LEASE_SECONDS": "3", **environment})
    try:
        yield gateway
    finally:
        await gateway.close()


async def write(gateway: Machine, sandbox: Sandbox) -> None:
    """What a backup is to hold."""
    await gateway.link("ana", sandbox, ANA)
    hook = {"url": "https://hook.example/", "types": ["session.status"], "session_ids": ["nobody"]}
    await gateway.call("POST", "/api/v1/webhooks", hook)
    await gateway.call("POST", "/api/v1/sessions", {"id": "resting", "start": False})
    await gateway.keyed_send("before", "order-1")
    await sandbox.send(BEN, ANA, "an answer")
    await gateway.received("an answer")


async def check(gateway: Machine, sandbox: Sandbox, before: dict[str, Any], seen: int) -> None:
    """Everything is as it was, and goes on."""
    await gateway.status("ana", "WORKING")
    assert len(await gateway.events("session.qr")) == len(before["qr"])
    assert len(await sandbox.devices(ANA)) == 1
    restored = [event for event in await gateway.all_events() if event["sequence"] <= before["events"][-1]["sequence"]]
    assert restored == before["events"]
    for path in ("webhooks", "sessions/resting"):
        assert await gateway.call("GET", f"/api/v1/{path}") == before[path]
    # The same request, before and after, is the same message, and came once.
    assert (await gateway.keyed_send("before", "order-1"))["id"] == before["message"]["id"]
    await gateway.keyed_send("after", "order-2")
    assert sorted(body for body in await sandbox.bodies(BEN, ANA) if body in {"before", "after"}) == ["after", "before"]
    # A reader that had seen more than the backup has goes on with what is new, and misses none of it.
    await sandbox.send(BEN, ANA, "news")
    await gateway.received("news")
    new = await gateway.all_events(after=seen)
    assert {event["sequence"] > PLACES_AHEAD for event in new} == {True}
    assert any(event["type"] == "message.received" for event in new)


async def look(gateway: Machine) -> dict[str, Any]:
    """What is to be found again."""
    return {
        "qr": await gateway.events("session.qr"),
        "message": await gateway.keyed_send("before", "order-1"),
        "webhooks": await gateway.call("GET", "/api/v1/webhooks"),
        "sessions/resting": await gateway.call("GET", "/api/v1/sessions/resting"),
        "events": await gateway.all_events(),
    }


async def test_with_servers_of_the_operator(
    tmp_path: Path, sandbox: Sandbox, database_url: str, blank_database_url: str, redis_url: str
) -> None:
    file = tmp_path / "backup.pombo"
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **SECRETS}
    async with machine(tmp_path / "old", sandbox, servers) as old:
        await old.start()
        await write(old, sandbox)
        await old.have_snapshot(redis_url)
        before = await look(old)
        told = await old.pombo("backup", str(file))
        assert "logins of 1 sessions" in told
        assert file.stat().st_mode & 0o077 == 0
        # What comes after the backup is lost with the servers.
        await old.keyed_send("lost", "order-3")
        seen = (await old.all_events())[-1]["sequence"]
        assert seen > before["events"][-1]["sequence"]
        assert "DATA_DIR_IN_USE" in await old.refused("restore", "--replace", str(file))
        async with machine(tmp_path / "beside", sandbox, servers) as beside:
            assert "TARGET_IN_USE" in await beside.refused("restore", "--replace", str(file))
        await old.kill()
    async with redis.asyncio.from_url(redis_url) as client:
        await client.flushdb()
    async with machine(tmp_path / "new", sandbox, {**servers, "DATABASE_URL": blank_database_url}) as new:
        assert "is whole" in await new.pombo("restore", "--check", str(file))
        told = await new.pombo("restore", str(file))
        assert "POMBO_SNAPSHOT_KEY" not in told
        assert "TARGET_NOT_EMPTY" in await new.refused("restore", str(file))
        await new.start()
        await check(new, sandbox, before, seen)
        await new.stop()
        # Once more, over what is there.
        await new.pombo("restore", "--replace", str(file))
        await new.start()
        await new.status("ana", "WORKING")


async def test_with_the_embedded_servers_and_all_in_the_file(tmp_path: Path, sandbox: Sandbox) -> None:
    file = tmp_path / "backup.pombo"
    own = {"API_KEY": SECRETS["API_KEY"]}
    async with machine(tmp_path / "old", sandbox, own) as old:
        await old.start()
        await write(old, sandbox)
        media, key = await old.upload(CONTENT), await old.make_key()
        assert await old.reads_with(key) == 200
        before = await look(old)

        async def backed_up() -> bool | None:
            told = await old.pombo("backup", "--media", "--keys", "--overwrite", str(file))
            return "logins of 1 sessions" in told or None

        await until(backed_up)
        seen = (await old.all_events())[-1]["sequence"]
        old_secret = (old.data / "api-keys.secret").read_text()
        await old.kill()
        # With nobody there to ask, the servers are started for it.
        told = await old.pombo("backup", str(tmp_path / "second.pombo"))
        assert "keys: none" in told
        shutil.rmtree(old.data)
    async with machine(tmp_path / "new", sandbox, own) as new:
        told = await new.pombo("restore", str(file))
        assert "keys: snapshot.key, api-keys.secret" in told
        assert "isn't here" not in told
        assert "WARNING: 1 API keys work again" in told
        for name in ("snapshot.key", "api-keys.secret"):
            assert (new.data / name).stat().st_mode & 0o077 == 0
        await new.start()
        assert await new.reads_with(key) == 200
        assert "under another secret" not in new.log.read_text()
        await check(new, sandbox, before, seen)
        async with new.http.get(f"{new.url}/api/v1/media/{media}") as answer:
            assert await answer.read() == CONTENT
    async with machine(tmp_path / "third", sandbox, own) as third:
        told = await third.pombo("restore", str(tmp_path / "second.pombo"))
        assert "No key that is here opens the logins of 1 sessions" in told
        assert "The secret that 1 API keys were made under isn't here" in told
        # Neither does the gateway keep it to itself.
        await third.start()
        assert await third.reads_with(key) == 401
        (warned,) = (line for line in third.log.read_text().splitlines() if "under another secret: 1." in line)
        assert "gateway.warning" in warned
        assert "api_keys_of_another_secret" in third.log.read_text()
        # Whoever is locked out makes another key with the one of the settings.
        told = await third.pombo("keys", "create", BOOTSTRAP_USER, "mine", "--role", "admin", "--url", third.url)
        assert await third.reads_with(told.splitlines()[0]) == 200
        await third.stop()
        # As it says: the old secret behind the new one, which the start has made.
        written = third.data / "api-keys.secret"
        written.write_text(f"{written.read_text().strip()},{old_secret}")
        await third.start()
        assert await third.reads_with(key) == 200
    async with machine(tmp_path / "fourth", sandbox, own) as fourth:
        told = await fourth.pombo("restore", "--revoke-keys", str(file))
        assert "1 API keys of the backup were revoked" in told
        await fourth.start()
        assert await fourth.reads_with(key) == 401


async def test_a_damaged_backup_is_refused(
    tmp_path: Path, sandbox: Sandbox, blank_database_url: str, redis_url: str
) -> None:
    servers = {"DATABASE_URL": blank_database_url, "REDIS_URL": redis_url, **SECRETS}
    (tmp_path / "some.pombo").write_bytes(b"no backup")
    async with machine(tmp_path / "old", sandbox, servers) as gateway:
        assert "NOTHING_TO_BACK_UP" in await gateway.refused("backup", str(tmp_path / "none.pombo"))
        assert not (tmp_path / "none.pombo").exists()
        for arguments in (("--check",), ()):
            assert "BACKUP_CORRUPT" in await gateway.refused("restore", *arguments, str(tmp_path / "some.pombo"))
        assert "BACKUP_FILE_UNUSABLE" in await gateway.refused("restore", str(tmp_path / "missing.pombo"))
        assert "BACKUP_FILE_EXISTS" in await gateway.refused("backup", str(tmp_path / "some.pombo"))
