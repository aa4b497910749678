"""`pombo backup` and `pombo restore`."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console

from domain.backup import Manifest
from entrypoints.logging import configure_logging
from entrypoints.runtime.backup import make_backup, restore_backup, verify_backup
from entrypoints.settings import Settings

_TELL_EVERY: Final = 2.0
_MIB: Final = 1024 * 1024


class ProgressLines:
    """Tells now and then what a long work is at; one that takes a moment says nothing."""

    def __init__(self, console: Console, every: float = _TELL_EVERY) -> None:
        self._console = console
        self._every = every
        self._told = time.monotonic()

    def __call__(self, what: str, done: int) -> None:
        """Takes a piece of progress."""
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            self._console.print(f"… {what}: {done / _MIB:,.1f} MiB", markup=False)


async def run_backup(
    settings: Settings, console: Console, path: Path, *, media: bool, keys: bool, overwrite: bool
) -> None:
    """Makes one, and says what is in it.

    Raises:
        PomboError: why there is none.
    """
    configure_logging(level="warning")
    console.print(f"… writing {path}", markup=False)
    progress = ProgressLines(console)
    manifest = await make_backup(settings, path, progress, media=media, keys=keys, overwrite=overwrite)
    _describe(console, path, manifest)
    if not keys:
        console.print(
            "Logins are sealed and API keys hashed under keys that aren't in the file: keep POMBO_SNAPSHOT_KEY and "
            "POMBO_API_KEY_SECRET, or snapshot.key and api-keys.secret of the data directory, in another place."
        )


async def run_check(console: Console, path: Path) -> None:
    """Proves that one is whole, and says what is in it.

    Raises:
        PomboError: what is wrong with it.
    """
    _describe(console, path, await verify_backup(path, ProgressLines(console)))


async def run_restore(settings: Settings, console: Console, path: Path, *, replace: bool, revoke_keys: bool) -> None:
    """Restores one, and says what was restored, and what is still to be done.

    Raises:
        PomboError: why nothing was restored.
    """
    configure_logging(level="warning")
    console.print(f"… restoring {path}", markup=False)
    restored = await restore_backup(settings, path, ProgressLines(console), replace=replace, revoke_keys=revoke_keys)
    _describe(console, path, restored.manifest)
    if restored.live_keys:
        console.print(_of_keys(restored.live_keys, restored.manifest, revoked=revoke_keys), markup=False)
    if restored.sealed:
        console.print(
            f"No key that is here opens the logins of {len(restored.sealed)} sessions. Set POMBO_SNAPSHOT_KEY, or put "
            "snapshot.key into the data directory, before the gateway starts; else they need a new QR.",
            markup=False,
        )
    if restored.foreign_keys:
        console.print(
            f"The secret that {restored.foreign_keys} API keys were made under isn't here. Put it into "
            "POMBO_API_KEY_SECRET, or into api-keys.secret of the data directory, behind one that is there and a "
            "comma, before the gateway starts; else they are refused, and API_KEY lets you in to make new ones.",
            markup=False,
        )


def _of_keys(count: int, manifest: Manifest, *, revoked: bool) -> str:
    if revoked:
        return f"{count} API keys of the backup were revoked. API_KEY lets you in to make new ones."
    return (
        f"WARNING: {count} API keys work again as they did at {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC, also those "
        "that were revoked after it, and their users' roles are those of then. Revoke again what has to be before the "
        "gateway can be reached (`pombo keys`), or restore with --replace --revoke-keys to end them all."
    )


def _describe(console: Console, path: Path, manifest: Manifest) -> None:
    rows = sum(manifest.rows.values())
    media = "left out" if manifest.media is None else f"{manifest.media:,} files"
    missing = f" ({manifest.media_missing:,} weren't in the store)" if manifest.media_missing else ""
    console.print(f"{path} is whole: of {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC, by version {manifest.version}")
    console.print(
        f"  {rows:,} rows in {len(manifest.rows)} tables, logins of {len(manifest.sessions)} sessions, "
        f"media: {media}{missing}, keys: {', '.join(manifest.keys) or 'none'}",
        markup=False,
    )
