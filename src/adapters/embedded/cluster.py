"""The embedded PostgreSQL's files."""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.embedded.disk_space import MEBIBYTE, require_space, tells_full
from adapters.embedded.identity import Identity, Mode
from adapters.embedded.server_log import ServerLog
from adapters.embedded.supervised_server import SERVER_ENVIRONMENT, launch_command
from domain.errors import ConflictError, UnavailableError

USER: Final = "pombo"
_NEW_CLUSTER: Final = 96 * MEBIBYTE
"""A new one has 40 MiB, and its log grows at once."""
_CAUSE: Final = re.compile(r"FATAL|PANIC|ERROR|error:")


class Cluster:
    """A data directory of PostgreSQL's, made once.

    Args:
        path: the cluster's directory; its parent exists.
        programs: the directory of PostgreSQL's programs.
        log: where initdb's output goes.
    """

    def __init__(self, path: Path, programs: Path, log: ServerLog) -> None:
        self._path = path
        self._programs = programs
        self._log = log

    @property
    def path(self) -> Path:
        """The cluster's directory."""
        return self._path

    async def choose_identity(self, identities: Sequence[Identity]) -> tuple[Identity, str]:
        """The first of some identities under which PostgreSQL's program runs here, and its major version.

        Raises:
            UnavailableError: ``EMBEDDED_POSTGRES_ROOT`` or ``EMBEDDED_POSTGRES_FAILED``.
        """
        answer = ""
        for identity in identities:
            code, answer = await self._run(identity, [str(self._programs / "postgres"), "--version"])
            if code == 0:
                return identity, answer.split()[-1].partition(".")[0]
        if os.geteuid() != 0:
            raise UnavailableError(
                "EMBEDDED_POSTGRES_FAILED", f"The embedded PostgreSQL's program doesn't run here: {answer[-200:]}"
            )
        raise UnavailableError(
            "EMBEDDED_POSTGRES_ROOT",
            "PostgreSQL refuses to run as root, and neither a user namespace nor another user id is to be had here: "
            f"{answer.strip()[-200:]}. Run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.",
        )

    async def ensure(self, identity: Identity, version: str) -> None:
        """Makes the cluster where there is none, and checks that it is this version's and the server's own.

        Raises:
            ConflictError: ``EMBEDDED_POSTGRES_VERSION``.
            UnavailableError: ``EMBEDDED_POSTGRES_FAILED``, ``DISK_FULL``.
        """
        if not self._path.exists():
            await self._make(identity)
        found = (self._path / "PG_VERSION").read_text().strip()
        if found != version:
            raise ConflictError(
                "EMBEDDED_POSTGRES_VERSION",
                f"The data in {self._path} was written by PostgreSQL {found}; this version of the program brings "
                f"{version}. Dump it with the version of the program that wrote it and load it here, or move it away.",
            )
        await asyncio.to_thread(_give_to, self._path, identity)

    async def _make(self, identity: Identity) -> None:
        require_space(self._path.parent, _NEW_CLUSTER, "Or set DATABASE_URL to a PostgreSQL elsewhere.")
        # In a directory of another name, so that one whose making was killed is never taken for a cluster.
        unfinished = self._path.with_suffix(".unfinished")
        await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        # The builtin provider sorts by code point and needs no locale of the machine's. Nobody but us can enter
        # the socket's directory: there is no password to ask for.
        options = "--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --auth-host=reject"
        arguments = ["-D", str(unfinished), "-U", USER, "--auth-local=trust", "--no-instructions", *options.split()]
        code, output = await self._run(identity, [str(self._programs / "initdb"), *arguments])
        if code != 0:
            log = self._log.open()
            os.write(log, output.encode())
            os.close(log)
            if tells_full(output):
                raise UnavailableError(
                    "DISK_FULL",
                    f"The disk of {self._path.parent} is too small for a PostgreSQL's data. Free space on it, choose "
                    "another with POMBO_DATA_DIR, or set DATABASE_URL.",
                )
            # What it says last is that it tidies up.
            cause = next((line for line in output.splitlines() if _CAUSE.search(line)), self._log.last_line())
            raise UnavailableError(
                "EMBEDDED_POSTGRES_FAILED",
                f"The embedded PostgreSQL couldn't make its data: {cause[:300]} (see {self._log.path})",
            )
        unfinished.rename(self._path)
        _sync(self._path.parent)

    async def _run(self, identity: Identity, program: list[str]) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *launch_command(identity, signal.SIGKILL, program),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=SERVER_ENVIRONMENT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            # With the programs that it runs itself, which hold its output open. It may have ended just now, too.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        return process.returncode or 0, output.decode(errors="replace")


def _give_to(cluster: Path, identity: Identity) -> None:
    """Makes the files the server's own when it ran under another identity before."""
    if cluster.stat().st_uid == identity.owner:
        return
    group = identity.gid if identity.mode is Mode.DROP else os.getegid()
    for path in cluster.rglob("*"):
        os.lchown(path, identity.owner, group)
    os.lchown(cluster, identity.owner, group)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
