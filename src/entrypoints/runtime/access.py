"""The secret that API keys are hashed under."""

from typing import Final

from adapters.crypto.snapshot_keys import make_key_file, parse_keys
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
    path = settings.data_dir / SECRET_FILE
    try:
        if settings.api_key_secret is not None:
            return parse_keys(settings.api_key_secret.get_secret_value())
        return make_key_file(path)
    except InvalidArgumentError:
        # Its own text is about snapshots, whose keys have the same form.
        problem = (
            f"POMBO_API_KEY_SECRET: must be {_FORM}"
            if settings.api_key_secret is not None
            else f"the secret of API keys: {path} must be this user's alone (mode 0600) and hold {_FORM}"
        )
        raise SettingsError((problem,)) from None
