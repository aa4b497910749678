"""Looks at what API keys are hashed under, without starting the gateway."""

from contextlib import suppress
from typing import Final

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.postgres import EmbeddedPostgres
from domain.errors import ConflictError, PomboError
from entrypoints.runtime.access import describe_secret, foreign_keys_advice, secret_ids
from entrypoints.runtime.inspection import Doubt
from entrypoints.runtime.storage import count_foreign_keys
from entrypoints.settings import Settings

_IN_USE: Final = "DATA_DIR_IN_USE"


async def inspect_key_secret(settings: Settings) -> str:
    """The secret of API keys: one that can be used, and that the keys of the database were made under.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    text = describe_secret(settings)
    if settings.role != "all" and settings.api_key_secret is None:
        return Doubt(f"{text}: other gateways make keys under theirs; set POMBO_API_KEY_SECRET, the same everywhere")
    count = 0
    # A database that doesn't answer is another check's finding.
    with suppress(PomboError):
        url = _database(settings)
        count = 0 if url is None else await count_foreign_keys(url, secret_ids(settings))
    return Doubt(f"{text}. {foreign_keys_advice(settings, count)}") if count else text


def _database(settings: Settings) -> str | None:
    """Where it can be asked; None for an embedded one that doesn't run."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if settings.data_dir.exists():
        try:
            DataDirectory.open(settings.data_dir).close()
        except ConflictError as error:
            if error.reason == _IN_USE:
                return EmbeddedPostgres(settings.data_dir).running_url()
    return None
