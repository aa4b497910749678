"""The API under schemathesis: what the document allows is answered as it says, and what it forbids is refused."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from .conftest import ANA
from .fuzz_hooks import DEEP
from .processes import Gateway, Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.mark.timeout(3_600 if DEEP else 1_200)
async def test_the_document_is_kept(gateway: Gateway, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every operation, with the document's examples, with what its forms say and what they forbid.

    With ``POMBO_FUZZ_EXAMPLES=N`` also with N requests each that are made up; the report says how to replay one.
    """
    await gateway.link("support", sandbox, ANA)
    await gateway.call("POST", "/api/v1/sessions", {"id": "spare", "start": False})
    fuzzing = ["--phases", "examples,coverage"]
    if DEEP:
        fuzzing = ["--phases", "examples,coverage,fuzzing", "--max-examples", os.environ["POMBO_FUZZ_EXAMPLES"]]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{gateway.url}/openapi.json"),
        *(
            "--header",
            f"X-API-Key: {gateway.key}",
            "--seed",
            "1",
            "--workers",
            "4",
            "--request-timeout",
            "60",
            "--continue-on-failure",
        ),
        *(*fuzzing, "--no-shrink"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.integration.gateway.fuzz_hooks",
            "PYTHONPATH": str(ROOT),
            # Where the run's other tests have left what Hypothesis finds out about characters, for seconds.
            "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
        },
    )
    try:
        report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, report.decode(errors="replace")[-20_000:]
