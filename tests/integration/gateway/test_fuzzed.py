"""The API under schemathesis: what the document allows is answered as it says, and what it forbids is refused.

And each role is let in where the policy lets it, and nowhere else.
"""

import asyncio
import itertools
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import requests

from application.access.policy import OPEN

from . import fuzz_roles
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
    secrets, spared = await keys(gateway)
    roles = {
        "keys": secrets,
        "spared": spared,
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


async def keys(gateway: Gateway) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """One of each role, and one that sees the session ``spare`` alone.

    And, by parameter, their ids, each with another's that may be changed in its place.
    """
    made, users, ids = {}, [], []
    for name in (*OTHERS, SCOPED):
        role = "operator" if name == SCOPED else name
        user = await gateway.call("POST", "/api/v1/users", {"name": name, "role": role})
        scope = {"session_ids": ["spare"]} if name == SCOPED else {}
        body = {"user_id": user["id"], "name": name, "role": role, **scope}
        key = await gateway.call("POST", "/api/v1/api-keys", body)
        made[name] = key["secret"]
        users.append(user["id"])
        ids.append(key["id"])
    user = await gateway.call("POST", "/api/v1/users", {"name": "spare", "role": "reader"})
    body = {"user_id": user["id"], "name": "spare", "role": "reader"}
    key = await gateway.call("POST", "/api/v1/api-keys", body)
    return made, {"user_id": dict.fromkeys(users, user["id"]), "key_id": dict.fromkeys(ids, key["id"])}


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


def answered(status: int, reason: str = "", **content: Any) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer._content = json.dumps({"reason": reason or None, **content}).encode()
    return answer


LOW: Final = answered(403, "ROLE_TOO_LOW", metadata={"role": "operator"})
GONE: Final = answered(404, "SESSION_NOT_FOUND")
GIVEN: Final[dict[str, Any]] = {
    "keys": {"operator": "key-o", "sender": "key-s", "reader": "key-r", SCOPED: "key-1"},
    "hidden": {"session_id": "support", "session_ids": ["support"], "message_id": "msg_hidden"},
}


class Others:
    """Answers as whom a request is repeated, by the key."""

    def __init__(self, **answers: requests.Response) -> None:
        self._answers = answers
        self.requests: dict[str, requests.PreparedRequest] = {}

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        name = {key: name for name, key in GIVEN["keys"].items()}[request.headers["X-API-Key"]]
        self.requests[name] = request
        return self._answers[name]


def ask(monkeypatch: pytest.MonkeyPatch, operation: str, path: str, **answers: requests.Response) -> Others:
    """Looks at one request of an administrator's, and at what others are answered to it."""
    others = Others(**answers)
    for name, value in {"_given": GIVEN, "_http": others, "_turns": defaultdict(lambda: itertools.count(1))}.items():
        monkeypatch.setattr(fuzz_roles, name, value)
    body = {"session_id": "mine", "to": "+15550100200", "each": [{"message_id": "msg_mine"}]}
    url = f"http://gateway.test{path.replace('{session_id}', 'mine')}?session_id=mine&page_size=3"
    request = requests.Request("POST", url, headers={"X-API-Key": "key-a"}, json=body).prepare()
    case = SimpleNamespace(
        method="POST",
        path_parameters={"session_id": "mine"},
        operation=SimpleNamespace(method="post", path=path, definition=SimpleNamespace(raw={"operationId": operation})),
    )
    fuzz_roles.roles_are_kept(None, SimpleNamespace(status_code=200, request=request), case)
    return others


RESTART = ("restartSession", "/api/v1/sessions/{session_id}/pause")
"""An operator's operation, on a session."""


def test_each_role_is_asked_as_and_the_scoped_key_about_what_it_must_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"operator": answered(200), "sender": LOW, "reader": LOW, SCOPED: GONE}
    others = ask(monkeypatch, *RESTART, **good)
    assert set(others.requests) == set(GIVEN["keys"])
    assert (
        others.requests["operator"].url == "http://gateway.test/api/v1/sessions/mine/pause?session_id=mine&page_size=3"
    )
    hidden = others.requests[SCOPED]
    assert hidden.url == "http://gateway.test/api/v1/sessions/support/pause?session_id=support&page_size=3"
    assert json.loads(hidden.body or "") == {
        "session_id": "support",
        "to": "+15550100200",
        "each": [{"message_id": "msg_hidden"}],
    }
    assert hidden.headers["Content-Length"] == str(len(hidden.body or ""))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("sender", answered(200)),
        ("reader", answered(404, "SESSION_NOT_FOUND")),
        ("reader", answered(403, "ROLE_TOO_LOW", metadata={"role": "admin"})),
        ("reader", answered(403, "ROLE_TOO_LOW", metadata={"role": "operator"}, errors=[{"field": "name"}])),
        ("operator", LOW),
        ("operator", answered(500, "INTERNAL")),
        ("operator", answered(401, "API_KEY_INVALID")),
        (SCOPED, answered(200)),
        (SCOPED, answered(409, "SESSION_NOT_WORKING")),
        (SCOPED, answered(410, "MEDIA_EXPIRED")),
        (SCOPED, LOW),
    ],
)
def test_what_is_against_the_policy_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, answer: requests.Response
) -> None:
    good = {"operator": answered(200), "sender": LOW, "reader": LOW, SCOPED: GONE}
    with pytest.raises(AssertionError, match=f"as {name}"):
        ask(monkeypatch, *RESTART, **(good | {name: answer}))


def test_a_part_of_a_request_that_is_done_to_what_is_hidden_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bulk = ("sendMessages", "/api/v1/messages/bulk")
    good = {name: answered(200, accepted=1, refused=0) for name in ("operator", "sender")} | {
        "reader": answered(403, "ROLE_TOO_LOW", metadata={"role": "sender"}),
        SCOPED: answered(200, accepted=0, refused=2, results=[{"metadata": {"session_id": "support"}}]),
    }
    ask(monkeypatch, *bulk, **good)
    with pytest.raises(AssertionError, match="as scoped: 200 None: something was done"):
        ask(monkeypatch, *bulk, **(good | {SCOPED: answered(200, accepted=1, refused=1)}))


def test_a_list_that_shows_what_is_hidden_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = {name: answered(200, items=[]) for name in GIVEN["keys"]}
    ask(monkeypatch, "listMessages", "/api/v1/messages", **everybody)
    for shown in ({"id": "msg_hidden"}, {"id": "msg_1", "session_id": "support"}):
        with pytest.raises(AssertionError, match="as scoped: 200 None: shows"):
            ask(monkeypatch, "listMessages", "/api/v1/messages", **(everybody | {SCOPED: answered(200, items=[shown])}))
