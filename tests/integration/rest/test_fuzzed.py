from pathlib import Path

import pytest

from entrypoints.rest.server import RestServer
from tests.integration.rest.fuzzing import fuzz
from tests.unit.rest.gateway import KEY


@pytest.mark.timeout(600)
async def test_the_document_is_kept(server: RestServer, tmp_path: Path) -> None:
    await fuzz(f"http://127.0.0.1:{server.port}", KEY, tmp_path, examples=5, starts=True)
