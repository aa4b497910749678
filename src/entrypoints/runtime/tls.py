"""TLS of both listeners, from the settings."""

from datetime import UTC, datetime, timedelta
from typing import Final

from entrypoints.server_tls import ServerTls
from entrypoints.settings import Settings, SettingsError
from entrypoints.tls_files import TlsFiles, TlsFilesError

SOON: Final = timedelta(days=14)
"""Before its end a certificate should have been renewed by then: who renews by themselves do so a month ahead."""


def open_tls(settings: Settings) -> ServerTls | None:
    """What both listeners show; None where they serve plain text.

    Raises:
        SettingsError: what is wrong with each of the files.
    """
    files = tls_files(settings)
    try:
        return None if files is None else ServerTls(files)
    except TlsFilesError as error:
        raise SettingsError(error.problems) from None


def tls_files(settings: Settings) -> TlsFiles | None:
    """The files that the settings name."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return TlsFiles(cert=settings.tls_cert, key=settings.tls_key, client_ca=settings.tls_client_ca)


def ends_soon(not_after: datetime) -> bool:
    """Whether a certificate has little time left."""
    return not_after - datetime.now(UTC) < SOON
