"""An event loop in virtual time, on which the same seed gives the same run."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any, Final, Protocol, override


class Mortal(Protocol):
    """Whatever callbacks belong to. When it is dead they are dropped; while it is stopped they wait in ``held``."""

    alive: bool
    stopped: bool
    held: list[asyncio.Handle]


OWNER: Final[ContextVar[Mortal | None]] = ContextVar("OWNER", default=None)
"""The simulated process that the running code belongs to; None is the world outside."""


class StuckError(AssertionError):
    """Nothing is ready and nothing will be, or it never ends."""


class _Future(asyncio.Future[Any]):
    """A future whose place in a set doesn't depend on its address."""

    def __init__(self, *, loop: "VirtualLoop") -> None:
        self.serial = loop.next_serial()
        super().__init__(loop=loop)

    @override
    def __hash__(self) -> int:
        return self.serial


class _Task(asyncio.Task[Any]):
    """A task whose place in a set doesn't depend on its address: asyncio keeps tasks in sets."""

    def __init__(self, coro: Coroutine[Any, Any, Any], *, loop: "VirtualLoop", **options: Any) -> None:
        self.serial = loop.next_serial()
        super().__init__(coro, loop=loop, **options)
        loop.tasks.append(self)

    @override
    def __hash__(self) -> int:
        return self.serial


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in asyncio's order. When none is ready, the time of the next timer has come.

    Callbacks of a process that is dead never run: so it has no effect any more, whatever it was about to do.

    Args:
        on_step: called after each callback.
        step_limit: more callbacks than this are taken for a livelock.
    """

    def __init__(self, on_step: Callable[[], None], *, step_limit: int) -> None:
        super().__init__()
        self.moment = 0.0
        """Now, in seconds."""
        self._serials = itertools.count(1)
        self._on_step = on_step
        self._step_limit = step_limit
        self.steps = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.errors: list[str] = []
        self.set_task_factory(self._make_task)
        self.set_exception_handler(lambda _, context: self.errors.append(str(context.get("exception", context))))

    get_debug = staticmethod(bool)  # type: ignore[assignment] # False; asyncio asks for each future

    def next_serial(self) -> int:
        return next(self._serials)

    @override
    def time(self) -> float:
        return self.moment

    @override
    def create_future(self) -> asyncio.Future[Any]:
        return _Future(loop=self)

    def spawn(self, coro: Coroutine[Any, Any, Any], context: Context | None = None) -> asyncio.Task[Any]:
        return self.create_task(coro, context=context)

    def resume(self, handles: list[asyncio.Handle]) -> None:
        """Lets callbacks run that had to wait, as if they were ready only now."""
        self._ready.extend(handles)
        handles.clear()

    def dispose(self) -> None:
        """Forgets what still waits, without a word."""
        for task in self.tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            if task.done() and not task.cancelled():
                task.exception()
        self._ready.clear()
        self._scheduled.clear()
        self.tasks.clear()
        self.close()

    @staticmethod
    def _make_task(loop: "VirtualLoop", coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        return _Task(coro, loop=loop, **options)

    def _run_once(self) -> None:
        """Replaces the selector's loop."""
        if not self._ready:
            self._next_moment()
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            owner = handle._context.get(OWNER)
            if owner is not None and not owner.alive:
                continue
            if owner is not None and owner.stopped:
                owner.held.append(handle)
                continue
            self.steps += 1
            handle._run()
            self._on_step()
        if self.steps > self._step_limit:
            raise StuckError(f"no end after {self.steps} steps, at {self.moment:.3f} s")

    def _next_moment(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not scheduled:
            raise StuckError(f"nothing is ready and nothing will be, at {self.moment:.3f} s")
        self.moment = max(self.moment, scheduled[0]._when)
        while scheduled and scheduled[0]._when <= self.moment:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            if not timer._cancelled:
                self._ready.append(timer)

    def _write_to_self(self) -> None:
        """There are no other threads to wake this one."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers go when their time has come."""
