"""`pombo serve` and a disk without room: it says so and leaves nothing running."""

from pathlib import Path

import pytest

from tests.integration.cli.programs import KEY, all_gone, run
from tests.integration.disks import small_disk


def settings(data: Path) -> dict[str, str]:
    return {
        "POMBO_DATA_DIR": str(data),
        "PORT": "0",
        "GRPC_PORT": "0",
        "API_KEY": KEY,
        "WHATSAPP_WEB_URL": "http://127.0.0.1:9",
        "BROWSER_PATH": "/none",
    }


@pytest.mark.parametrize("mebibytes", [0.0625, 1, 20, 50])
async def test_a_disk_without_room_is_told_at_the_start(tmp_path: Path, mebibytes: float) -> None:
    """From one that takes not even a marker to one that a new PostgreSQL fills."""
    disk = tmp_path / "disk"
    disk.mkdir()
    code, output, errors = await run(
        "serve", environment=settings(disk / "data"), directory=tmp_path, through=small_disk(disk, mebibytes)
    )
    assert code == 1, errors
    assert "DISK_FULL" in errors
    assert "Free space" in errors
    assert "Traceback" not in errors
    assert "gateway.ready" not in output
    assert await all_gone(tmp_path) == []
