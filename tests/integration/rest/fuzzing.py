"""The API under schemathesis: what the document allows is answered as it says, and what it forbids is refused."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STREAMS = "/events"
"""They end with their reader, which schemathesis isn't; tests of their own look at them."""


async def fuzz(url: str, key: str, work: Path, *, examples: int, without: Sequence[str] = (), starts: bool) -> None:
    """Looks at every operation, and fails with schemathesis's own report."""
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.integration.rest.fuzz_hooks",
        "PYTHONPATH": str(ROOT),
        "FUZZ_STARTS_NOTHING": "0" if starts else "1",
    }
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"),
        *("--header", f"X-API-Key: {key}", "--seed", "1", "--request-timeout", "30", "--continue-on-failure"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--no-shrink"),
        *("--exclude-path-regex", "|".join([STREAMS, *without])),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=work,
        env=environment,
    )
    try:
        report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, report.decode(errors="replace")[-20_000:]
