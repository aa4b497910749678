"""A restore leaves the old profile or the new one, whatever it is broken off by."""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.playwright import profile_image
from adapters.playwright.profile import Profile
from domain.errors import PomboError, UnavailableError
from domain.ids import SessionId
from domain.snapshot import ProfileImage

SESSION = SessionId("sales")
LIMIT = 10_000_000
STEPS = ("unpack", "sync", "rename away", "rename in", "epoch")


def image(content: bytes) -> ProfileImage:
    return profile_image.pack([("Default/IndexedDB/db/000003.log", content)])


async def acquire(root: Path) -> Profile:
    return await Profile.acquire(root, SESSION)


def content(profile: Profile) -> bytes | None:
    path = profile.user_data_dir / "Default/IndexedDB/db/000003.log"
    return path.read_bytes() if path.exists() else None


def entries(root: Path) -> list[str]:
    return sorted(path.name for path in (root / SESSION).iterdir())


async def test_into_nothing_and_over_an_old_one(tmp_path: Path) -> None:
    profile = await acquire(tmp_path)
    assert (profile.linked, profile.read_image(LIMIT)) == (False, None)
    profile.restore(image(b"one"), 4, LIMIT)
    assert (profile.linked, profile.epoch, content(profile)) == (True, 4, b"one")
    assert profile.read_image(LIMIT) == image(b"one")
    (profile.user_data_dir / "Default/stale").write_bytes(b"x")
    profile.restore(image(b"two"), 6, LIMIT)
    assert (profile.linked, profile.epoch, content(profile)) == (True, 6, b"two")
    assert not (profile.user_data_dir / "Default/stale").exists()
    assert entries(tmp_path) == ["chromium", "epoch", "linked", "lock", "read"]
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / SESSION / "chromium").rglob("*")}
    assert modes == {0}
    profile.release()


async def test_a_marker_without_a_profile_is_no_login(tmp_path: Path) -> None:
    profile = await acquire(tmp_path)
    profile.linked = True
    assert not profile.linked
    profile.release()


class BrokenOffError(BaseException):
    """As if the process had been killed: nothing tidies up."""


@contextmanager
def broken_off(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[None]:
    """Ends a restore before a step, as kill -9 does."""

    def die(*_: Any, **__: Any) -> None:
        raise BrokenOffError

    real = Path.rename
    renames = iter(range(10))

    def rename(self: Path, target: Path) -> Path:
        if next(renames) == ("rename away", "rename in").index(step):
            raise BrokenOffError
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Profile, "_tidy", lambda _: None)
        if step == "unpack":
            patch.setattr("adapters.playwright.profile_image.os.fsync", die)
        elif step == "sync":
            patch.setattr(profile_image, "sync_directory", die)
        elif step == "epoch":
            patch.setattr(Profile, "epoch", property(lambda _: 0, die))
        else:
            patch.setattr(Path, "rename", rename)
        with pytest.raises(BrokenOffError):
            yield


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_over_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    profile = await acquire(tmp_path)
    profile.restore(image(b"old"), 1, LIMIT)
    with broken_off(monkeypatch, step):
        profile.restore(image(b"new"), 2, LIMIT)
    profile.release()
    profile = await acquire(tmp_path)
    # With the old epoch the snapshot still counts as the newer one, and is restored again.
    assert (profile.linked, profile.epoch) == (True, 1)
    assert content(profile) == (b"new" if step == "epoch" else b"old")
    assert entries(tmp_path) == ["chromium", "epoch", "linked", "lock", "read"]
    profile.restore(image(b"new"), 2, LIMIT)
    assert (profile.epoch, content(profile)) == (2, b"new")
    profile.release()


@pytest.mark.parametrize("step", [step for step in STEPS if step != "rename away"])
async def test_killed_at_any_step_into_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    profile = await acquire(tmp_path)
    with broken_off(monkeypatch, "rename away" if step == "rename in" else step):
        profile.restore(image(b"new"), 2, LIMIT)
    profile.release()
    profile = await acquire(tmp_path)
    assert profile.linked == (step == "epoch")
    assert set(entries(tmp_path)) <= {"chromium", "linked", "lock", "read"}
    profile.restore(image(b"new"), 2, LIMIT)
    assert (profile.epoch, content(profile)) == (2, b"new")
    profile.release()


async def test_a_snapshot_that_is_none_leaves_the_old_profile(tmp_path: Path) -> None:
    profile = await acquire(tmp_path)
    profile.restore(image(b"old"), 1, LIMIT)
    for bad in (ProfileImage(kind=profile_image.KIND, data=b"junk"), ProfileImage(kind="other/1", data=b"")):
        with pytest.raises(PomboError):
            profile.restore(bad, 2, LIMIT)
    assert (profile.linked, profile.epoch, content(profile)) == (True, 1, b"old")
    assert entries(tmp_path) == ["chromium", "epoch", "linked", "lock", "read"]
    profile.release()


async def test_a_full_disk_leaves_the_old_profile(tmp_path: Path) -> None:
    profile = await acquire(tmp_path)
    profile.restore(image(b"old"), 1, LIMIT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(UnavailableError) as refused:
            profile.restore(image(b"n" * 200_000), 2, LIMIT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.reason == "PROFILE_UNWRITABLE"
    assert (profile.linked, profile.epoch, content(profile)) == (True, 1, b"old")
    assert entries(tmp_path) == ["chromium", "epoch", "linked", "lock", "read"]
    profile.release()
