"""A server process that is kept running."""

import asyncio
import os
import signal
import sys
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, override

import structlog

from adapters.embedded.disk_space import MEBIBYTE, free_bytes, is_full, tells_full
from adapters.embedded.identity import Identity
from adapters.embedded.server_log import ServerLog
from application.ports.health_check import HealthCheck
from domain.errors import PomboError, UnavailableError

_log = structlog.get_logger(__name__)
_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_START_SECONDS: Final = 60.0
"""A server that was killed recovers first."""
SERVER_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of the gateway's own environment: secrets are in it."""

_POLL: Final = 0.01
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
_STEADY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = (4.0, 0.7)
"""How long the polite signal and the harder one have; then it is killed."""


def launch_command(identity: Identity, death_signal: signal.Signals, program: Sequence[str]) -> list[str]:
    """The command that becomes a program under an identity and dies with this process."""
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    how = (os.getpid(), int(death_signal), identity.mode.value, identity.uid, identity.gid)
    return [*launcher, *map(str, how), *program]


class SupervisedServer(HealthCheck):
    """Starts a server, starts it again when it dies, and stops it.

    Args:
        name: the server's public name.
        log: where its output goes.
        signals: what asks it to stop, and what asks harder. The first is also sent when this process dies.
    """

    def __init__(self, name: str, log: ServerLog, signals: tuple[signal.Signals, signal.Signals]) -> None:
        self._name = name
        self._server_log = log
        self._signals = signals
        self._identity = Identity.own()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._ready = False

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int | None:
        """The server's process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @override
    async def check(self) -> str | None:
        if self._ready and self.pid:
            return None
        return f"The embedded {self._name} isn't running; see {self._server_log.path}."

    async def start(self) -> str:
        """Starts the server and returns its URL once it answers. The URL stays the same over its restarts.

        Raises:
            UnavailableError: a reason that starts with ``EMBEDDED_``, ``LEFTOVER_SERVER``, ``DISK_FULL``.
        """
        try:
            await self._prepare()
            await self._launch()
        except OSError as error:
            await self._end_process()
            raise self._failed(f"couldn't be started ({error})", error) from error
        except BaseException:
            await self._end_process()
            raise
        self._watch = asyncio.create_task(self._keep_running(), name=f"watch embedded {self._name}")
        return self._url()

    def running_url(self) -> str:
        """Where the server of a gateway is found that runs on the same data directory.

        Raises:
            UnavailableError: ``RUNTIME_DIR_UNSAFE``.
        """
        self._find()
        return self._url()

    async def stop(self) -> None:
        """Stops the server within five seconds. May be called twice."""
        if self._watch:
            self._watch.cancel()
            await asyncio.wait({self._watch})
            if not self._watch.cancelled() and (error := self._watch.exception()):
                _log.error("embedded_server_watch_failed", server=self._name, exc_info=error)
            self._watch = None
        await self._end_process()
        self._leave()

    @abstractmethod
    def _find(self) -> None:
        """Finds out where its socket is."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Makes ready what the server needs: before the first start and before each restart."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The server's program and arguments."""

    @abstractmethod
    def _url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def _leave(self) -> None:
        """Tidies up when the server has been stopped."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Whether the server that was just started serves."""

    async def _launch(self) -> None:
        output = self._server_log.open()
        self._server_log.mark()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *launch_command(self._identity, self._signals[0], self._command()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A Ctrl-C in the terminal is for the gateway, which stops its servers last.
                start_new_session=True,
                env=SERVER_ENVIRONMENT,
            )
        finally:
            os.close(output)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._answers():
                    self._refuse_dead()
                    await asyncio.sleep(_POLL)
        except TimeoutError as error:
            raise self._failed(f"didn't answer within {_START_SECONDS:.0f} s") from error
        self._ready = True
        _log.info("embedded_server_ready", server=self._name, pid=self.pid)

    def _refuse_dead(self) -> None:
        if self.pid is None:
            raise self._failed("ended while it started")

    def _failed(self, what: str, error: OSError | None = None) -> UnavailableError:
        home = self._server_log.path.parent
        full = error is not None and is_full(error)
        if full or tells_full(self._server_log.said_since_mark()) or (home.exists() and free_bytes(home) < MEBIBYTE):
            return UnavailableError(
                "DISK_FULL",
                f"The embedded {self._name} {what}, since the disk of {home} is full. Free space on it: no data is "
                "lost.",
            )
        return UnavailableError(
            f"EMBEDDED_{self._name.upper()}_FAILED",
            f"The embedded {self._name} {what}: {self._server_log.last_line() or 'it said nothing'} "
            f"(see {self._server_log.path})",
        )

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            if self._process and self._ready:
                code = await self._process.wait()
                self._ready = False
                _log.error("embedded_server_died", server=self._name, code=code)
            if loop.time() - started > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._prepare()
                await self._launch()
            except (PomboError, OSError) as error:
                _log.error("embedded_server_restart_failed", server=self._name, error=str(error))
                await self._end_process()

    async def _end_process(self) -> None:
        self._ready = False
        process = self._process
        if process is None:
            return
        try:
            for number, seconds in zip((*self._signals, signal.SIGKILL), (*_STOP_SECONDS, None), strict=True):
                if process.returncode is None:
                    process.send_signal(number)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        self._process = None
