"""Values of any of the domain's types, from their declarations: a new kind, or a new field, is covered by itself."""

import string
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from domain import ids
from domain.call import Call
from domain.chat import Chat
from domain.contact import Contact, Name
from domain.contact_content import CardAddress, CardEntry, CardPhone, ContactCard, Contacts
from domain.content import Unsupported
from domain.event import Event
from domain.interactive_content import Choice, ReplyButtons
from domain.jid import Jid, Server
from domain.media_content import Audio, MediaReference
from domain.message import Message
from domain.message_state import NOTHING_DONE
from domain.operations import PIN_DURATIONS, Pin
from domain.presence import Presence
from domain.proxy import Proxy, ProxyPassword
from domain.quiet_hours import QuietHours

_MIDNIGHT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_USERS: Final = st.integers(10**8, 10**14).map(str)
_CODED: Final = st.characters(exclude_categories=["Cs"])
"""What UTF-8 can carry; NUL among it."""
# An empty text is none, in many a form.
_TEXTS: Final = st.text(_CODED, min_size=1, max_size=8)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(_CODED, max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(_CODED, max_size=5), inner, max_size=2),
    max_leaves=4,
)

_UNTOUCHED: Final = st.just(NOTHING_DONE)
_UNTRACED: Final = st.none()
JIDS: Final = st.builds(Jid, user=_USERS, server=st.sampled_from([Server.USER, Server.LID, Server.GROUP]))
TIMES: Final = st.integers(0, 10**9).map(lambda milliseconds: _MIDNIGHT + timedelta(milliseconds=milliseconds))
SPANS: Final = st.integers(0, 10**8).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


# Each is made once: what a strategy finds out about itself, and about the types below it, would be found out anew by
# each example that draws from another that is equal.
@cache
def whole(kind: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass with all of its fields: left to itself, hypothesis leaves those that have a default."""
    names = [field.name for field in fields(kind) if field.init]
    return st.builds(kind, **dict.fromkeys(names, ...) | given)  # type: ignore[arg-type] # by name


any_of = cache(st.from_type)
"""Values of any type, from the one strategy that there is of it."""


def in_message(kind: type[Any]) -> st.SearchStrategy[Message]:
    """Messages with a content of a kind."""
    return whole(Message, content=any_of(kind), state=_UNTOUCHED, trace=_UNTRACED)


def in_event(kind: type[Any]) -> st.SearchStrategy[Event]:
    """Events with a payload of a kind."""
    return whole(Event, payload=any_of(kind))


def _register(kind: type[Any], make: Callable[[], st.SearchStrategy[Any]]) -> None:
    """Made when it is first asked for: a strategy by itself would be looked into now, when not all are registered."""
    made = cache(make)
    st.register_type_strategy(kind, lambda _: made())


@cache
def _few(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.from_type(kind), max_size=2).map(tuple)


def _register_all() -> None:
    source = Path(__file__).parents[3] / "src"
    for package in ("domain", "application/ports"):
        for path in sorted((source / package).glob("*.py")):
            module = import_module(f"{package.replace('/', '.')}.{path.stem}".removesuffix(".__init__"))
            for kind in vars(module).values():
                if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__:
                    # A strategy by itself would be looked into now, when not all are registered.
                    st.register_type_strategy(kind, whole)


_register_all()
st.register_type_strategy(Jid, JIDS)
# By the minute, and of zones that there are.
_HOURS: Final = st.builds(time, st.integers(0, 23), st.integers(0, 59))
st.register_type_strategy(
    QuietHours, st.builds(QuietHours, start=_HOURS, end=_HOURS, time_zone=st.sampled_from(["UTC", "Europe/Lisbon"]))
)
_HOSTS: Final = st.sampled_from(["proxy.example", "203.0.113.7", "2001:db8::7"])
_PORTS: Final = st.integers(1, 65_535)
_PASSWORDS: Final = st.none() | st.builds(ProxyPassword, _TEXTS)
_register(Proxy, lambda: whole(Proxy, host=_HOSTS, port=_PORTS, password=_PASSWORDS))
SHOWN_PROXIES: Final = whole(Proxy, host=_HOSTS, port=_PORTS, password=st.none() | st.just(ProxyPassword()))
"""Of their passwords no more is known than that there is one, or none."""
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(timedelta, SPANS)
st.register_type_strategy(str, _TEXTS)
st.register_type_strategy(bytes, st.binary(min_size=1, max_size=8))
st.register_type_strategy(int, st.integers(0, 10**6))
st.register_type_strategy(float, st.floats(-90, 90))
for _identifier in (each for each in vars(ids).values() if hasattr(each, "__supertype__")):
    st.register_type_strategy(_identifier, _TEXTS)
_register(Unsupported, lambda: whole(Unsupported, raw=st.dictionaries(st.text(_CODED, max_size=5), _JSON)))
_register(Pin, lambda: whole(Pin, duration=st.none() | st.sampled_from(PIN_DURATIONS)))
# What was done to a message is told beside it: tests/unit/application/test_representation.py. Its trace isn't told.
_register(Message, lambda: whole(Message, state=_UNTOUCHED, trace=_UNTRACED))
# A voice note has a waveform or none; an empty one is none.
_register(
    Audio,
    lambda: whole(Audio, waveform=st.none() | st.lists(st.integers(0, 100), min_size=1, max_size=64).map(tuple)),
)
# A button has no description.
st.register_type_strategy(
    ReplyButtons,
    st.lists(whole(Choice, description=st.none()), max_size=2).map(lambda made: ReplyButtons(buttons=tuple(made))),
)
st.register_type_strategy(
    Name,
    st.builds(Name, first=st.text(string.ascii_letters, min_size=1), last=st.text(string.ascii_letters)),
)
st.register_type_strategy(
    MediaReference,
    whole(
        MediaReference,
        mime_type=st.sampled_from(["image/jpeg", "audio/ogg; codecs=opus", "application/pdf"]),
        sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    ),
)


# Cards have lists of entries: as many as hypothesis likes to make would cost more than all the rest.
_register(
    ContactCard,
    lambda: whole(
        ContactCard,
        phones=_few(CardPhone),
        emails=_few(CardEntry),
        urls=_few(CardEntry),
        addresses=_few(CardAddress),
    ),
)
_register(Contacts, lambda: whole(Contacts, cards=_few(ContactCard)))


def _in_both_forms(kind: type[Any], of: str) -> None:
    """Whoever is told of by two addresses is told of by one of each form."""
    people = st.builds(Jid, user=_USERS, server=st.sampled_from([Server.USER, Server.LID]))

    def paired(given: tuple[Any, Jid, str, bool]) -> Any:
        value, jid, other, known = given
        server = Server.LID if jid.server is Server.USER else Server.USER
        return replace(value, **{of: jid, "alternate": Jid(user=other, server=server) if known else None})

    _register(kind, lambda: st.tuples(whole(kind), people, _USERS, st.booleans()).map(paired))


for _kind, _field in ((Call, "caller"), (Chat, "jid"), (Contact, "jid"), (Presence, "chat")):
    _in_both_forms(_kind, _field)


@cache
def changed(kind: type[Any]) -> st.SearchStrategy[tuple[Any, Any, str]]:
    """Two values of a kind that differ in one field, and which."""

    def differing(given: tuple[Any, Any, str]) -> tuple[Any, Any, str]:
        one, other, name = given
        return one, replace(one, **{name: getattr(other, name)}), name

    names = st.sampled_from([field.name for field in fields(kind)])
    return st.tuples(any_of(kind), any_of(kind), names).map(differing).filter(lambda made: made[0] != made[1])
