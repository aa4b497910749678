"""The secret that API keys are hashed under."""

import base64
from typing import Final

from adapters.crypto.snapshot_keys import make_key_file, parse_keys, read_key_file
from application.access.key_hashes import id_of_secret
from domain.errors import InvalidArgumentError
from entrypoints.settings import Settings, SettingsError

SECRET_FILE: Final = "api-keys.secret"  # noqa: S105 - a file's name
_FORM: Final = "32 bytes in base64, or several of them separated by commas; `openssl rand -base64 32` makes them"


def key_hash_secrets(settings: Settings) -> tuple[bytes, ...]:
    """Those of the settings, else that of the data directory's file, made where missing.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    return _secrets(settings, make=True)


def secret_ids(settings: Settings) -> tuple[str, ...]:
    """Names of the secrets that are here; makes none.

    Raises:
        SettingsError: one can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    return tuple(map(id_of_secret, _secrets(settings, make=False)))


def secret_text(settings: Settings) -> bytes | None:
    """The secrets in the form of the settings and of the file; None where there is none yet.

    Raises:
        SettingsError: one can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    found = _secrets(settings, make=False)
    return b",".join(map(base64.b64encode, found)) + b"\n" if found else None


def keep_secret(settings: Settings, text: bytes) -> None:
    """Writes the secret's file of a backup, unless there is a secret: one that is there isn't touched.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    if not _secrets(settings, make=False):
        make_key_file(settings.data_dir / SECRET_FILE, text)


def describe_secret(settings: Settings) -> str:
    """A line for people, without anything of a secret.

    Raises:
        SettingsError: it can't be used.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    found = _secrets(settings, make=False)
    older = f" and {len(found) - 1} older ones" if len(found) > 1 else ""
    if settings.api_key_secret is not None:
        return f"POMBO_API_KEY_SECRET has a secret{older}"
    path = settings.data_dir / SECRET_FILE
    return f"{path} has the secret{older}" if found else f"{path} will be made at the first start"


def foreign_keys_advice(settings: Settings, count: int) -> str:
    """What is wrong, and what to do, where so many keys were made under a secret that isn't here."""
    place = "POMBO_API_KEY_SECRET" if settings.api_key_secret is not None else f"{settings.data_dir / SECRET_FILE}"
    return (
        f"API keys that are refused here (API_KEY_INVALID), since they were made under another secret: {count}. Put "
        f"that secret into {place}, behind one that is there and a comma; or make new keys and revoke these. API_KEY "
        "lets an administrator in meanwhile."
    )


def _secrets(settings: Settings, *, make: bool) -> tuple[bytes, ...]:
    path = settings.data_dir / SECRET_FILE
    try:
        if settings.api_key_secret is not None:
            return parse_keys(settings.api_key_secret.get_secret_value())
        return make_key_file(path) if make else (read_key_file(path) or ())
    except InvalidArgumentError:
        # Its own text is about snapshots, whose keys have the same form.
        problem = (
            f"POMBO_API_KEY_SECRET: must be {_FORM}"
            if settings.api_key_secret is not None
            else f"the secret of API keys: {path} must be this user's alone (mode 0600) and hold {_FORM}"
        )
        raise SettingsError((problem,)) from None
