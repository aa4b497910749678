"""The certificate that both listeners show, read again when its files change."""

import ssl
import threading
from typing import Any, Final, Self, override

import structlog

from entrypoints.tls_files import TlsFiles, TlsFilesError, TlsIdentity

_log: Final = structlog.stdlib.get_logger(__name__)


class ServerTls:
    """Looks at the files' times at each new connection; those that stand keep what they have.

    Files that can't be used, as when the certificate is exchanged and its key isn't yet, change nothing: what was read
    before is shown on. May be asked from any thread: gRPC has its own.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Reads the files.

        Raises:
            TlsFilesError: what is wrong with them.
        """
        self._files = files
        self._lock = threading.Lock()
        # Taken before the reading: what changes meanwhile is read again.
        self._seen = files.stamp()
        self._identity = files.read()

    @property
    def asks_for_certificates(self) -> bool:
        """Whether callers have to show one."""
        return self._files.client_ca is not None

    def current(self) -> TlsIdentity:
        """What is shown to a connection that is made now."""
        with self._lock:
            stamp = self._files.stamp()
            if stamp != self._seen:
                self._seen = stamp
                self._read()
            return self._identity

    def _read(self) -> None:
        try:
            self._identity = self._files.read()
        except TlsFilesError as error:
            _log.error("tls_files_unusable", problems=list(error.problems), kept_until=str(self._identity.not_after))
        else:
            _log.info("tls_files_read", not_after=str(self._identity.not_after))


class ReloadingContext(ssl.SSLContext):
    """What a server is given, which makes connections with whatever is current."""

    _tls: ServerTls

    @classmethod
    def of(cls, tls: ServerTls) -> Self:
        """The context of a server that shows this certificate."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._tls = tls
        return context

    @override
    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        # Where asyncio and uvloop ask for a connection's TLS.
        return self._tls.current().context.wrap_bio(*args, **options)
