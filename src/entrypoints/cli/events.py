"""`pombo events`: reads the event log, and follows it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

from rich.markup import escape

from domain.errors import PomboError
from entrypoints.cli.client import GatewayClient, Json
from entrypoints.cli.console import UNREACHABLE

_PAGE: Final = "500"
_RETRY_SECONDS: Final = 2.0
_TEXT_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events to read."""

    session: str | None = None
    types: str | None = None

    def params(self) -> dict[str, str]:
        """The query's parameters."""
        return {name: value for name, value in (("session_id", self.session), ("types", self.types)) if value}


async def read(client: GatewayClient, selection: Selection, *, after: str) -> AsyncGenerator[Json]:
    """The events behind a cursor, until the log ends."""
    while True:
        page = await client.call("GET", "/events", params=selection.params() | {"after": after, "page_size": _PAGE})
        for event in page["items"]:
            yield event
        if not page["items"] or not page.get("next_page_token"):
            return
        after = str(page["next_page_token"])


async def follow(
    client: GatewayClient, selection: Selection, *, after: str | None, on_lost: Callable[[PomboError], None]
) -> AsyncGenerator[Json]:
    """The events behind a cursor (None: those that come from now on), and then what comes, for ever.

    A lost gateway is looked for again, and the stream goes on where it stopped. ``on_lost`` is told of it.
    """
    connected = False
    while True:
        try:
            async with client.stream(params=selection.params(), after=after) as stream:
                connected = True
                async for event in stream:
                    after = event.id or after
                    yield event.data
        except PomboError as error:
            if error.reason != UNREACHABLE or not connected:
                raise
            on_lost(error)
        await asyncio.sleep(_RETRY_SECONDS)


def line(event: Json) -> str:
    """An event in one line of rich markup."""
    when = str(event["time"])[:19].replace("T", " ")
    head = f"[dim]{event['sequence']:>6} {when}[/dim] [bold]{event['type']:<20}[/bold] {event['session_id']}"
    return f"{head}  {escape(_summary(event['payload']))}"


def _summary(payload: Json) -> str:
    message = payload.get("message")
    if isinstance(message, dict):
        arrow, other = ("<-", message["from"]) if message["direction"] == "inbound" else ("->", message["to"])
        kind = message["type"]
        text = str(message["text"]["body"]) if kind == "text" else f"[{kind}]"
        return f"{arrow} {other} {message['status']}  {_shorten(text)}"
    parts = (payload.get(name) for name in ("status", "status_reason", "status_detail", "message_id", "expires_at"))
    return " ".join(str(part) for part in parts if part)


def _shorten(text: str) -> str:
    line_ = " ".join(text.split())
    return line_ if len(line_) <= _TEXT_SHOWN else line_[: _TEXT_SHOWN - 1] + "…"
