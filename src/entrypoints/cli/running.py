"""What commands have in common: how the gateway is reached, and how they are run."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

import typer
import uvloop

from domain.errors import PomboError
from entrypoints.cli.client import GatewayClient, Target
from entrypoints.cli.program import all_loaded

Url = Annotated[
    str | None, typer.Option("--url", envvar="POMBO_URL", help="The gateway's address; http://127.0.0.1:$PORT.")
]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", help="The API key. Better give it in API_KEY: options show in the process list."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the gateway's own JSON, one object per line.")]


def with_client(url: str | None, api_key: str | None, use: Callable[[GatewayClient], Awaitable[None]]) -> None:
    """Does something with the gateway that the options, or the settings, name."""

    async def connected() -> None:
        async with GatewayClient.open(Target.choose(url, api_key)) as client:
            await use(client)

    run_async(connected())


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Runs a command's coroutine; a group of errors counts as its first."""
    all_loaded()
    try:
        asyncio.run(work, loop_factory=uvloop.new_event_loop)
    except* PomboError as group:
        raise first_of(group) from None


def first_of(group: BaseExceptionGroup[PomboError]) -> PomboError:
    """A group's first error, however deep it is."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, PomboError):
        raise error
    return error
