"""A gateway that has every kind of secret, in a run with everything in it: where they are, and where they aren't."""

import asyncio
import json
import re
import ssl
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import aiohttp.web
import grpc
import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from tests.certificates import Authority
from tests.integration.cli import programs
from tests.integration.s3 import KEY_ID, REGION, S3Server
from tests.media_files import picture
from tests.ports import free_port

from .processes import ROOT, Gateway, Sandbox, descendants, until

# None of the numbers that errors have for examples.
ANA, BEN = "15550170701", "15550170702"
S3_SECRET: Final = "s3-secret-Kakapo-4711"
HOOK_PATH: Final = "hook-path-Takahe-4711"
CREDENTIAL: Final = "hook-credential-Weka-4711"
WRONG: Final = "pombo_wrong-Kea-4711"
SENT, CAME, CAPTION = "sent-Tui-4711", "came-Ruru-4711", "caption-Kaka-4711"
OVER_GRPC, BY_COMMAND = "grpc-Moho-4711", "command-Huia-4711"


@dataclass
class Receiver:
    """An endpoint that fails now and then."""

    url: str
    heard: list[str] = field(default_factory=list)

    async def take(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        self.heard.append(await request.text())
        return aiohttp.web.Response(status=500 if len(self.heard) == 1 else 204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver("")
    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(found.take))
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/{HOOK_PATH}"
    yield found
    await runner.cleanup()


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    server = S3Server()
    server.start()
    yield {
        "POMBO_MEDIA_URL": f"s3://{server.make_bucket()}/files",
        "POMBO_MEDIA_S3_ENDPOINT": server.url,
        "POMBO_MEDIA_S3_REGION": REGION,
        "POMBO_MEDIA_S3_ACCESS_KEY_ID": KEY_ID,
        "POMBO_MEDIA_S3_SECRET_ACCESS_KEY": S3_SECRET,
    }
    server.stop()


@dataclass
class Run:
    """What is done, and what was told of it."""

    gateway: Gateway
    sandbox: Sandbox
    secrets: dict[str, str]
    private: dict[str, str]
    errors: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """A call, whose error is noted."""
        url = f"{self.gateway.url}{path}"
        async with self.gateway.http.request(method, url, json=body, **options) as answer:
            content = await answer.json(content_type=None) if answer.status != 204 else None
            if answer.status >= 400:
                self.errors.append(f"{dict(answer.headers)} {content}")
            return answer.status, content


async def keys(run: Run) -> None:
    """Keys are made, exchanged, ended, and tried where they don't belong."""
    _, user = await run.call("POST", "/api/v1/users", {"name": "Ana", "role": "operator"})
    _, made = await run.call("POST", "/api/v1/api-keys", {"user_id": user["id"], "name": "x", "role": "sender"})
    _, next_one = await run.call("POST", f"/api/v1/api-keys/{made['id']}/rotate", {})
    run.secrets |= {"a key": made["secret"], "its successor": next_one["secret"]}
    assert (await run.call("GET", "/api/v1/sessions", headers={"X-API-Key": next_one["secret"]}))[0] == 200
    await run.call("POST", f"/api/v1/api-keys/{next_one['id']}/revoke")
    for headers in ({"X-API-Key": WRONG}, {"X-API-Key": next_one["secret"]}, {"X-API-Key": "", "Cookie": f"k={WRONG}"}):
        assert (await run.call("GET", "/api/v1/sessions", headers=headers))[0] == 401
    # An address is no place for a key: it lets nobody in, and is written nowhere.
    path = f"/api/v1/sessions?api_key={run.gateway.key}"
    assert (await run.call("GET", path, headers={"X-API-Key": ""}))[0] == 401


async def talk(run: Run) -> None:
    """Messages and a file, over both transports, by the command line, and from a phone."""
    gateway, sandbox = run.gateway, run.sandbox
    await gateway.call("POST", "/api/v1/sessions", {"id": "ana"})
    run.secrets["the QR"] = qr = await gateway.qr("ana")
    await sandbox.scan(ANA, qr)
    await gateway.status("ana", "WORKING")
    await gateway.send("ana", BEN, SENT)
    image = {"base64": b64encode(picture()).decode(), "caption": CAPTION}
    body = {"session_id": "ana", "to": BEN, "type": "image", "image": image}
    assert (await run.call("POST", "/api/v1/messages/send", body))[0] == 201
    await sandbox.send(BEN, ANA, CAME)
    await gateway.received(CAME)
    for wrong in ({"to": f"{BEN}@nowhere"}, {"to": BEN, "session_id": "none"}, {"text": SENT}):
        request = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": SENT}, **wrong}
        assert (await run.call("POST", "/api/v1/messages/send", request))[0] >= 400


async def hook(run: Run, receiver: Receiver) -> None:
    """An endpoint with a credential, that fails once, and whose secret is changed."""
    body = {"url": f"{receiver.url}/own", "headers": {"Authorization": CREDENTIAL}}
    _, made = await run.call("POST", "/api/v1/webhooks", body)
    _, rotated = await run.call("POST", f"/api/v1/webhooks/{made['id']}/rotate-secret", {})
    run.secrets |= {"a webhook's secret": made["secret"], "its next secret": rotated["secret"]}
    await run.call("POST", f"/api/v1/webhooks/{made['id']}/test")
    await run.call("POST", "/api/v1/webhooks", {"url": f"ftp://{CREDENTIAL}@hook.test/"})

    async def heard() -> bool | None:
        return len(receiver.heard) > 3 or None

    await until(heard)


def processes_of(gateway: Gateway) -> dict[int, str]:
    """The gateway and all that it has started, by what they are."""
    found = {}
    for pid in (gateway.process.pid, *descendants(gateway.process.pid)):
        try:
            found[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
    return found


def of_process(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError:
        return ""  # ended meanwhile


def search(texts: dict[str, str], secrets: dict[str, str]) -> list[str]:
    """Where a secret is, with what stands around it."""
    return [
        f"{where} has {what}: …{text[max(text.find(secret) - 100, 0) : text.find(secret) + 40]}…"
        for where, text in texts.items()
        for what, secret in secrets.items()
        if secret in text
    ]


@pytest.mark.timeout(240)
async def test_where_secrets_are_not(
    sandbox: Sandbox, tmp_path: Path, receiver: Receiver, bucket: dict[str, str]
) -> None:
    authority, callers = Authority(tmp_path), Authority(tmp_path, "callers")
    shown, mine = authority.make("gateway"), callers.make("caller")
    hashing, sealing = b64encode(b"h" * 32).decode(), b64encode(b"s" * 32).decode()
    health_port = free_port()
    settings = {
        **bucket,
        "POMBO_TLS_CERT": str(shown.cert),
        "POMBO_TLS_KEY": str(shown.key),
        "POMBO_TLS_CLIENT_CA": str(callers.file),
        "POMBO_HEALTH_PORT": str(health_port),
        "POMBO_LOG_LEVEL": "debug",
        "POMBO_API_KEY_SECRET": hashing,
        "POMBO_SNAPSHOT_KEY": sealing,
        "POMBO_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
        "POMBO_WEBHOOK_RETRY_SCHEDULE": "0.2s",
        "WEBHOOK_URL": receiver.url,
    }
    context = ssl.create_default_context(cafile=authority.file)
    context.load_cert_chain(mine.cert, mine.key)
    for phone in (ANA, BEN):
        await sandbox.account(phone)
    gateway = Gateway(tmp_path / "data", sandbox, settings, tls=context)
    secrets = {
        "the key": gateway.key,
        "a wrong key": WRONG,
        "what keys are hashed under": hashing,
        "what logins are sealed under": sealing,
        "the bucket's secret": S3_SECRET,
        "an endpoint's path": HOOK_PATH,
        "an endpoint's credential": CREDENTIAL,
        "the private key of TLS": shown.key.read_text().splitlines()[1],
    }
    private = {
        "a text": SENT,
        "a text that came": CAME,
        "a caption": CAPTION,
        "a text over gRPC": OVER_GRPC,
        "a text by the command line": BY_COMMAND,
        "a number": ANA,
        "another number": BEN,
    }
    run = Run(gateway, sandbox, secrets, private)
    try:
        await gateway.start()
        await refuses_others(gateway, authority)
        await keys(run)
        await talk(run)
        await hook(run, receiver)
        await over_grpc(run, authority.file, mine.cert, mine.key)
        await by_command(gateway, settings, mine.cert, mine.key, tmp_path)
        await probed(settings, gateway.port, health_port)
        running = processes_of(gateway)
        machine = {
            f"the {part} of {name} ({pid})": of_process(pid, part)
            for pid, name in running.items()
            for part in ("cmdline", "environ")
            # Its own environment is where the gateway has them from.
            if (pid, part) != (gateway.process.pid, "environ")
        }
        limits = {(name, pid): of_process(pid, "limits") for pid, name in running.items()}
        async with gateway.http.get(f"{gateway.url}/metrics") as answer:
            measured = await answer.text()
        events = json.dumps(await gateway.events())
    finally:
        await gateway.close()
    logs = _server_logs(tmp_path / "data")
    told = {"the log": _lines(gateway.log), "the measurements": measured, "the errors": "\n".join(run.errors)}
    everything = run.secrets | run.private
    assert search({**told, **logs}, everything) == []
    # Who may read events may read messages; nobody gets in, or at an account, by what is in them.
    assert search({"the event log": events, **machine}, run.secrets) == []
    for whose, text in limits.items():
        found = re.search(r"Max core file size\s+(\d+|unlimited)", text)
        assert found is None or found[1] in {"0", "1"}, (whose, text)
    # What was searched was there.
    names = " ".join(running.values())
    for program in ("chrom", "node", "postgres", "valkey"):
        assert program in names, names
    assert len(machine) > 15
    assert any(text for text in logs.values())
    assert len(run.errors) > 6
    assert re.search(r'pombo_webhook_seconds_count\{outcome="DELIVERED"\} [1-9]', measured)
    assert {CAME, SENT} <= set(re.findall(r"\w+-\w+-4711", events))


def _server_logs(data: Path) -> dict[str, str]:
    """The browser has files of that name, too, which are the login itself."""
    logs = [path for path in data.rglob("*.log") if "profiles" not in path.parts]
    return {f"the log {path.name}": path.read_text(errors="replace") for path in logs}


def _lines(log: Path) -> str:
    """Without the one line that is meant for who starts it, and shown once."""
    lines = log.read_text().splitlines()
    kept = [line for line in lines if '"event": "gateway.webhook_secret"' not in line]
    assert len(kept) == len(lines) - 1
    return "\n".join(kept)


async def refuses_others(gateway: Gateway, authority: Authority) -> None:
    """Without TLS, and without a certificate, nobody gets anything of either listener."""
    for url in (f"http://127.0.0.1:{gateway.port}/health/live", f"{gateway.url}/health/live"):
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authority.file))
        async with aiohttp.ClientSession(connector=connector) as http:
            with pytest.raises(aiohttp.ClientError):
                await http.get(url)
    target = f"127.0.0.1:{gateway.grpc_port}"
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes())
    for channel in (grpc.aio.insecure_channel(target), grpc.aio.secure_channel(target, credentials)):
        async with channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await MessageServiceStub(channel).ListMessages(messages.ListMessagesRequest(), timeout=20)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def over_grpc(run: Run, ca: Path, cert: Path, key: Path) -> None:
    credentials = grpc.ssl_channel_credentials(*map(Path.read_bytes, (ca, key, cert)))
    async with grpc.aio.secure_channel(f"127.0.0.1:{run.gateway.grpc_port}", credentials) as channel:
        stub = MessageServiceStub(channel)
        request = messages.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body=OVER_GRPC))
        sent = await stub.SendMessage(request, metadata=(("x-api-key", run.gateway.key),))
        assert sent.message.id
        for given in (WRONG, run.secrets["a key"][:-1]):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.SendMessage(request, metadata=(("x-api-key", given),))
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
            run.errors.append(f"{refused.value.details()} {refused.value.trailing_metadata()}")


async def by_command(gateway: Gateway, settings: dict[str, str], cert: Path, key: Path, directory: Path) -> None:
    """On the gateway's own machine, with its settings: no address and no authority have to be named."""
    environment = {
        "PORT": str(gateway.port),
        "API_KEY": gateway.key,
        "POMBO_TLS_CERT": settings["POMBO_TLS_CERT"],
        "POMBO_TLS_KEY": settings["POMBO_TLS_KEY"],
        "POMBO_CLIENT_CERT": str(cert),
        "POMBO_CLIENT_KEY": str(key),
    }
    code, output, errors = await programs.run(
        "send", "ana", BEN, BY_COMMAND, environment=environment, directory=directory
    )
    assert code == 0, errors
    assert output.startswith("msg_")


async def probed(settings: dict[str, str], port: int, health_port: int) -> None:
    """The image's own check, where callers have to show a certificate; and what else is at that port: nothing."""
    (check,) = re.findall(r"^HEALTHCHECK .*\n\s+CMD (\[.*\])$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    environment = {**settings, "PORT": str(port)}
    for changed, code in (({}, 0), ({"POMBO_HEALTH_PORT": str(free_port())}, 1)):
        process = await asyncio.create_subprocess_exec(
            *programs_python(json.loads(check)), env=environment | changed, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == code
    async with aiohttp.ClientSession() as http:
        for path, status in (("/health/live", 200), ("/metrics", 401), ("/api/v1/sessions", 401), ("/docs", 401)):
            async with http.get(f"http://127.0.0.1:{health_port}{path}") as answer:
                assert answer.status == status


def programs_python(command: list[str]) -> list[str]:
    assert command[0] == "python"
    return [sys.executable, *command[1:]]
