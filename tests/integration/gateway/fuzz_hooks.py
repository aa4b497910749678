"""What schemathesis can't know of the document: loaded by it, not by the tests."""

import itertools
import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.transport.requests import REQUESTS_TRANSPORT
from schemathesis.transport.serialization import Binary

from entrypoints.rest.models import forms
from tests import media_files
from tests.integration.gateway import fuzz_roles

__all__ = ["fuzz_roles"]  # its check, too

DEEP = "POMBO_FUZZ_EXAMPLES" in os.environ
_ROW = {"id": "1", "title": "One", "description": None}
_REPLY = {"id": "1", "title": "One"}
_TARGET = "https://hooks.test/pombo"
# What a property may hold where its document leaves open what depends on another property, or what no form tells.
_CHOICES: dict[str, dict[str, list[Any]]] = {
    # Rows have ids of their own, ten of them altogether.
    "InteractiveAction": {
        "sections": [None, [{"title": "All", "rows": [_ROW]}]],
        "buttons": [None, [{"type": "reply", "reply": _REPLY}]],
    },
    # Which sequences are emoji, WhatsApp's own list says.
    "ReactRequest": {"emoji": ["👍", "👨‍👩‍👧"]},
    "ReactionToSend": {"emoji": ["👍", ""]},
    # Which addresses are public, no form tells.
    "CreateWebhookRequest": {"url": [_TARGET]},
    "UpdateWebhookRequest": {"url": [None, _TARGET]},
    # The same, and their lengths are in bytes.
    "GivenProxy": {"url": ["http://proxy.example.org:3128"], "username": ["ana"], "password": [None, "secret"]},
    # Which zones there are, the time zones' data base says.
    "GivenQuietHours": {"time_zone": ["UTC", "Europe/Lisbon"]},
    # A cursor beyond the log's end is refused.
    "ReplayRequest": {"after": [0, None]},
}
_LEFT_OUT = {
    # They must lie ahead, and not too far.
    "SendMessageRequest": ("not_before", "deadline"),
    "UpdateChat": ("muted_until",),
    "CreateApiKeyRequest": ("expires_at",),
    "RotateApiKeyRequest": ("expires_at",),
    # Not before the start.
    "EventInvitationToSend": ("end_time",),
    # As many as there are options.
    "PollToSend": ("selectable",),
    # The linked session's sends would wait for what is made up; sessions are made with any pace, and any proxy.
    "UpdateSessionRequest": ("pacing", "proxy"),
}
# A browser for each session that is made up would look at nothing but browsers; and the linked session stays so.
_NOT_THE_LINKED = ("/start", "/restart", "/stop", "/logout")
_DRAWN_FROM_CLASSES = {forms.NAME["pattern"], forms.FILENAME["pattern"], forms.PRINTABLE["pattern"]}
_LONG_TEXT = 10_000
_DEAR = 100 if DEEP else 3
"""How many of the requests that are alike, but for what the gateway has told good before, may cost a process each."""
_NO_MEDIA, _NO_SESSION = "media_00000000000000000000000000", "none"
_FILES = ("image", "video", "audio", "document", "sticker")
_STARTS = ("/start", "/restart")
_A_FILE = "a file, right for: "
_EVENTS, _SEND_MEDIA, _UPLOAD, _FORM = "/api/v1/events", "/api/v1/media/send", "/api/v1/media", "multipart/form-data"
_BULK = "/api/v1/messages/bulk"
# Of a bulk send the examples alone are asked, and the document has none that is whole.
_MESSAGE = {"session_id": "support", "to": "+15550100200", "type": "text", "text": {"body": "Hello"}}
_keys = itertools.count()
_dear = {name: itertools.count() for name in (*_FILES, *_STARTS)}

# Which characters there are, each thread that draws a text would find out by itself, for seconds.
st.characters(codec="utf-8").validate()


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Leaves out what a made-up value can't be right for, whatever its form."""
    schemas = raw_schema["components"]["schemas"]
    for model, properties in _CHOICES.items():
        for name, values in properties.items():
            schemas[model]["properties"][name]["enum"] = values
    for model, names in _LEFT_OUT.items():
        for name in names:
            del schemas[model]["properties"][name]
    uploaded, *sent = (
        form
        for path in (_UPLOAD, _SEND_MEDIA)
        for form in _forms_in(raw_schema["paths"][path]["post"]["requestBody"]["content"][_FORM]["schema"])
    )
    for form in (uploaded, *sent):
        # Bytes have no length as a text, which they are taken for here.
        del form["properties"]["file"]["minLength"]
    for form in sent:
        for name in _LEFT_OUT["SendMessageRequest"]:
            del form["properties"][name]
    created = schemas["CreateSessionRequest"]
    created["properties"]["start"] = {"const": False}
    created["required"] = [*created.get("required", []), "start"]
    bulk = raw_schema["paths"][_BULK]["post"]["requestBody"]["content"]["application/json"]
    bulk["example"] = {"messages": [_MESSAGE, {**_MESSAGE, "session_id": _NO_SESSION}]}
    _quicken(raw_schema)


def _forms_in(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return schema.get("oneOf", [schema])


def _quicken(schema: Any) -> None:
    """Leaves the longest names and texts to other tests.

    Names are drawn character by character from what is about the pattern's class, and thrown away where one isn't of
    it: of 240 one nearly always is, and to find none takes longer than everything else together. A text's limit becomes
    a part of its pattern: to compile one that counts to 65,536 takes seconds, and that for each schema around it.
    """
    if isinstance(schema, dict):
        pattern = schema.get("pattern")
        long_text = pattern == forms.NOT_BLANK["pattern"] and schema.get("maxLength", 0) > _LONG_TEXT
        if pattern in _DRAWN_FROM_CLASSES or long_text:
            schema.pop("maxLength", None)
        for value in schema.values():
            _quicken(value)
    elif isinstance(schema, list):
        for value in schema:
            _quicken(value)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Gives each request a key of its own, and keeps the linked session."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 255 and key.isascii() and key.isprintable():
        # One that came with another request is refused before anything is looked at.
        case.headers["Idempotency-Key"] = f"{next(_keys)}-{key}"[:255]
    path = case.operation.path
    ends = path.endswith(_NOT_THE_LINKED) or (case.method == "DELETE" and path.endswith("/{session_id}"))
    if ends and "session_id" in (case.path_parameters or {}) and case.path_parameters["session_id"] == "support":
        case.path_parameters["session_id"] = "spare"
    _spare_others(case)
    if path == _EVENTS and case.headers is not None:
        # The stream ends with its reader, which this isn't.
        case.headers["Accept"] = "application/json"
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        # Opaque: one that isn't of the page before is refused. Of events it is a cursor, by another name.
        (case.query or {}).pop("page_token", None)
        if case.media_type == _FORM and isinstance(case.body, dict):
            _fill_form(case)
        _spare_processes(case)


def _spare_others(case: Any) -> None:
    """Keeps the users and the keys of the other roles as they are: what one request has told, the next ones name."""
    if case.method == "GET":
        return
    for name, instead in fuzz_roles.spared().items():
        named = (case.path_parameters or {}).get(name)
        if named in instead:
            case.path_parameters[name] = instead[named]


def _fill_form(case: Any) -> None:
    """Makes a form right whose parts are: what is said twice, and files that are what they are said to be."""
    if case.operation.path == _UPLOAD:
        for name in ("filename", "kind"):
            (case.query or {}).pop(name, None)
    kind = case.body.get("type") or case.body.get("kind")
    # The others are no such files, and that is told.
    is_right = kind in _FILES and next(_dear[kind]) < _DEAR
    case.body = {**case.body, "file": f"{_A_FILE}{kind if is_right else 'document'}"}


_, _serialize_form = REQUESTS_TRANSPORT.get_first_matching_media_type(_FORM)


@REQUESTS_TRANSPORT.serializer(_FORM)
def _serialize_with_file(context: Any, value: Any) -> Any:
    """Puts the file where the form names it. With its bytes before, the form would count as wrong, whatever it is."""
    file = value.get("file") if isinstance(value, dict) else None
    if isinstance(file, str) and file.startswith(_A_FILE):
        value = {**value, "file": Binary(_file(file.removeprefix(_A_FILE)))}
    return _serialize_form(context, value)


@cache
def _file(kind: str) -> bytes:
    """A file of this kind."""
    with TemporaryDirectory() as home:
        match kind:
            case "image":
                return media_files.picture()
            case "sticker":
                return media_files.picture("WEBP", (512, 512))
            case "video":
                return media_files.film(Path(home) / "film.mp4", "libx264", 1.0).read_bytes()
            case "audio":
                return media_files.sound(Path(home) / "sound.mp3", seconds=1.0).read_bytes()
            case _:
                return b"Anything is a document."


def _spare_processes(case: Any) -> None:
    """Lets a few of the good requests have a process of their own; the others ask for what isn't there.

    What the gateway looks into a file with, and a browser, each cost more than hundreds of requests. All forms are
    looked at before; only what comes after them is left to those few, and to tests of their own.
    """
    for start in _STARTS:
        if case.path.endswith(start) and case.method == "POST" and next(_dear[start]) >= _DEAR:
            case.path_parameters["session_id"] = _NO_SESSION
    for kind in _FILES:
        file = case.body.get(kind) if isinstance(case.body, dict) else None
        if isinstance(file, dict) and isinstance(file.get("base64"), str) and next(_dear[kind]) >= _DEAR:
            del file["base64"]
            file["id"] = _NO_MEDIA
