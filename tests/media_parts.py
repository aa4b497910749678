"""What files are treated with in tests: a store in memory, files on their way in a directory of this run's own."""

import atexit
import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, override
from uuid import uuid4

from adapters.disk.media_spool import DiskMediaSpool
from adapters.memory.media_fetcher import MemoryMediaFetcher
from adapters.memory.media_store import MemoryMediaStore
from adapters.workshop.media_workshop import ProcessMediaWorkshop
from adapters.workshop.worker import work
from application.in_thread import in_thread
from application.media.settings import MediaSettings
from entrypoints.media_parts import MediaParts


class InThreadWorkshop(ProcessMediaWorkshop):
    """The same work in a thread: for tests that aren't about the workshop, whose processes take their time to start."""

    @override
    async def _run(self, job: bytes) -> tuple[int, bytes]:
        return 0, json.dumps(await in_thread(work, json.loads(job))).encode()


@cache
def _directory() -> Path:
    made = Path(tempfile.mkdtemp(prefix="pombo-media-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def media_parts(store: MemoryMediaStore | None = None, **settings: Any) -> MediaParts:
    """Parts of their own for each who asks."""
    spool = DiskMediaSpool(_directory() / str(uuid4()))
    spool.clear()
    return MediaParts(
        store=store or MemoryMediaStore(),
        spool=spool,
        workshop=InThreadWorkshop(),
        fetcher=MemoryMediaFetcher(),
        settings=replace(MediaSettings(), **settings),
    )
