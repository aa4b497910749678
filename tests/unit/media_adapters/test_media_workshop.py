"""The workshop keeps the contract of its port."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop

from adapters.workshop.media_workshop import ProcessMediaWorkshop
from domain.errors import PomboError, TooLargeError, UnavailableError
from tests import media_files
from tests.contracts.media_workshop import MediaWorkshopContract


@pytest.fixture
def workshop() -> ProcessMediaWorkshop:
    return ProcessMediaWorkshop()


class TestProcessMediaWorkshop(MediaWorkshopContract):
    async def test_what_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "endless")  # nobody ever writes to it
        hasty = ProcessMediaWorkshop(within=timedelta(seconds=0.5))
        with pytest.raises(TooLargeError) as refused:
            await hasty.inspect(tmp_path / "endless", mime_type=None, filename=None)
        assert refused.value.reason == "MEDIA_TOO_COMPLEX"

    @pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
    async def test_who_is_ended_says_nothing_of_the_file(
        self, workshop: ProcessMediaWorkshop, tmp_path: Path, ending: signal.Signals
    ) -> None:
        os.mkfifo(tmp_path / "endless")
        others = _children()
        task = asyncio.create_task(workshop.inspect(tmp_path / "endless", mime_type=None, filename=None))
        while not (children := _children() - others):  # noqa: ASYNC110 - it is asked, it doesn't tell
            await asyncio.sleep(0.01)
        os.kill(int(children.pop()), ending)
        with pytest.raises(UnavailableError) as refused:
            await task
        assert refused.value.reason == "MEDIA_WORKSHOP_UNAVAILABLE"

    def test_who_ends_before_the_job_is_given_says_nothing_of_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = asyncio.create_subprocess_exec

        async def ended(*_: object, **pipes: Any) -> asyncio.subprocess.Process:
            process = await start("false", **pipes)
            await process.wait()
            return process

        monkeypatch.setattr(asyncio, "create_subprocess_exec", ended)
        # The gateway's own loop, which refuses to write to such a one.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(UnavailableError) as refused:
            runner.run(ProcessMediaWorkshop().inspect(tmp_path / "any", mime_type=None, filename=None))
        assert refused.value.reason == "MEDIA_WORKSHOP_UNAVAILABLE"

    @pytest.mark.parametrize("job", ["inspect", "sticker", "thumbnail", "voice"])
    async def test_a_file_that_isn_t_there_isn_t_broken(
        self, workshop: ProcessMediaWorkshop, tmp_path: Path, job: str
    ) -> None:
        assert await _refusal(workshop, job, tmp_path / "gone", tmp_path / "made") == "MEDIA_WORKSHOP_UNAVAILABLE"

    @pytest.mark.parametrize("job", ["sticker", "thumbnail", "voice"])
    async def test_a_full_disk_isn_t_the_file_s_fault(
        self, workshop: ProcessMediaWorkshop, tmp_path: Path, job: str
    ) -> None:
        source = media_files.sound(tmp_path / "a.mp3", "libmp3lame")
        if job != "voice":
            source.write_bytes(media_files.picture())
        assert await _refusal(workshop, job, source, Path("/dev/full")) == "MEDIA_WORKSHOP_UNAVAILABLE"

    async def test_who_gives_up_leaves_no_process(self, workshop: ProcessMediaWorkshop, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "endless")
        others = _children()  # servers of other tests
        task = asyncio.create_task(workshop.inspect(tmp_path / "endless", mime_type=None, filename=None))
        while not (children := _children() - others):  # noqa: ASYNC110 - it is asked, it doesn't tell
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not children & _children()

    async def test_a_file_s_own_references_lead_nowhere(self, workshop: ProcessMediaWorkshop, tmp_path: Path) -> None:
        secret = media_files.sound(tmp_path / "secret.mp3", "libmp3lame")
        playlist = tmp_path / "list"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n")
        found = await workshop.inspect(playlist, mime_type=None, filename=None)
        assert found.kind == "document"


async def _refusal(workshop: ProcessMediaWorkshop, job: str, source: Path, target: Path) -> str:
    jobs = {
        "inspect": lambda: workshop.inspect(source, mime_type=None, filename=None),
        "sticker": lambda: workshop.make_sticker(source, target),
        "thumbnail": lambda: workshop.make_thumbnail(source, target),
        "voice": lambda: workshop.make_voice_note(source, target),
    }
    with pytest.raises(PomboError) as refused:
        await jobs[job]()
    return refused.value.reason


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_converter_that_dies_leaves_no_image_not_even_to_a_collector() -> None:
    code = "import resource; from adapters.workshop.worker import limit_ourselves; limit_ourselves(); "
    code += "print(resource.getrlimit(resource.RLIMIT_CORE))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    # Of zero the kernel's collectors think nothing, of one byte they are refused: see entrypoints/cli/program.py.
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    assert told.stdout.strip() == str((0, 0) if most == 0 else (1, 1))
