"""How the command line trusts a gateway over TLS, and shows itself."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from entrypoints.settings import SettingsError


class ClientTlsSettings(BaseSettings):
    """What the environment says of it.

    Attributes:
        ca_file: certificates of those who vouch for the gateway; None is whom the machine trusts.
        cert: the certificate to show to a gateway that asks for one.
        key: its private key.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    ca_file: Path | None = Field(None, validation_alias="POMBO_CA_FILE")
    cert: Path | None = Field(None, validation_alias="POMBO_CLIENT_CERT")
    key: Path | None = Field(None, validation_alias="POMBO_CLIENT_KEY", validate_default=True)

    @field_validator("key")
    @classmethod
    def _both(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("cert") is None):
            raise ValueError("is set together with POMBO_CLIENT_CERT, or neither is")
        return value

    @classmethod
    def load(cls, env_file: Path | None = Path(".env")) -> Self:
        """Reads them.

        Raises:
            SettingsError: what is wrong with each.
        """
        try:
            # BaseSettings takes the underscored argument; mypy sees the fields alone.
            return cls(_env_file=env_file)  # type: ignore[call-arg]
        except ValidationError as error:
            problems = error.errors(include_input=False)
            raise SettingsError(tuple(f"{problem['loc'][0]}: {problem['msg']}" for problem in problems)) from None


def client_context(settings: ClientTlsSettings, shown: Path | None = None) -> ssl.SSLContext:
    """What a connection to the gateway is made with.

    Args:
        settings: whom to trust, and what to show.
        shown: the certificate that the gateway of this machine shows. It is then trusted by itself and by no other,
            whatever name it is for: loopback has none.

    Raises:
        SettingsError: a file can't be used.
    """
    named = "POMBO_CA_FILE" if settings.ca_file is not None else "POMBO_TLS_CERT"
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.ca_file is None and shown is not None:
            context = ssl.create_default_context(cafile=shown)
            context.check_hostname = False
            # Trusted as it stands, not for who has signed it.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        named = "POMBO_CLIENT_CERT"
        if settings.cert is not None:
            context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError((f"{named}: the file can't be used ({why})",)) from None
    return context
