"""The API under schemathesis: what the document allows is answered as it says, and what it forbids is refused.

And each role is let in where the policy lets it, and nowhere else.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from application.access.policy import OPEN

from .conftest import ANA, BEN
from .fuzz_hooks import DEEP
from .fuzz_roles import SCOPED, SETTINGS
from .processes import Gateway, Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OTHERS = ("operator", "sender", "reader")
LONGEST_LINE, LONGEST_REPORT = 300, 12_000


@pytest.mark.timeout(3_600 if DEEP else 1_200)
async def test_the_document_is_kept(gateway: Gateway, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every operation, with the document's examples, with what its forms say and what they forbid.

    With ``POMBO_FUZZ_EXAMPLES=N`` also with N requests each that are made up; the report says how to replay one. It is
    the administrator who asks; some of each operation's requests are repeated as others, whom the policy lets in or
    not.
    """
    await gateway.link("support", sandbox, ANA)
    await gateway.call("POST", "/api/v1/sessions", {"id": "spare", "start": False})
    report_of_roles = tmp_path / "roles.json"
    roles = {
        "keys": await keys(gateway),
        "hidden": await hidden(gateway),
        "report": str(report_of_roles),
    }
    fuzzing = ["--phases", "examples,coverage"]
    if DEEP:
        fuzzing = ["--phases", "examples,coverage,fuzzing", "--max-examples", os.environ["POMBO_FUZZ_EXAMPLES"]]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{gateway.url}/openapi.json"),
        *(
            "--header",
            f"X-API-Key: {gateway.key}",
            "--seed",
            "1",
            "--workers",
            "4",
            "--request-timeout",
            "60",
            "--continue-on-failure",
        ),
        *(*fuzzing, "--no-shrink"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.integration.gateway.fuzz_hooks",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            SETTINGS: json.dumps(roles),
            # Where the run's other tests have left what Hypothesis finds out about characters, for seconds.
            "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
        },
    )
    try:
        report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, cut(report.decode(errors="replace"))
    document = await gateway.call("GET", "/openapi.json")
    operations = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    seen = json.loads(report_of_roles.read_text())
    for role in roles["keys"]:
        assert sorted(operations - OPEN - set(seen.get(role, {}))) == [], f"nobody asked as {role}"


async def keys(gateway: Gateway) -> dict[str, str]:
    """One of each role, and one that sees the session ``spare`` alone."""
    made = {}
    for name in (*OTHERS, SCOPED):
        role = "operator" if name == SCOPED else name
        user = await gateway.call("POST", "/api/v1/users", {"name": name, "role": role})
        scope = {"session_ids": ["spare"]} if name == SCOPED else {}
        body = {"user_id": user["id"], "name": name, "role": role, **scope}
        made[name] = (await gateway.call("POST", "/api/v1/api-keys", body))["secret"]
    return made


async def hidden(gateway: Gateway) -> dict[str, str | list[str]]:
    """Ids that there are, and that are of the session ``support`` or of all."""
    message = await gateway.send("support", f"+{BEN}", "not for everybody")
    webhook = await gateway.call("POST", "/api/v1/webhooks", {"url": "https://hooks.test/hidden"})
    async with gateway.http.post(f"{gateway.url}/api/v1/media?filename=hidden.txt", data=b"Anything.") as answer:
        media = await answer.json()
        assert answer.status == 201, media
    return {
        "session_id": "support",
        "session_ids": ["support"],
        "message_id": message["id"],
        "webhook_id": webhook["id"],
        "media_id": media["id"],
    }


def cut(report: str) -> str:
    """A report's end, without the bodies in it that are long."""
    return "\n".join(line[:LONGEST_LINE] for line in report.splitlines())[-LONGEST_REPORT:]
