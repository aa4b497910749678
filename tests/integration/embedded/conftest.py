"""Directories for servers: short ones, made by us, and gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not pytest's own: its names are too long for sockets, and its parents open to everybody's look.
    path = Path(tempfile.mkdtemp(prefix="pombo-"))
    yield path
    shutil.rmtree(path)
