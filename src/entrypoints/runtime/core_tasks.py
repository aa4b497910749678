"""The tasks without which the gateway is none."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import structlog

from domain.errors import InternalError

_log: Final = structlog.stdlib.get_logger(__name__)


class CoreTasks:
    """Runs them for the time of a context; when one ends of its own accord, the gateway must end."""

    def __init__(self, tasks: Mapping[str, asyncio.Task[None]]) -> None:
        self._tasks = tasks

    @classmethod
    @asynccontextmanager
    async def running(cls, work: Mapping[str, Coroutine[Any, Any, None]]) -> AsyncIterator[Self]:
        """Starts them; on leaving, cancels them and waits for their end."""
        tasks = {name: asyncio.create_task(coroutine, name=name) for name, coroutine in work.items()}
        try:
            yield cls(tasks)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.wait(tasks.values())
            for name, task in tasks.items():
                if not task.cancelled() and (error := task.exception()) is not None:
                    _log.error("core_task_failed", task=name, exc_info=error)

    async def until(self, stop: asyncio.Event) -> None:
        """Waits until the gateway is told to stop.

        Raises:
            InternalError: ``CORE_TASK_ENDED``: a task ended before that.
        """
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if stop.is_set():
            return
        for name, task in self._tasks.items():
            if task.done():
                error = None if task.cancelled() else task.exception()
                raise InternalError(
                    "CORE_TASK_ENDED",
                    f"The gateway stops: its {name} has ended ({_describe(error)}). The log has the details.",
                ) from error


def _describe(error: BaseException | None) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return "without an error" if error is None else f"{type(error).__name__}: {error}"
