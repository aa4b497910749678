"""Calls from one gateway to another, over the bus."""

import asyncio
import itertools
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from application.ports.event_bus import EventBus
from domain.errors import DeadlineExceededError, InternalError, PomboError, error_of
from domain.lease import Owner

type Json = dict[str, Any]
type Handler = Callable[[Json], Awaitable[Json]]

_REMEMBERED: Final = 1_000
"""The bus may bring a call twice: so many of the last ones are known again."""


class PeerCalls:
    """Asks the gateway that runs a session to do something, and does what is asked of this one.

    A call is carried out at most once. One that isn't answered in time may have been carried out, or still be.

    Args:
        bus: what carries calls and answers. Both may be lost.
        owner: this gateway's present life.
    """

    def __init__(self, bus: EventBus, owner: Owner) -> None:
        self._bus = bus
        self._life = owner.life
        self._numbers = itertools.count(1)
        self._known: OrderedDict[str, None] = OrderedDict()

    async def call(self, owner: Owner, method: str, arguments: Json, *, within: timedelta) -> Json:
        """Has another gateway do something.

        Raises:
            DeadlineExceededError: ``OWNER_SILENT``: whether it has done it, or will, isn't known.
            PomboError: what it answered.
        """
        call_id = f"{self._life}-{next(self._numbers)}"
        async with self._bus.subscribe(_answers(call_id)) as answers:
            await self._bus.publish(
                _calls(owner.life), json.dumps({"id": call_id, "method": method, "arguments": arguments})
            )
            try:
                async with asyncio.timeout(within.total_seconds()):
                    while (answer := _read(await anext(answers), "result", "error")) is None:
                        pass  # not one of ours
            except TimeoutError:
                raise DeadlineExceededError(
                    "OWNER_SILENT",
                    f"The gateway that runs the session ({owner.node}) hasn't answered in time; it may do it still.",
                    metadata={"node": owner.node},
                ) from None
        if answer["error"] is not None:
            raise _read_error(answer["error"])
        result: Json = answer["result"]
        return result

    async def serve(self, handlers: Mapping[str, Handler], on_fault: Callable[[BaseException], None]) -> None:
        """Does what others ask for, until cancelled; what is under way then isn't answered."""
        async with asyncio.TaskGroup() as tasks, self._bus.subscribe(_calls(self._life)) as calls:
            async for text in calls:
                call = _read(text, "id", "method", "arguments")
                if call is not None and call["id"] not in self._known:
                    self._remember(call["id"])
                    tasks.create_task(self._answer(call, handlers, on_fault))

    async def _answer(
        self, call: Json, handlers: Mapping[str, Handler], on_fault: Callable[[BaseException], None]
    ) -> None:
        answer: Json
        try:
            handler = handlers.get(call["method"])
            if handler is None:
                raise InternalError("INTERNAL", "The other gateway's version doesn't know this call.")
            answer = {"result": await handler(call["arguments"]), "error": None}
        except PomboError as error:
            answer = {"result": None, "error": _write_error(error)}
        except Exception as fault:  # noqa: BLE001 - whatever it is, its caller is told, and this gateway goes on
            on_fault(fault)
            answer = {
                "result": None,
                "error": _write_error(InternalError("INTERNAL", "A fault of the other gateway's; see its log.")),
            }
        await self._bus.publish(_answers(call["id"]), json.dumps(answer))

    def _remember(self, call_id: str) -> None:
        self._known[call_id] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _read(text: str, *fields: str) -> Json | None:
    """What came over the bus; None where it can't be ours: others may write there, too."""
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) and all(field in read for field in fields) else None


def _calls(life: str) -> str:
    return f"peer-calls:{life}"


def _answers(call_id: str) -> str:
    return f"peer-answers:{call_id}"


def _write_error(error: PomboError) -> Json:
    return {
        "kind": error.kind.value,
        "reason": error.reason,
        "message": error.message,
        "field": error.field,
        "metadata": dict(error.metadata),
        "retry_after": None if error.retry_after is None else error.retry_after.total_seconds(),
    }


def _read_error(told: Json) -> PomboError:
    error = error_of(told["kind"], told["reason"], told["message"], field=told["field"], metadata=told["metadata"])
    if told["retry_after"] is not None:
        error.retry_after = timedelta(seconds=told["retry_after"])
    return error
