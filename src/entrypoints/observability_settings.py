"""The settings of measurements and traces."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class ObservabilitySettings(BaseSettings):
    """What the environment says of measurements and traces; a part of ``Settings``.

    Attributes:
        metrics: whether ``/metrics`` wants an API key as all else does (``key``) or none (``open``), or isn't there
            (``off``).
        otlp_url: a collector of OpenTelemetry's that traces go to; None makes none.
    """

    metrics: Literal["key", "open", "off"] = Field("key", validation_alias="POMBO_METRICS")
    otlp_url: str | None = Field(None, validation_alias="POMBO_OTLP_URL")

    @field_validator("metrics", mode="before")
    @classmethod
    def _small(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("otlp_url")
    @classmethod
    def _collector(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
                # What a collector wants to be told as a secret goes into OTEL_EXPORTER_OTLP_HEADERS.
                raise ValueError("must be an address like http://collector:4318, without a password in it")
        return value
