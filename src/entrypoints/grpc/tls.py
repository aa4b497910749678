"""TLS in gRPC's own terms: 1.2 and newer, with gRPC's own choice of ciphers."""

import grpc

from entrypoints.server_tls import ServerTls
from entrypoints.tls_files import TlsIdentity


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Credentials that follow the files: gRPC asks at each new connection, in a thread of its own."""
    shown = tls.current()

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal shown
        current = tls.current()
        if current is shown:
            return None
        shown = current
        return _configuration(current)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(shown),
        changed,  # type: ignore[arg-type]  # None says that nothing has changed; the stubs don't know it
        require_client_authentication=tls.asks_for_certificates,
    )


def _configuration(identity: TlsIdentity) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(identity.key, identity.chain)], root_certificates=identity.client_ca
    )
