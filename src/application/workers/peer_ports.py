"""Ports of a session's page, asked of the gateway that has it open: each method is a call between peers (ADR 16)."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Final, get_type_hints

from application.workers.peer_calls import Handler, Json
from application.workers.peer_codec import read, write

type Ask = Callable[[str, Json, timedelta], Awaitable[Json]]
"""Makes a call: its name, its arguments, how long it may take."""
type Find = Callable[[Json], Awaitable[object]]
"""The object that a call is meant for."""

ORDINARY: Final = timedelta(seconds=30)
"""How long a call may take that nothing else is said of: longer than its own deadlines at the other gateway."""


def remote(port: type[Any], topic: str, ask: Ask, within: Mapping[str, timedelta]) -> Any:
    """An object of a port whose methods are done elsewhere, raising what they raise there.

    Args:
        port: a Protocol of coroutine methods, and of properties that are such ports in turn.
        topic: what the calls' names begin with.
        ask: makes a call.
        within: how long methods may take, by the calls' names; else ``ORDINARY``.
    """
    members: dict[str, Any] = {}
    for name, member in _members(port):
        call = f"{topic}.{name}"
        if isinstance(member, property):
            members[name] = remote(_hints(member.fget)["return"], call, ask, within)
        else:
            members[name] = _asking(member, call, ask, within.get(call, ORDINARY))
    return type(f"Remote{port.__name__}", (port,), members)()


def handlers(port: type[Any], topic: str, find: Find) -> Mapping[str, Handler]:
    """Does here what ``remote`` asks for elsewhere."""
    done: dict[str, Handler] = {}
    for name, member in _members(port):
        call = f"{topic}.{name}"
        if isinstance(member, property):
            done |= handlers(_hints(member.fget)["return"], call, _part(find, name))
        else:
            done[call] = _doing(member, name, find)
    return done


def _members(port: type[Any]) -> list[tuple[str, Any]]:
    return [(name, inspect.getattr_static(port, name)) for name in sorted(port.__abstractmethods__)]


# A method is asked for its types once: that takes longer than the rest.
@cache
def _hints(method: Callable[..., Any]) -> Mapping[str, Any]:
    return get_type_hints(method)


@cache
def _signature(method: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(method)


def _part(find: Find, name: str) -> Find:
    async def found(asked: Json) -> object:
        return getattr(await find(asked), name)

    return found


def _asking(method: Callable[..., Any], call: str, ask: Ask, within: timedelta) -> Callable[..., Awaitable[Any]]:
    signature, hints = _signature(method), _hints(method)

    async def asking(self: object, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        arguments = {name: write(value, hints[name]) for name, value in given.arguments.items() if name in hints}
        answer = await ask(call, {"arguments": arguments}, within)
        return read(answer["value"], hints["return"])

    return asking


def _doing(method: Callable[..., Any], name: str, find: Find) -> Handler:
    hints = _hints(method)

    async def doing(asked: Json) -> Json:
        arguments = {each: read(value, hints[each]) for each, value in asked["arguments"].items()}
        value = await getattr(await find(asked), name)(**arguments)
        return {"value": write(value, hints["return"])}

    return doing
