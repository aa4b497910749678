"""The workshop, seen from the gateway."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, override

import structlog

from application.ports.media_workshop import Conversion, Inspection, MediaWorkshop
from domain.errors import TooLargeError, UnavailableError, UnsupportedMediaError
from domain.media import MediaFacts, MediaKind
from domain.media_limits import media_too_large

_LOG: Final = structlog.get_logger(__name__)
_WORKER: Final = "adapters.workshop.worker"
_TOO_MUCH: Final = frozenset({-signal.SIGXCPU, -signal.SIGXFSZ})
"""How a process ends that wanted more than it may have."""
_CRASHED: Final = frozenset(
    -each for each in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
)
"""How a process ends whose decoder a file has led to break."""


class ProcessMediaWorkshop(MediaWorkshop):
    """A process for each job, a few at a time, killed when it takes too long.

    A file that breaks a decoder breaks that process alone.

    Args:
        at_once: how many jobs are worked on at a time; the others wait.
        within: the longest that a job may take.
    """

    def __init__(self, *, at_once: int = 2, within: timedelta = timedelta(seconds=90)) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._within = within.total_seconds()

    @override
    async def inspect(
        self, path: Path, *, mime_type: str | None, filename: str | None, as_document: bool = False
    ) -> Inspection:
        name = "name" if as_document else "inspect"
        found = await self._do(name, source=str(path), mime_type=mime_type, filename=filename)
        return Inspection(
            kind=MediaKind(found["kind"]),
            mime_type=found["mime_type"],
            facts=_facts(found),
            flaw=found.get("flaw"),
        )

    @override
    async def make_voice_note(self, source: Path, target: Path) -> Conversion:
        return _conversion(await self._do("voice", source=str(source), target=str(target)))

    @override
    async def make_sticker(self, source: Path, target: Path) -> Conversion:
        return _conversion(await self._do("sticker", source=str(source), target=str(target)))

    @override
    async def make_thumbnail(self, source: Path, target: Path) -> Conversion:
        return _conversion(await self._do("thumbnail", source=str(source), target=str(target)))

    async def _do(self, name: str, **job: str | None) -> Mapping[str, Any]:
        async with self._free:
            code, answer = await self._run(json.dumps({"name": name, **job}).encode())
        if code in _TOO_MUCH:
            raise _too_complex()
        if code in _CRASHED:
            _LOG.warning("media_worker_crashed", job=name, code=code)
            raise _broken()
        found: Mapping[str, Any] = json.loads(answer) if code == 0 and answer else {"error": "unavailable"}
        match found.get("error"):
            case None:
                return found
            case "complex":
                raise _too_complex()
            case "oversize":
                raise media_too_large(found["limit"])
            case "not_convertible":
                raise UnsupportedMediaError("MEDIA_NOT_CONVERTIBLE", str(found["text"]))
            case "broken":
                _LOG.warning("media_worker_failed", job=name, error=found["text"])
                raise _broken()
            case _:
                # The file has no part in it: somebody ended the process, or it couldn't get what it needs.
                _LOG.warning("media_worker_unavailable", job=name, code=code, error=found.get("text"))
                raise UnavailableError("MEDIA_WORKSHOP_UNAVAILABLE", "The file can't be looked into at present.")

    async def _run(self, job: bytes) -> tuple[int, bytes]:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", _WORKER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
            )
        except OSError as error:
            raise UnavailableError(
                "MEDIA_WORKSHOP_UNAVAILABLE", f"No process can be started to look into the file ({error.strerror})."
            ) from error
        try:
            async with asyncio.timeout(self._within):
                answer, _ = await process.communicate(job)
        except TimeoutError:
            return -signal.SIGXCPU, b""
        except RuntimeError as error:
            # uvloop's, where the process has ended before it was given its job.
            raise UnavailableError("MEDIA_WORKSHOP_UNAVAILABLE", "The file can't be looked into at present.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
        return process.returncode or 0, answer


def _facts(found: Mapping[str, Any]) -> MediaFacts:
    seconds, waveform = found.get("seconds"), found.get("waveform")
    return MediaFacts(
        width=found.get("width"),
        height=found.get("height"),
        duration=None if seconds is None else timedelta(milliseconds=round(seconds * 1000)),
        animated=found.get("animated", False),
        waveform=None if waveform is None else tuple(waveform),
    )


def _conversion(found: Mapping[str, Any]) -> Conversion:
    return Conversion(mime_type=found["mime_type"], facts=_facts(found), is_new=found["is_new"])


def _broken() -> UnsupportedMediaError:
    return UnsupportedMediaError("MEDIA_BROKEN", "The file can't be decoded.")


def _too_complex() -> TooLargeError:
    return TooLargeError(
        "MEDIA_TOO_COMPLEX", "Decoding the file takes more memory or time than is allowed. A document isn't decoded."
    )
