"""Every kind of content, and all that is done, goes through chaos and simulation, or has a reason why not."""

import inspect
import random
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_args, get_type_hints

from application.messages.message_commands import MessageCommands
from application.representation.content import CONTENT_FORMS, content_type
from domain.content import Text
from domain.media import MediaKind
from domain.operations import Operation
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2
from entrypoints.use_cases import UseCases
from tests.chaos import clients, ledger, operations
from tests.simulation import actors, contents, files
from tests.simulation.actors import operators

_NOBODY_SENDS: Final = {
    "interactive_reply": "only people choose on their phones, and the libraries of the page can't send it",
    "group_notice": "WhatsApp writes it; the changes that it tells of are judged",
    "unsupported": "what the gateway doesn't know, nobody sends",
}
_NOT_IN_CHAOS: Final = {
    "SendMessages": "it is many of SendMessage at once: the simulation sends them",
    "CancelMessage": "it ends what hasn't left yet, as little does in a chaos: the simulation cancels",
}
_OF_ITS_KIND: Final = "asked of the page as its neighbours are, and said by nothing that the simulated world counts"
_NO_MESSAGES: Final = "it is about the gateway's own sessions and endpoints, not about what is sent or done"
_NOT_SIMULATED: Final = {
    **dict.fromkeys(
        (
            "clear_chat",
            "delete_chat",
            "fetch_history",
            "set_group_picture",
            "leave_group",
            "revoke_invite_code",
            "join_group",
            "reject_call",
        ),
        _OF_ITS_KIND,
    ),
    **dict.fromkeys(
        ("set_presence", "set_activity", "subscribe_presence", "unsubscribe_presence"),
        "it says how things are now, and is forgotten with the page",
    ),
    **dict.fromkeys(
        (
            "create_session",
            "update_session",
            "delete_session",
            "take_over_session",
            "logout_session",
            "refresh_qr",
            "request_pairing_code",
            "create_webhook",
            "update_webhook",
            "delete_webhook",
            "rotate_webhook_secret",
            "post_test_event",
            "redeliver_event",
            "replay_events",
        ),
        _NO_MESSAGES,
    ),
}


def _all(names: set[str], but: Mapping[str, str]) -> list[str]:
    """What is mixed and what has a reason, once each."""
    assert not names & set(but), "it is mixed: its reason is none any more"
    return sorted([*names, *but])


def test_every_content_is_in_the_chaos() -> None:
    mixed = {kind.type for kind in ledger.Kind} | ledger.OPERATIONS
    assert _all(mixed, _NOBODY_SENDS) == sorted(form.name for form in CONTENT_FORMS)


def test_every_content_is_in_the_simulation() -> None:
    chance = random.Random(1)  # noqa: S311 - many draws
    drawn = {content_type(contents.other_than_text(chance, "words")) for _ in range(500)}
    files_sent = {kind.value for kind in files.KINDS}
    wordless = {content_type(contents.wordless(number)) for number in range(len(files.SOUNDS))}
    kinds = {form.kind: form.name for form in CONTENT_FORMS}
    done = {kinds[kind] for kind in get_args(Operation) if f"{kind.__name__}(" in inspect.getsource(operators)}
    mixed = drawn | files_sent | wordless | done | {content_type(Text(body="words"))}
    assert _all(mixed, _NOBODY_SENDS) == sorted(form.name for form in CONTENT_FORMS)
    assert files_sent | wordless == set(MediaKind)
    assert {files.sound_form(number) for number in range(len(files.SOUNDS))} >= {"sound", "voice"}


def test_everything_that_is_done_to_messages_is_in_the_chaos() -> None:
    service = message_service_pb2.DESCRIPTOR.services_by_name["MessageService"]
    changing = [
        method.name
        for method in service.methods
        if method.GetOptions().idempotency_level != method.GetOptions().NO_SIDE_EFFECTS
    ]
    asked = {name for name in changing if _says(f".{name}(", clients, operations)}
    assert _all(asked, _NOT_IN_CHAOS) == sorted(changing)
    assert set(operations._REST) == set(ledger.Doing)


def test_everything_that_has_a_key_is_in_the_simulation() -> None:
    keyed = {name for name, kind in get_type_hints(UseCases).items() if _has_a_key(kind)}
    sources = "".join(path.read_text() for path in Path(actors.__path__[0]).glob("*.py"))
    asked = {name for name in keyed if f"use_cases.{name}" in sources or f'"{name}"' in sources}
    assert _all(asked, _NOT_SIMULATED) == sorted(keyed)
    commands = [name for name, _ in inspect.getmembers(MessageCommands, inspect.isfunction)]
    assert {name for name in commands if f".{name}(" not in sources and not name.startswith("_")} == set()


def _says(words: str, *modules: ModuleType) -> bool:
    return any(words in inspect.getsource(module) for module in modules)


def _has_a_key(kind: Any) -> bool:
    """Whether something of a use case takes a key, beside what it takes or in it."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if name.startswith("_"):
            continue
        given = get_type_hints(method).values()
        if "request" in inspect.signature(method).parameters or any(_holds_a_key(each) for each in given):
            return True
    return False


def _holds_a_key(kind: Any) -> bool:
    return "request" in getattr(kind, "__dataclass_fields__", {})
