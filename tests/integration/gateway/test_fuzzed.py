from pathlib import Path

import pytest

from tests.integration.rest.fuzzing import fuzz

from .conftest import ANA
from .processes import Gateway, Sandbox


@pytest.mark.timeout(600)
async def test_the_document_is_kept(gateway: Gateway, sandbox: Sandbox, tmp_path: Path) -> None:
    await gateway.link("support", sandbox, ANA)
    # A browser for each session that is made up would look at nothing but browsers.
    await fuzz(gateway.url, gateway.key, tmp_path, examples=5, without=["/(start|restart)$"], starts=False)
