"""The settings of TLS."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class TlsSettings(BaseSettings):
    """What the environment says of TLS; a part of ``Settings``.

    Attributes:
        tls_cert: the certificate that REST and gRPC show, with those between it and its root; None serves plain text.
        tls_key: its private key.
        tls_client_ca: certificates of those who vouch for callers; None asks callers for no certificate.
        health_port: where health is served besides, in plain text and to everybody; None is nowhere.
    """

    tls_cert: Path | None = Field(None, validation_alias="POMBO_TLS_CERT")
    tls_key: Path | None = Field(None, validation_alias="POMBO_TLS_KEY", validate_default=True)
    tls_client_ca: Path | None = Field(None, validation_alias="POMBO_TLS_CLIENT_CA")
    health_port: Annotated[int, Field(ge=0, le=65_535)] | None = Field(None, validation_alias="POMBO_HEALTH_PORT")

    @field_validator("tls_cert", "tls_key", "tls_client_ca")
    @classmethod
    def _whole(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("tls_key")
    @classmethod
    def _both(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        # A certificate that is wrong in itself is told of already, and isn't here.
        if "tls_cert" in info.data and (value is None) != (info.data["tls_cert"] is None):
            raise ValueError("is set together with POMBO_TLS_CERT, or neither is")
        return value

    @field_validator("tls_client_ca")
    @classmethod
    def _over_tls(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and "tls_cert" in info.data and info.data["tls_cert"] is None:
            raise ValueError("asks callers for certificates, which needs POMBO_TLS_CERT and POMBO_TLS_KEY")
        return value
