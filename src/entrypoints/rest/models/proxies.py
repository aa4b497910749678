"""Sessions' proxies."""

from typing import Any

from pydantic import ConfigDict, Field

from domain.proxy import MAX_CREDENTIAL, MAX_PROXY_URL
from entrypoints.rest.models.common import AnswerModel, RequestModel

PROXY = (
    "What its browser reaches WhatsApp by, and never past it. Given as a whole: a password that isn't given again is "
    "gone."
)
_URL = (
    "Scheme (`http`, `https` or `socks5`), host and port alone; names are resolved by the proxy. A private or loopback "
    "address is refused unless `POMBO_PROXY_ALLOW_PRIVATE` allows it."
)
_URL_FORM: dict[str, Any] = {
    "pattern": r"^([Hh][Tt][Tt][Pp][Ss]?|[Ss][Oo][Cc][Kk][Ss]5)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$",
    "maxLength": MAX_PROXY_URL,
}
# Their length is in bytes.
_CREDENTIAL_FORM: dict[str, Any] = {"minLength": 1, "maxLength": MAX_CREDENTIAL}


class GivenProxy(RequestModel):
    """A proxy to set."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"password": ["username"]}})

    url: str = Field(description=_URL, json_schema_extra=_URL_FORM, examples=["http://proxy.example.org:3128"])
    username: str | None = Field(
        default=None,
        description=f"1 to {MAX_CREDENTIAL} bytes. With `socks5` only together with a password.",
        json_schema_extra=_CREDENTIAL_FORM,
        examples=["ana"],
    )
    password: str | None = Field(
        default=None,
        repr=False,
        description=f"1 to {MAX_CREDENTIAL} bytes. Never in an answer. Only together with a user name.",
        json_schema_extra={**_CREDENTIAL_FORM, "writeOnly": True},
    )


class Proxy(AnswerModel):
    """A session's proxy."""

    url: str = Field(description="Scheme, host and port.", examples=["http://proxy.example.org:3128"])
    username: str | None = Field(examples=["ana"])
    has_password: bool = Field(description="Whether there is a password, which is never shown.")
