"""The files of TLS: what is in them, and what is wrong with it."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CERT: Final = "POMBO_TLS_CERT"
KEY: Final = "POMBO_TLS_KEY"
CLIENT_CA: Final = "POMBO_TLS_CLIENT_CA"


class TlsFilesError(Exception):
    """Files that can't be used. ``problems`` has one line each, with the setting that names the file."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsIdentity:
    """What was in the files, in PEM; and what is made of it for REST, which takes only files."""

    chain: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None
    not_after: datetime
    context: ssl.SSLContext


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Where a gateway's certificate, its key, and the certificates of those who vouch for callers are."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Another one where a file has been changed or exchanged, also behind a symbolic link."""
        return tuple(_stamp(path) for path in (self.cert, self.key, self.client_ca) if path is not None)

    def read(self, now: datetime | None = None) -> TlsIdentity:
        """What is in them, all of it looked at.

        Raises:
            TlsFilesError: what is wrong with each.
        """
        now = now or datetime.now(UTC)
        problems: list[str] = []
        chain, key, client_ca = (
            _content(setting, path, problems) if path is not None else None
            for setting, path in ((CERT, self.cert), (KEY, self.key), (CLIENT_CA, self.client_ca))
        )
        certificates = _certificates(CERT, self.cert, chain, problems)
        public_key = None if key is None else _public_key(self.key, key, problems)
        if certificates:
            _check_dates(CERT, self.cert, certificates[:1], now, problems)
            if public_key is not None and not _belongs(certificates[0], public_key):
                problems.append(
                    f"{KEY}: {self.key} isn't the key of the first certificate in {self.cert}; a chain begins with "
                    "the gateway's own certificate"
                )
        if self.client_ca is not None:
            known = _certificates(CLIENT_CA, self.client_ca, client_ca, problems)
            _check_dates(CLIENT_CA, self.client_ca, known, now, problems)
        if problems or chain is None or key is None:
            raise TlsFilesError(tuple(problems))
        return TlsIdentity(
            chain=chain,
            key=key,
            client_ca=client_ca,
            not_after=certificates[0].not_valid_after_utc,
            context=self._context(client_ca),
        )

    def _context(self, client_ca: bytes | None) -> ssl.SSLContext:
        """What REST's connections are made with: TLS 1.2 and newer, with Python's own choice of ciphers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.cert, self.key)
            if client_ca is not None:
                context.load_verify_locations(cadata=client_ca.decode("ascii"))
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ValueError) as error:
            # Exchanged in this very moment, or weaker than the machine's own rules allow.
            why = getattr(error, "reason", None) or type(error).__name__
            raise TlsFilesError((f"{CERT}: {self.cert} can't be used ({why})",)) from None
        return context


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _content(setting: str, path: Path, problems: list[str]) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        problems.append(f"{setting}: {path} can't be read ({error.strerror})")
        return None


def _certificates(setting: str, path: Path, content: bytes | None, problems: list[str]) -> list[x509.Certificate]:
    if content is None:
        return []
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        problems.append(f"{setting}: {path} holds no certificates in PEM (-----BEGIN CERTIFICATE-----)")
        return []


def _public_key(path: Path, content: bytes, problems: list[str]) -> CertificatePublicKeyTypes | None:
    try:
        # Every kind of key that a certificate can have is among those that TLS knows, or is refused further on.
        return load_pem_private_key(content, password=None).public_key()  # type: ignore[return-value]
    except TypeError:
        problems.append(f"{KEY}: {path} is locked with a password; take that off, and keep the file to yourself")
    except UnsupportedAlgorithm:
        problems.append(f"{KEY}: {path} holds a kind of key that isn't known here; take an EC or RSA key")
    except ValueError:
        problems.append(f"{KEY}: {path} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
    return None


def _belongs(certificate: x509.Certificate, key: CertificatePublicKeyTypes) -> bool:
    try:
        return _form(certificate.public_key()) == _form(key)
    except (UnsupportedAlgorithm, ValueError):
        return False  # a certificate of a key that nobody here knows is none of this one


def _form(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _check_dates(
    setting: str, path: Path, certificates: list[x509.Certificate], now: datetime, problems: list[str]
) -> None:
    for each in certificates:
        if now > each.not_valid_after_utc:
            problems.append(f"{setting}: {path} expired at {each.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
        elif now < each.not_valid_before_utc:
            problems.append(f"{setting}: {path} isn't valid before {each.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
