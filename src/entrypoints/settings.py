"""Settings, read once from the environment and ``.env``."""

import base64
import binascii
import os
import re
from collections.abc import Mapping, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from domain.errors import InvalidArgumentError
from domain.ids import parse_session_id
from domain.webhook import RetrySchedule
from domain.webhook_checks import check_url
from entrypoints.limit_settings import LimitSettings
from entrypoints.media_settings import MediaSettings
from entrypoints.networks import Networks
from entrypoints.observability_settings import ObservabilitySettings
from entrypoints.pace_settings import PaceSettings
from entrypoints.tls_settings import TlsSettings

MIN_API_KEY: Final = 16
"""Characters of a configured key: at 16 random ones guessing over the network is hopeless."""

LIVE_SITE: Final = "https://web.whatsapp.com/"

_KEY_BYTES: Final = 32

_ROOT: Final = Path(__file__).parents[2]

_SPAN: Final = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)(s|m|h)")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600}
_SHORTEST_WAIT: Final = timedelta(milliseconds=100)
_LONGEST_WAIT: Final = timedelta(days=7)

_OTHERS: Final = frozenset(
    {"POMBO_URL", "POMBO_CA_FILE", "POMBO_CLIENT_CERT", "POMBO_CLIENT_KEY"}
    | {"POMBO_SANDBOX_PORT", "POMBO_SANDBOX_HTTPS_PORT", "POMBO_SANDBOX_CONTROL_PORT"}
)
"""Ours, and read by other commands than `pombo serve`."""

Port = Annotated[int, Field(ge=0, le=65_535)]


class SettingsError(InvalidArgumentError):
    """Settings that can't be used. ``problems`` has one line per setting; no line holds a value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("INVALID_SETTINGS", "; ".join(problems))
        self.problems = problems


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _spans(value: object) -> object:
    """Spans like ``5s``, ``5m`` or ``2h``, separated by commas."""
    if not isinstance(value, str):
        return value
    parts = [_SPAN.fullmatch(part.strip()) for part in value.split(",")]
    spans = tuple(timedelta(seconds=float(part[1]) * _UNITS[part[2]]) for part in parts if part is not None)
    if len(spans) != len(parts) or not all(_SHORTEST_WAIT <= span <= _LONGEST_WAIT for span in spans):
        raise ValueError("must be pauses like 5s,5m,2h, separated by commas, of 100 milliseconds to 7 days")
    return spans


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_DATA_HOME/pombo``, by default ``~/.local/share/pombo``."""
    return _below_home(environment.get("XDG_DATA_HOME"), ".local/share")


def default_cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/pombo``, by default ``~/.cache/pombo``: what can be made again, an unpacked browser."""
    return _below_home(environment.get("XDG_CACHE_HOME"), ".cache")


def _below_home(base: str | None, fallback: str) -> Path:
    if base:
        return Path(base) / "pombo"
    try:
        return Path.home() / fallback / "pombo"
    except RuntimeError:
        # A uid without a passwd entry and without HOME has no home.
        return Path.cwd() / ".pombo" / Path(fallback).name


class Settings(MediaSettings, LimitSettings, ObservabilitySettings, PaceSettings, TlsSettings):
    """What the environment says. An empty variable counts as unset.

    Attributes:
        port: REST; 0 lets the operating system choose. The same for ``grpc_port``.
        database_url: PostgreSQL; None starts a server of our own under ``data_dir``.
        redis_url: Redis or Valkey; None starts a server of our own under ``data_dir``.
        api_key: a key that may call; None makes one at the first start and shows it once.
        api_key_secret: what API keys are hashed under, see ``runtime.access``; None makes a file in ``data_dir``.
        webhook_url: an endpoint that every event is posted to.
        webhook_allow_private: networks that webhooks may go to although they aren't public.
        proxy_allow_private: networks that sessions' proxies may be in although those aren't public.
        webhook_retry_schedule: the pauses after a failed delivery, the last of which repeats.
        role: ``all`` does everything; ``api`` serves REST and gRPC and leaves sessions to workers; ``worker`` runs
            sessions, posts webhooks and tidies up, and serves its health alone.
        lease_seconds: after how many seconds without a sign of life another gateway takes a session over.
        web_dir: the npm workspace with wa-js and the bridge; the checkout's own.
        event_retention_days: how long events are kept; 0 keeps them for ever.
        audit_retention_days: the same of the audit log's entries.
        probe_seconds: between two looks at each session through its page.
        browser_memory_mb: most memory that a session's browser should take; 0 sets no limit.
        starts_at_once: how many sessions may be starting at a time.
        snapshot_key: what snapshots are sealed under, see ``adapters.crypto``; None makes a key file in ``data_dir``.
        snapshot_minutes: between two snapshots of a session that runs; 0 takes those of closed pages alone.
        snapshots_kept: of each session.
        snapshot_max_mb: the largest, before it is compressed.
        max_body_bytes: the largest request body, in REST and gRPC.
        wajs_path: a wa-js to run instead of the pinned one: its script, or its unpacked npm package.
        wajs_canary_path: the same, for ``wajs_canary_sessions`` alone.
        web_url: the WhatsApp Web site.
        browser_path: a Chromium; None looks for one.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    app_env: Literal["development", "production"] = Field("development", validation_alias="APP_ENV")
    host: str = Field("127.0.0.1", validation_alias="POMBO_HOST", min_length=1)
    port: Port = Field(8080, validation_alias="PORT")
    grpc_port: Port = Field(50051, validation_alias="GRPC_PORT")
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    api_key: SecretStr | None = Field(None, validation_alias="API_KEY")
    api_key_secret: SecretStr | None = Field(None, validation_alias="POMBO_API_KEY_SECRET")
    webhook_url: SecretStr | None = Field(None, validation_alias="WEBHOOK_URL")
    webhook_allow_private: Networks = Field((), validation_alias="POMBO_WEBHOOK_ALLOW_PRIVATE")
    proxy_allow_private: Networks = Field((), validation_alias="POMBO_PROXY_ALLOW_PRIVATE")
    webhook_retry_schedule: Annotated[tuple[timedelta, ...], NoDecode, BeforeValidator(_spans)] = Field(
        RetrySchedule().waits, validation_alias="POMBO_WEBHOOK_RETRY_SCHEDULE", min_length=1, max_length=50
    )
    role: Literal["all", "api", "worker"] = Field("all", validation_alias="POMBO_ROLE")
    lease_seconds: int = Field(20, validation_alias="POMBO_LEASE_SECONDS", ge=3, le=300)
    data_dir: Path = Field(default_factory=default_data_dir, validation_alias="POMBO_DATA_DIR")
    cache_dir: Path = Field(default_factory=default_cache_dir, validation_alias="POMBO_CACHE_DIR")
    web_dir: Path = Field(_ROOT / "web", validation_alias="POMBO_WEB_DIR")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="POMBO_LOG_LEVEL")
    log_format: Literal["json", "console"] | None = Field(None, validation_alias="POMBO_LOG_FORMAT")
    max_body_bytes: int = Field(1_048_576, validation_alias="POMBO_MAX_BODY_BYTES", ge=1_024, le=104_857_600)
    event_retention_days: int = Field(30, validation_alias="POMBO_EVENT_RETENTION_DAYS", ge=0, le=36_500)
    audit_retention_days: int = Field(365, validation_alias="POMBO_AUDIT_RETENTION_DAYS", ge=0, le=36_500)
    probe_seconds: int = Field(15, validation_alias="POMBO_PROBE_SECONDS", ge=1, le=600)
    browser_memory_mb: int = Field(1_024, validation_alias="POMBO_BROWSER_MEMORY_MB", ge=0, le=1_048_576)
    starts_at_once: int = Field(2, validation_alias="POMBO_STARTS_AT_ONCE", ge=1, le=100)
    snapshot_key: SecretStr | None = Field(None, validation_alias="POMBO_SNAPSHOT_KEY")
    snapshot_minutes: float = Field(5, validation_alias="POMBO_SNAPSHOT_MINUTES", ge=0, le=1_440)
    snapshots_kept: int = Field(3, validation_alias="POMBO_SNAPSHOTS_KEPT", ge=1, le=100)
    snapshot_max_mb: int = Field(256, validation_alias="POMBO_SNAPSHOT_MAX_MB", ge=1, le=448)
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), validation_alias="POMBO_CORS_ORIGINS"
    )
    wajs_path: Path | None = Field(None, validation_alias="POMBO_WAJS_PATH")
    wajs_canary_path: Path | None = Field(None, validation_alias="POMBO_WAJS_CANARY_PATH")
    wajs_canary_sessions: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), validation_alias="POMBO_WAJS_CANARY_SESSIONS"
    )
    web_url: str = Field(LIVE_SITE, validation_alias="WHATSAPP_WEB_URL")
    browser_path: Path | None = Field(None, validation_alias="BROWSER_PATH")

    @field_validator("app_env", "role", "log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("data_dir", "cache_dir", "web_dir", "wajs_path", "wajs_canary_path", "browser_path")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("api_key")
    @classmethod
    def _strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        key = value.get_secret_value()
        if len(key) < MIN_API_KEY:
            raise ValueError(f"must have at least {MIN_API_KEY} characters; `openssl rand -hex 32` makes a good one")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("must have printable ASCII characters only and no spaces: it travels in a header")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        return _check_scheme(value, ("postgresql", "postgres"), "postgresql://user:password@host:5432/name")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        return _check_scheme(value, ("redis", "rediss", "unix"), "redis://host:6379/0")

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                check_url(value.get_secret_value())
            except InvalidArgumentError as error:
                raise ValueError(error.message) from None
        return value

    @field_validator("role")
    @classmethod
    def _shared(cls, value: str, info: ValidationInfo) -> str:
        # Those that are wrong in themselves are told of already, and aren't here.
        names = {"DATABASE_URL": "database_url", "REDIS_URL": "redis_url"}
        missing = [name for name, field in names.items() if field in info.data and info.data[field] is None]
        if value != "all" and missing:
            raise ValueError(f"{value} shares its servers with other gateways; set {' and '.join(missing)}")
        return value

    @field_validator("snapshot_key")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = [part.strip() for part in value.get_secret_value().split(",")]
            if len(set(parts)) != len(parts):
                raise ValueError("names a key twice")
            if not all(map(_is_key, parts)):
                raise ValueError(
                    "must be 32 bytes in base64, or several separated by commas; `openssl rand -base64 32` makes one"
                )
        return value

    @field_validator("port", "grpc_port")
    @classmethod
    def _apart(cls, value: int, info: ValidationInfo) -> int:
        for name, field in (("PORT", "port"), ("POMBO_HEALTH_PORT", "health_port")):
            if value and value == info.data.get(field):
                raise ValueError(f"must be another port than {name}")
        return value

    @field_validator("web_url")
    @classmethod
    def _site(cls, value: str) -> str:
        checked = _check_scheme(SecretStr(value), ("http", "https"), LIVE_SITE)
        return value if checked is None else checked.get_secret_value()

    @field_validator("wajs_canary_sessions")
    @classmethod
    def _canaries(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for session_id in value:
            try:
                parse_session_id(session_id)
            except InvalidArgumentError:
                raise ValueError("must be ids of sessions like support,sales, separated by commas") from None
        if value and "wajs_canary_path" in info.data and info.data["wajs_canary_path"] is None:
            raise ValueError("names sessions, and POMBO_WAJS_CANARY_PATH doesn't say what they are to run")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if origin != "*" and (
                parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("must be origins like https://app.example.org, separated by commas, or *")
        return value


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _check_scheme(value: SecretStr | None, schemes: tuple[str, ...], example: str) -> SecretStr | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        ok = parts.scheme in schemes and (bool(parts.hostname) or parts.scheme == "unix") and parts.port != 0
    except ValueError:
        ok = False
    if not ok and not _is_socket_url(value.get_secret_value(), schemes):
        raise ValueError(f"must be a URL like {example}")
    return value


def _is_socket_url(url: str, schemes: tuple[str, ...]) -> bool:
    """PostgreSQL over a Unix socket has no host part: ``postgresql:///name?host=/run/postgresql``."""
    return "postgresql" in schemes and url.startswith(("postgresql://", "postgres://")) and "host=" in url


def load_settings(env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Reads the settings. ``overrides``, by variable name, come from the command line and win.

    Raises:
        SettingsError: what is wrong with each bad setting; never its value.
    """
    try:
        # BaseSettings takes the underscored arguments; mypy sees the fields alone.
        return Settings(_env_file=env_file, _env_file_encoding="utf-8", **overrides)  # type: ignore[call-arg]
    except ValidationError as error:
        # `from None`: pydantic's own text holds the values.
        raise SettingsError(tuple(_line(problem) for problem in error.errors(include_input=False))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError((f".env: can't be read ({type(error).__name__}); correct it or remove it",)) from None


def _line(problem: Mapping[str, Any]) -> str:
    text = str(problem["msg"]).removeprefix("Value error, ")
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    return f"{_variable(name)}: {text[:1].lower()}{text[1:]}"


def _variable(name: str) -> str:
    field = Settings.model_fields.get(name)
    return name if field is None else str(field.validation_alias)


def forget_secrets(environment: MutableMapping[str, str] = os.environ) -> None:
    """Takes secrets out of the environment once the settings have been read: programs that are started inherit it."""
    for field in Settings.model_fields.values():
        if SecretStr in get_args(field.annotation):
            environment.pop(str(field.validation_alias), None)


def unknown_variables(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Variables that look like ours and aren't: a slip of the pen that would otherwise go unnoticed."""
    known = {str(field.validation_alias) for field in Settings.model_fields.values()} | _OTHERS
    return tuple(sorted(name for name in environment if name.startswith("POMBO_") and name not in known))
