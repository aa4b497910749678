"""A reader of server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp


class Sent(NamedTuple):
    id: str  # empty in what isn't an event of the log
    event: str
    data: dict[str, Any]


async def blocks(answer: aiohttp.ClientResponse) -> AsyncIterator[list[str]]:
    """The stream's blocks of lines, comments included."""
    lines: list[str] = []
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if line:
            lines.append(line)
        else:
            yield lines
            lines = []


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[Sent]:
    async for block in blocks(answer):
        fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
        if "data" in fields:
            yield Sent(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
