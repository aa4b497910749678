from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from adapters.disk.media_spool import DiskMediaSpool


@pytest.fixture
def spool(tmp_path: Path) -> DiskMediaSpool:
    spool = DiskMediaSpool(tmp_path / "media" / "spool")
    spool.clear()
    return spool


@pytest.fixture
def spooled(tmp_path: Path) -> Callable[[], Sequence[Path]]:
    return lambda: list((tmp_path / "media" / "spool").iterdir())
