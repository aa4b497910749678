"""The API's OpenAPI document; ``python -m entrypoints.rest.openapi PATH`` writes it."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from application.access.policy import POLICY
from entrypoints.rest.config import RestConfig
from entrypoints.rest.models import forms
from entrypoints.rest.models.messages import SendMessageRequest
from entrypoints.rest.models.problem import NotReadyProblem, Problem

_DESCRIPTION: Final = """A self-hosted WhatsApp gateway: link accounts as companion devices, send and receive.

Every call but health carries an API key, as `X-API-Key` or as `Authorization: Bearer`. A key has a role, and may be for
certain sessions: to it the others, and what belongs to them, aren't there. Every error is a problem
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with a stable `reason`, which is the same over gRPC. Every answer
has an `X-Request-ID`: the caller's own, or a new one. Calls are counted by key: `RateLimit-Policy` and `RateLimit` tell
how it stands, and beyond a rate 429 says in `Retry-After` when to come back.

Times are RFC 3339 in UTC. Addresses are JIDs; where one person
is meant, a phone number with its country code does too. Lists page by an opaque token.

This project is unofficial: it isn't made, endorsed or supported by WhatsApp or Meta.
"""
_TAGS: Final = [
    {"name": "Sessions", "description": "One linked account each: what is wanted of it and what is observed."},
    {"name": "Linking", "description": "Linking a session to an account, by QR or by a code."},
    {"name": "Pacing", "description": "How fast a session sends, what remains, and who isn't written to."},
    {"name": "Messages", "description": "What is sent and what came."},
    {"name": "Media", "description": "Files: put into the store, read in parts, and kept for a time."},
    {"name": "Chats", "description": "Conversations as the account's phone and devices share them."},
    {"name": "Contacts", "description": "People: the address book, who is who, and who is blocked."},
    {"name": "Presence", "description": "Who is there and what they are at; the account's own."},
    {"name": "Calls", "description": "Incoming calls."},
    {"name": "Groups", "description": "Groups: their people, what they show, their links, and who asks to be let in."},
    {"name": "Events", "description": "Everything that happened, in order, by cursor or as a stream."},
    {"name": "Webhooks", "description": "Events posted to endpoints: at least once, in order, signed."},
    {"name": "Access", "description": "Users, and the API keys that belong to them. For administrators."},
    {"name": "Audit log", "description": "Who did what to what, from where, with which result. For administrators."},
    {
        "name": "Health",
        "description": "For whoever supervises the gateway. Alive and ready want no key.",
    },
]
_SECURITY: Final = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The same key."},
}
_WORD: Final = re.compile(r"[A-Z]")
_FASTAPIS_OWN: Final = ("HTTPValidationError", "ValidationError")


def document_of(app: FastAPI, config: RestConfig) -> Callable[[], dict[str, Any]]:
    """What gives an application's document; it is made when it is first asked for."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(_make(app, config))
        return made

    return document


def _make(app: FastAPI, config: RestConfig) -> dict[str, Any]:
    document = get_openapi(
        title="Pombo",
        version=config.version,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    _, more = models_json_schema(
        [(Problem, "serialization"), (NotReadyProblem, "serialization"), (SendMessageRequest, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    schemas = document["components"]["schemas"] | more["$defs"]
    document["components"]["schemas"] = {
        name: schema for name, schema in sorted(schemas.items()) if name not in _FASTAPIS_OWN
    }
    document["components"]["securitySchemes"] = _SECURITY
    document["security"] = [{name: []} for name in _SECURITY]
    for path in document["paths"].values():
        for operation in path.values():
            _correct(operation)
    return document


def _correct(operation: dict[str, Any]) -> None:
    """Names it, and takes out what FastAPI adds and what isn't so: invalid requests get a 400 problem here."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["schema"] |= forms.PATH[parameter["name"]]
    rule = POLICY.get(operation["operationId"])
    if rule is not None:
        description = operation.get("description", "")
        operation["description"] = f"{description}\n\nNeeds the role `{rule.role}` or above.".lstrip()
    responses = operation["responses"]
    if "HTTPValidationError" in json.dumps(responses.get("422", {})):
        del responses["422"]
    operation["responses"] = dict(sorted(responses.items()))
    words = _WORD.sub(lambda start: f" {start[0].lower()}", operation["operationId"]).replace(" qr", " QR")
    operation["summary"] = f"{words[0].upper()}{words[1:]}"


def to_text(document: dict[str, Any]) -> str:
    """The document as it is checked in."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the document to the path that is given."""
    # Imported here: the application is made of what is above.
    from entrypoints.rest.app import create_app  # noqa: PLC0415
    from entrypoints.use_cases import UseCases  # noqa: PLC0415

    # The document depends on the routes alone: no use case is ever called.
    app = create_app(object.__new__(UseCases), RestConfig())
    Path(sys.argv[1]).write_text(to_text(app.openapi()), encoding="utf-8")


if __name__ == "__main__":
    main()
