"""What the command line makes of a stream of server-sent events."""

import asyncio

import aiohttp
from aiohttp.base_protocol import BaseProtocol

from entrypoints.cli.client import ServerSentEvent, _parse


async def test_notices_of_the_stream_are_passed_over() -> None:
    stream = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
    stream.feed_data(
        b"retry: 1000\n: open\n\n"
        b'id: 1\nevent: message.sent\ndata: {"sequence": 1}\n\n'
        b'event: stream.lag\ndata: {"behind": 5, "head": 9}\n\n'
        b'id: 2\nevent: message.ack\ndata: {"sequence": 2}\n\n'
        b'event: stream.error\ndata: {"reason": "DATABASE_UNAVAILABLE"}\n\n'
    )
    stream.feed_eof()
    assert [event async for event in _parse(stream)] == [
        ServerSentEvent("1", {"sequence": 1}),
        ServerSentEvent("2", {"sequence": 2}),
    ]
