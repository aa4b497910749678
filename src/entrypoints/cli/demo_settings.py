"""What `pombo demo` and `pombo sandbox` are told by the environment."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import UnavailableError
from entrypoints.settings import Port, Settings, SettingsError, default_data_dir

_ROOT: Final = Path(__file__).parents[3]


class SandboxSettings(BaseSettings):
    """The sandbox's ports; 0 lets the operating system choose."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    port: Port = Field(8800, validation_alias="POMBO_SANDBOX_PORT")
    https_port: Port = Field(8843, validation_alias="POMBO_SANDBOX_HTTPS_PORT")
    control_port: Port = Field(8801, validation_alias="POMBO_SANDBOX_CONTROL_PORT")


def load_sandbox_settings(env_file: Path | None = Path(".env")) -> SandboxSettings:
    """Reads them.

    Raises:
        SettingsError: what is wrong with each.
    """
    try:
        # BaseSettings takes the underscored argument; mypy sees the fields alone.
        return SandboxSettings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        problems = error.errors(include_input=False)
        raise SettingsError(tuple(f"{problem['loc'][0]}: {problem['msg']}" for problem in problems)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHome:
    """The demo's own directory, apart from the data of a real gateway."""

    path: Path

    @classmethod
    def choose(cls, settings: Settings) -> "DemoHome":
        """``POMBO_DATA_DIR`` where set, else ``.pombo`` of the checkout, else below the default data directory."""
        if "data_dir" in settings.model_fields_set:
            return cls(path=settings.data_dir)
        if (_ROOT / "pyproject.toml").is_file() and os.access(_ROOT, os.W_OK):
            return cls(path=_ROOT / ".pombo")
        return cls(path=default_data_dir().with_name("pombo-demo"))

    @property
    def gateway(self) -> Path:
        """The gateway's data directory."""
        return self.path / "gateway"

    @property
    def sandbox(self) -> Path:
        """The sandbox's data directory."""
        return self.path / "sandbox"

    def log(self, name: str) -> Path:
        """A child's log."""
        return self.path / f"{name}.log"

    def prepare(self) -> None:
        """Makes the directory.

        Raises:
            UnavailableError: ``DATA_DIR_UNUSABLE``.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            for name in ("gateway", "sandbox"):
                log = self.log(name)
                if log.exists():
                    log.replace(log.with_suffix(".log.old"))
        except OSError as error:
            raise UnavailableError(
                "DATA_DIR_UNUSABLE",
                f"{self.path} can't be used: {error.strerror}. Make it writable, or choose another directory with "
                "POMBO_DATA_DIR.",
            ) from error

    def api_key(self, settings: Settings) -> str:
        """The configured key, else one made at the first run and kept in a file that only its owner can read."""
        if settings.api_key is not None:
            return settings.api_key.get_secret_value()
        file = self.path / "api-key"
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            key = f"pombo_{secrets.token_urlsafe(32)}"
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(key + "\n")
            return key
