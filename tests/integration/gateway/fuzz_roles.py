"""What other roles than the administrator's are answered to the requests that schemathesis makes up.

The administrator's requests are looked at in full. Some of each operation's are repeated here as they were sent, with a
key of each other role, and with one that sees another session only: what they are answered the policy tells alone.
"""

import atexit
import itertools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import requests
import schemathesis

from application.access.policy import OPEN, POLICY, Place
from domain.access import Role

SCOPED: Final = "scoped"
"""The name of the key that sees one session, which isn't the linked one. Its role is an operator's."""

SETTINGS: Final = "POMBO_FUZZ_ROLES"
"""What the test hands on as JSON: ``keys`` by role; ``spared``, by parameter, what of
theirs is changed elsewhere; ``hidden`` ids, by parameter, of what the scoped key mustn't see; and where to write what
was looked at (``report``)."""

_TURNS: Final = frozenset({1, 2, 4, 8, 16, 32, 64})
"""Which of an operation's requests are repeated: few, of all that is made up for it."""

_DEAR: Final = ("/start", "/restart", "/api/v1/media", "/api/v1/media/send")
"""To succeed with those costs a process each time: the administrator's successes are enough."""

_TIMEOUT: Final = 60
_SESSIONS: Final = "/api/v1/sessions"
_BOUND: Final = frozenset({Place.SESSION, Place.NEW_SESSION, Place.MESSAGE, Place.WEBHOOK, Place.MEDIA})
_NOT_THERE: Final = frozenset({400, 403, 404, 413, 415})
"""Without a 409 or a 410, which would tell that it is there. (403: a session that isn't among one's own to make.)"""

_AWAY: Final = frozenset({501, 503})
_given: Mapping[str, Any] = json.loads(os.environ.get(SETTINGS, "{}"))
_turns: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
_seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
_http = requests.Session()
_lock = Lock()


def spared() -> Mapping[str, Mapping[str, str]]:
    """By parameter, the ids of the users and keys that the requests are repeated as, each with one in its place."""
    found: Mapping[str, Mapping[str, str]] = _given.get("spared", {})
    return found


@schemathesis.check
def roles_are_kept(_context: Any, response: Any, case: Any) -> None:
    """Repeats a request as others, who are let in or refused as the policy says."""
    operation = case.operation.definition.raw.get("operationId")
    if not _given or operation in OPEN or case.method != case.operation.method.upper():
        return
    with _lock:
        turn = next(_turns[operation])
    if turn not in _TURNS:
        return
    rule = POLICY[operation]
    for name, key in _given["keys"].items():
        role = Role.OPERATOR if name == SCOPED else Role(name)
        if not role.allows(rule.role):
            answer = _repeat(response.request, key)
            _is_refused_for_its_role(answer, name, rule.role)
        elif name == SCOPED:
            answer = _repeat(_of_hidden(response.request, case), key)
            _tells_nothing(answer, rule.place)
        elif response.status_code < requests.codes.bad_request and case.operation.path.endswith(_DEAR):
            continue
        else:
            answer = _repeat(response.request, key)
            _is_let_in(answer, name)
        with _lock:
            _seen[name][operation] += 1


def _is_refused_for_its_role(answer: requests.Response, name: str, needed: Role) -> None:
    content = _content(answer)
    said = (answer.status_code, content.get("reason"), (content.get("metadata") or {}).get("role"))
    assert said == (requests.codes.forbidden, "ROLE_TOO_LOW", needed.value), f"as {name}: {said}"
    assert not content.get("errors"), f"as {name}: what the form lacks is told to who mustn't ask"


def _is_let_in(answer: requests.Response, name: str) -> None:
    reason = _content(answer).get("reason")
    assert reason not in {"ROLE_TOO_LOW", "API_KEY_INVALID", "API_KEY_MISSING"}, f"as {name}: {reason}"
    fails = answer.status_code >= requests.codes.server_error and answer.status_code not in _AWAY
    assert not fails, f"as {name}: {answer.status_code} {reason}"


def _tells_nothing(answer: requests.Response, place: Place) -> None:
    """To who doesn't see them the hidden ones aren't there, whatever is asked about them."""
    _is_let_in(answer, SCOPED)
    told = f"as {SCOPED}: {answer.status_code} {_content(answer).get('reason')}"
    if place in _BOUND:
        # A form that is wrong is told as to everybody.
        assert answer.status_code in _NOT_THERE, told
    if place is Place.EACH and answer.ok:
        # Each has an error of its own, which may name what was asked for.
        assert _content(answer)["accepted"] == 0, f"{told}: something was done"
    elif answer.ok:
        shown = {name for name in _hidden_names() if f'"{name}"' in answer.text}
        assert not shown, f"{told}: shows {sorted(shown)}"


def _hidden_names() -> Iterator[str]:
    for name in _given["hidden"].values():
        yield from name if isinstance(name, list) else (name,)


def _about_hidden(content: Any) -> Any:
    """A body that names what the caller mustn't see wherever it names such a thing."""
    match content:
        case dict():
            hidden = _given["hidden"]
            return {name: hidden.get(name, _about_hidden(value)) for name, value in content.items()}
        case list():
            return [_about_hidden(each) for each in content]
        case _:
            return content


def _repeat(request: requests.PreparedRequest, key: str) -> requests.Response:
    request = request.copy()
    request.headers["X-API-Key"] = key
    return _http.send(request, timeout=_TIMEOUT, allow_redirects=False)


def _of_hidden(request: requests.PreparedRequest, case: Any) -> requests.PreparedRequest:
    """The same request, about what the caller mustn't see."""
    request, hidden = request.copy(), _given["hidden"]
    parts = urlsplit(str(request.url))
    path = case.operation.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", quote(str(hidden.get(name, value)), safe=""))
    query = [(name, hidden.get(name, value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    request.url = urlunsplit((parts.scheme, parts.netloc, path, urlencode(query), ""))
    try:
        body = json.loads(request.body or b"")
    except ValueError:
        return request
    if isinstance(body, dict) and path == _SESSIONS:
        body["id"] = hidden["session_id"]
    request.prepare_body(json.dumps(_about_hidden(body)), None)
    return request


def _content(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {"items": content}


@atexit.register
def _write() -> None:
    if _given:
        Path(_given["report"]).write_text(json.dumps(_seen))
