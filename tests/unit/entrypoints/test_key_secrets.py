"""The secret that API keys are hashed under: from the settings, or a file of our own."""

import base64
import stat
from pathlib import Path

import pytest

from entrypoints.runtime.access import (
    SECRET_FILE,
    describe_secret,
    foreign_keys_advice,
    keep_secret,
    key_hash_secrets,
    secret_ids,
    secret_text,
)
from entrypoints.settings import Settings, SettingsError, load_settings

ONE, OTHER = bytes(32), bytes(range(32))


def settings(directory: Path, **variables: str) -> Settings:
    return load_settings(None, POMBO_DATA_DIR=str(directory), **variables)


def text(*secrets: bytes) -> str:
    return ",".join(base64.b64encode(secret).decode() for secret in secrets)


def test_those_of_the_settings_are_taken_in_their_order(tmp_path: Path) -> None:
    assert key_hash_secrets(settings(tmp_path, POMBO_API_KEY_SECRET=text(OTHER, ONE))) == (OTHER, ONE)
    assert list(tmp_path.iterdir()) == []


def test_without_them_a_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    made = key_hash_secrets(settings(tmp_path))
    assert len(made) == 1
    assert len(made[0]) == 32
    assert key_hash_secrets(settings(tmp_path)) == made
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("bad", ["short", text(ONE)[:-4], f"{text(ONE)},", text(ONE, ONE)])
def test_bad_ones_are_told_without_their_text(tmp_path: Path, bad: str) -> None:
    with pytest.raises(SettingsError) as refused:
        key_hash_secrets(settings(tmp_path, POMBO_API_KEY_SECRET=bad))
    (problem,) = refused.value.problems
    assert problem.startswith("POMBO_API_KEY_SECRET: ")
    assert bad not in problem


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key_hash_secrets(settings(tmp_path))
    (tmp_path / SECRET_FILE).chmod(0o644)
    with pytest.raises(SettingsError, match="0600"):
        key_hash_secrets(settings(tmp_path))


def test_to_look_makes_nothing(tmp_path: Path) -> None:
    nothing = settings(tmp_path / "none")
    assert (secret_ids(nothing), secret_text(nothing)) == ((), None)
    assert "will be made" in describe_secret(nothing)
    assert list(tmp_path.iterdir()) == []


def test_what_a_backup_keeps_is_what_is_used(tmp_path: Path) -> None:
    several = settings(tmp_path / "none", POMBO_API_KEY_SECRET=text(OTHER, ONE))
    kept = secret_text(several)
    assert kept is not None
    keep_secret(settings(tmp_path), kept)
    assert key_hash_secrets(settings(tmp_path)) == (OTHER, ONE)
    assert secret_text(settings(tmp_path)) == kept
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600
    assert secret_ids(settings(tmp_path)) == secret_ids(several)
    # Those that are there aren't touched, wherever they stand.
    keep_secret(settings(tmp_path), text(ONE).encode())
    assert secret_text(settings(tmp_path)) == kept
    keep_secret(several, text(ONE).encode())
    assert not (tmp_path / "none").exists()


def test_they_are_described_without_their_text(tmp_path: Path) -> None:
    configured = settings(tmp_path, POMBO_API_KEY_SECRET=text(OTHER, ONE))
    told = [describe_secret(configured), foreign_keys_advice(configured, 3), *secret_ids(configured)]
    assert "1 older" in told[0]
    assert ": 3." in told[1]
    assert "POMBO_API_KEY_SECRET" in told[1]
    assert len(told[2]) == len(told[3]) == 16
    key_hash_secrets(settings(tmp_path))
    assert str(tmp_path / SECRET_FILE) in foreign_keys_advice(settings(tmp_path), 3)
    for secret in (*text(OTHER, ONE).split(","), OTHER.hex(), ONE.hex()):
        assert secret not in str(told)
