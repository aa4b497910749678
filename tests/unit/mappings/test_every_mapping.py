"""No mapping without a property: each function that turns one form of something into another is run by a test of these.

What is a mapping is found by looking into the modules; what runs it, by running: the properties of this directory, and
of the modules named below, with a few examples each. A new mapping that none of them reaches fails here.
"""

import importlib
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TypeAliasType, get_args, get_type_hints

from asyncpg import Record
from google.protobuf.message import Message
from hypothesis import Phase, given, is_hypothesis_test, settings
from pydantic import BaseModel

SOURCE: Final = Path(__file__).parents[3] / "src"
HERE: Final = Path(__file__).parent
MAPPERS: Final = (
    "application/representation/*.py",
    "application/webhooks/envelope.py",
    "application/webhooks/representation.py",
    "application/workers/peer_codec.py",
    "adapters/playwright/changes.py",
    "adapters/playwright/contents.py",
    "adapters/playwright/*decoder.py",
    "adapters/playwright/fields.py",
    "adapters/playwright/media_contents.py",
    "adapters/playwright/more_contents.py",
    "adapters/playwright/operations.py",
    "adapters/postgres/message_rows.py",
    "entrypoints/grpc/converters/*.py",
    "entrypoints/rest/send_*.py",
    "entrypoints/rest/multipart.py",
)
"""Modules that do little else: every function in them is a mapping."""
OTHERS: Final = ("application/**/*.py", "adapters/**/*.py", "entrypoints/rest/**/*.py", "entrypoints/grpc/*.py")
"""Modules that do something else, too: those of their functions are mappings that take or give what a transport or the
database has, and those whose names say so."""
NAMED: Final = re.compile(
    r"_?(read|write)(_error|_label|_code|_token)?|_?token|(_?\w+_)?(to|from)_(dict|proto)|_?(\w+_)?values|_json_of|_record_of"
    r"|_?(answer|claimed|delivery|letter|lease|media|person|receipt|session)|to_(endpoint|event|message\w*|media)"
    r"|_(change|command|criteria|entry|result|selection|time|update)"
)
FOREIGN: Final = (Message, BaseModel, Record)
"""What a transport or the database has: protobuf's messages, the models of JSON, rows."""
MORE: Final = (
    "tests.unit.application.test_representation",
    "tests.unit.grpc.test_converters",
    "tests.unit.playwright_adapter.test_decoder",
    "tests.unit.playwright_adapter.test_media_contents",
    "tests.unit.rest.test_contents",
)
"""Where else there are properties of mappings."""
ELSEWHERE: Final = {
    "adapters.http.media_fetcher._read": "reads a stream",
    "adapters.memory": "keeps the values themselves",
    "adapters.playwright.browser_image.read": "files of a running browser: tests/integration/driver/test_snapshots.py",
    "adapters.playwright.freeze._read": "reads a file of the kernel's",
    "adapters.playwright.group_page._read": "a reader's refusal, as an error: tests/contracts/group_page.py",
    "adapters.playwright.people_pages._read": "the same: tests/contracts/people_pages.py",
    "adapters.playwright.profile_image": "files: tests/unit/playwright_adapter/test_profile_image.py",
    "adapters.playwright.processes._command": "reads a file of the kernel's",
    "adapters.playwright.watchdog_process._read": "reads a file of the kernel's",
    "adapters.playwright.media_contents.readers": "runs when its module is imported",
    "adapters.postgres.session_repository._only": "chooses a row, and changes nothing of it",
    "adapters.postgres.webhook_repository._only": "the same",
    "adapters.workshop": "files: tests/unit/media_adapters",
    "application.chats.fetch_history._write": "ids, which are looked up again: tests/unit/rest/test_people_keys.py",
    "application.representation.message_events._of_a_message": "runs when its module is imported",
    "application.representation.session_events._of_a_code": "runs when its module is imported",
    "application.workers.peer_codec._make_converter": "runs when its module is imported",
    "entrypoints.grpc.converters.message_events._of_a_message": "runs when its module is imported",
    "application.workers.webhook_lane._delivery": "makes one, of no other form",
    "entrypoints.rest.routes.linking._answer": "an answer with a picture: tests/unit/rest/test_linking.py",
    "entrypoints.rest.routes.sessions._answer": "a function of two that are mappings",
    "entrypoints.grpc.message_operations._answer": "a function of one that is a mapping",
}
"""What is named like a mapping, and why no property runs it."""
COMPREHENSIONS: Final = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")


def modules(*patterns: str) -> Iterator[ModuleType]:
    for pattern in patterns:
        for path in sorted(SOURCE.glob(pattern)):
            if path.name not in {"__init__.py", "__main__.py"}:
                yield importlib.import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))


def own_functions(module: ModuleType) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if isinstance(value, FunctionType) and value.__code__.co_filename == module.__file__:
            yield value


def is_foreign(function: FunctionType) -> bool:
    """Whether something that it takes or gives is of a form that isn't ours."""
    return any(
        isinstance(form, type) and issubclass(form, FOREIGN)
        for hint in get_type_hints(function).values()
        for form in forms_in(hint)
    )


def forms_in(hint: Any) -> Iterator[Any]:
    """The types that a hint is made of."""
    inner = (hint.__value__,) if isinstance(hint, TypeAliasType) else get_args(hint)
    if not inner:
        yield hint
    for each in inner:
        yield from forms_in(each)


def codes(code: CodeType) -> Iterator[CodeType]:
    """A function's own, and those of the functions in it; one that makes another runs when its module is imported."""
    made = [each for each in code.co_consts if isinstance(each, CodeType) and each.co_name not in COMPREHENSIONS]
    if not any(each.co_name != "<lambda>" for each in made):
        yield code
    for inner in made:
        yield from codes(inner)


def mappings() -> dict[CodeType, str]:
    found: dict[CodeType, str] = {}
    whole = {module.__name__ for module in modules(*MAPPERS)}
    for module in modules(*MAPPERS, *OTHERS):
        for function in own_functions(module):
            name = f"{module.__name__}.{function.__qualname__}"
            if module.__name__ not in whole and not NAMED.fullmatch(function.__name__) and not is_foreign(function):
                continue
            if not any(name == left or name.startswith(f"{left}.") for left in ELSEWHERE):
                found |= {code: f"{module.__name__}.{code.co_qualname}" for code in codes(function.__code__)}
    return found


def properties() -> Iterator[Callable[[], None]]:
    """All properties, each with each of its parameters; those that draw much at random once more with more examples."""
    names = [f"tests.unit.mappings.{path.stem}" for path in sorted(HERE.glob("test_*.py")) if path != Path(__file__)]
    yield from properties_of(*names, *MORE, few=2, many=20)
    # In the order of what the seldom mappings cost to reach: nothing is run any more once all have been.
    yield from properties_of("tests.unit.mappings.test_representation", few=20, many=20)
    yield from properties_of("tests.unit.playwright_adapter.test_media_contents", few=60, many=100)
    yield from properties_of("tests.unit.mappings.test_page", *MORE, few=60, many=100)


def properties_of(*names: str, few: int, many: int) -> Iterator[Callable[[], None]]:
    for name in names:
        for test in vars(importlib.import_module(name)).values():
            if is_hypothesis_test(test) and test.__module__ == name:
                marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
                for chosen in itertools.product(*(list(mark.args[1]) for mark in marks)):
                    parameters = dict(zip((mark.args[0] for mark in marks), chosen, strict=True))
                    # What has no parameter draws among the kinds by itself.
                    yield running(test, parameters, examples=few if parameters else many)


def running(test: Any, parameters: dict[str, Any], *, examples: int) -> Callable[[], None]:
    again = given(**test.hypothesis._given_kwargs)(test.hypothesis.inner_test)
    how = settings(
        max_examples=examples,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
    )
    return lambda: how(again)(**parameters)


def test_every_mapping_has_a_property() -> None:
    known = mappings()
    missing = set(known)
    monitoring = sys.monitoring
    tool = next(each for each in range(6) if monitoring.get_tool(each) is None)
    monitoring.use_tool_id(tool, "mappings")

    def entered(code: CodeType, _: int) -> Any:
        missing.discard(code)
        return monitoring.DISABLE

    try:
        monitoring.register_callback(tool, monitoring.events.PY_START, entered)
        for code in known:
            monitoring.set_local_events(tool, code, monitoring.events.PY_START)
        for run in properties():
            if not missing:
                break
            run()
    finally:
        for code in known:
            monitoring.set_local_events(tool, code, 0)
        monitoring.register_callback(tool, monitoring.events.PY_START, None)
        monitoring.free_tool_id(tool)
    assert not missing, "no property runs " + ", ".join(sorted(known[code] for code in missing))
    assert len(known) > 400


def test_what_is_left_out_is_there() -> None:
    for name, why in ELSEWHERE.items():
        assert all((SOURCE.parent / path).exists() for path in re.findall(r"tests/\S+", why)), why
        parts = name.split(".")
        place = next(
            place
            for place in range(len(parts), 0, -1)
            if (SOURCE / Path(*parts[:place])).exists() or (SOURCE / Path(*parts[:place])).with_suffix(".py").exists()
        )
        found: Any = importlib.import_module(".".join(parts[:place]))
        for part in parts[place:]:
            found = inspect.getattr_static(found, part)
