"""What the server refuses before the application hears of it tells browsers what all other answers do."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from entrypoints.rest.security_headers import security_headers
from entrypoints.rest.server import RestServer
from entrypoints.server_tls import ServerTls
from entrypoints.tls_files import TlsFiles
from tests.certificates import Authority
from tests.unit.rest.gateway import KEY, Gateway

OPENING = (
    f"GET /api/v1/events/ws HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
)
REFUSED = {
    "no HTTP": b"nonsense\r\n\r\n",
    "a head too large": b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000,
    "no opening of a WebSocket": f"{OPENING}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n".encode(),
    "another version of WebSockets": f"{OPENING}Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: x\r\n\r\n".encode(),
}


@pytest.mark.parametrize("over_tls", [False, True])
@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED.keys())
async def test_it_has_the_headers_of_all_answers(gateway: Gateway, tmp_path: Path, said: bytes, over_tls: bool) -> None:
    authority = Authority(tmp_path)
    made = authority.make("gateway")
    tls = ServerTls(TlsFiles(cert=made.cert, key=made.key)) if over_tls else None
    server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1), tls=tls)
    await server.start()
    context = ssl.create_default_context(cafile=authority.file) if over_tls else None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        writer.write(said)
        async with asyncio.timeout(10):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        writer.close()
    finally:
        await server.stop()
    assert head.startswith("http/1.1 4")
    for name, value in security_headers(over_tls=over_tls):
        assert head.count(f"\r\n{name}: {value.lower()}\r\n") == 1, name
    assert ("strict-transport-security" in head) is over_tls
