"""The settings of files."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from entrypoints.networks import Networks


class MediaSettings(BaseSettings):
    """What the environment says of files; a part of ``Settings``.

    Attributes:
        media_url: ``s3://bucket/prefix``; None keeps files under the data directory.
        media_s3_endpoint: a server that speaks S3; None is Amazon's.
        media_s3_access_key_id: None takes the credentials of the environment, as Amazon's tools do.
        media_max_mb: the largest file that is taken in, in MiB.
        media_inline_max_mb: the largest file within a request's JSON, in MiB.
        media_retention_days: how long files are kept; 0 keeps them until they are deleted.
        media_download: whether the files of messages that come are fetched at once.
        media_download_max_mb: the largest of those, in MiB.
        media_link_allow_private: networks that links may lead to although they aren't public.
        media_workers: how many files are looked into, or converted, at a time.
    """

    media_url: str | None = Field(None, validation_alias="POMBO_MEDIA_URL")
    media_s3_endpoint: str | None = Field(None, validation_alias="POMBO_MEDIA_S3_ENDPOINT")
    media_s3_region: str = Field("us-east-1", validation_alias="POMBO_MEDIA_S3_REGION", min_length=1)
    media_s3_access_key_id: SecretStr | None = Field(None, validation_alias="POMBO_MEDIA_S3_ACCESS_KEY_ID")
    media_s3_secret_access_key: SecretStr | None = Field(None, validation_alias="POMBO_MEDIA_S3_SECRET_ACCESS_KEY")
    media_max_mb: int = Field(128, validation_alias="POMBO_MEDIA_MAX_MB", ge=1, le=2_048)
    media_inline_max_mb: int = Field(16, validation_alias="POMBO_MEDIA_INLINE_MAX_MB", ge=1, le=64)
    media_retention_days: int = Field(30, validation_alias="POMBO_MEDIA_RETENTION_DAYS", ge=0, le=36_500)
    media_download: bool = Field(True, validation_alias="POMBO_MEDIA_DOWNLOAD")  # noqa: FBT003 - a field's default
    media_download_max_mb: int = Field(16, validation_alias="POMBO_MEDIA_DOWNLOAD_MAX_MB", ge=0, le=2_048)
    media_link_allow_private: Networks = Field((), validation_alias="POMBO_MEDIA_LINK_ALLOW_PRIVATE")
    media_workers: int = Field(2, validation_alias="POMBO_MEDIA_WORKERS", ge=1, le=64)

    @field_validator("media_url")
    @classmethod
    def _bucket(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
                raise ValueError("must be a bucket like s3://bucket/prefix")
        return value

    @field_validator("media_s3_endpoint")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
                raise ValueError("must be an address like https://s3.example.org")
        return value

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        if (self.media_s3_access_key_id is None) != (self.media_s3_secret_access_key is None):
            raise ValueError(
                "POMBO_MEDIA_S3_ACCESS_KEY_ID and POMBO_MEDIA_S3_SECRET_ACCESS_KEY belong together: set both or none"
            )
        return self
