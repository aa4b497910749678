"""WhatsApp's media encryption.

As its security white paper ("WhatsApp Encryption Overview", "Transmitting Media and Other Attachments") and the open
clients document it: a random 32-byte media key is expanded by HKDF-SHA256, with an info string that names the kind, to
112 bytes: 16 of IV, 32 of AES key, 32 of MAC key, 32 that nothing here uses. The file is encrypted with AES-256-CBC and
PKCS #7 padding; behind it come the first 10 bytes of HMAC-SHA256 over IV and ciphertext. The message carries the media
key and the SHA-256 of the file and of what was uploaded.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, Protocol

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAC_BYTES: Final = 10
BLOCK_BYTES: Final = 16
LEAST_BYTES: Final = BLOCK_BYTES + MAC_BYTES
"""An empty file, encrypted."""
_CHUNK: Final = 1024 * 1024

INFO: Final = {
    "image": b"WhatsApp Image Keys",
    "sticker": b"WhatsApp Image Keys",
    "video": b"WhatsApp Video Keys",
    "gif": b"WhatsApp Video Keys",
    "ptv": b"WhatsApp Video Keys",
    "audio": b"WhatsApp Audio Keys",
    "ptt": b"WhatsApp Audio Keys",
    "document": b"WhatsApp Document Keys",
}
"""By kind. A kind that isn't here can't be uploaded."""


class Sink(Protocol):
    """What encrypted bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Append."""


class CorruptMediaError(Exception):
    """What was downloaded isn't what the message says; the text says which check failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """What a message carries of a file.

    Attributes:
        size: Bytes of the file itself.
        sha256: Its digest.
        encrypted_sha256: That of ciphertext and MAC.
    """

    media_key: bytes
    size: int
    sha256: bytes
    encrypted_sha256: bytes


@dataclass(frozen=True, slots=True)
class _Keys:
    iv: bytes
    cipher: bytes
    mac: bytes


def _expand(media_key: bytes, kind: str) -> _Keys:
    # WhatsApp's keys have 32 bytes. HKDF takes any length, and whatsapp-web.js gives its stickers shorter ones.
    okm = HKDF(algorithm=hashes.SHA256(), length=112, salt=None, info=INFO[kind]).derive(media_key)
    return _Keys(okm[:16], okm[16:48], okm[48:80])


def encrypt(source: IO[bytes], target: Sink, kind: str) -> Encrypted:
    """Encrypt a file with a fresh key, in pieces."""
    media_key = secrets.token_bytes(32)
    keys = _expand(media_key, kind)
    encryptor = Cipher(algorithms.AES(keys.cipher), modes.CBC(keys.iv)).encryptor()
    padder = padding.PKCS7(BLOCK_BYTES * 8).padder()
    mac = hmac.new(keys.mac, keys.iv, hashlib.sha256)
    plain, whole, size = hashlib.sha256(), hashlib.sha256(), 0

    def put(data: bytes) -> None:
        mac.update(data)
        whole.update(data)
        target.write(data)

    for chunk in _chunks(source):
        plain.update(chunk)
        size += len(chunk)
        put(encryptor.update(padder.update(chunk)))
    put(encryptor.update(padder.finalize()) + encryptor.finalize())
    tag = mac.digest()[:MAC_BYTES]
    whole.update(tag)
    target.write(tag)
    return Encrypted(media_key=media_key, size=size, sha256=plain.digest(), encrypted_sha256=whole.digest())


def decrypt(source: IO[bytes], target: IO[bytes], kind: str, expected: Encrypted) -> None:
    """Check what was downloaded and decrypt it, in pieces; `source` is read twice.

    Raises:
        CorruptMediaError: A digest, the MAC or the padding is wrong. What `target` holds by then is of no use.
    """
    keys = _expand(expected.media_key, kind)
    body = _verify(source, keys, expected)
    decryptor = Cipher(algorithms.AES(keys.cipher), modes.CBC(keys.iv)).decryptor()
    unpadder = padding.PKCS7(BLOCK_BYTES * 8).unpadder()
    plain = hashlib.sha256()

    def put(data: bytes) -> None:
        plain.update(data)
        target.write(data)

    source.seek(0)
    for chunk in _chunks(source, body):
        put(unpadder.update(decryptor.update(chunk)))
    try:
        put(unpadder.update(decryptor.finalize()) + unpadder.finalize())
    except ValueError as error:
        raise CorruptMediaError("the padding is wrong") from error
    if not hmac.compare_digest(plain.digest(), expected.sha256):
        raise CorruptMediaError("the file's digest isn't the message's")


def _verify(source: IO[bytes], keys: _Keys, expected: Encrypted) -> int:
    """Check digest and MAC; answers the ciphertext's length."""
    source.seek(0, 2)
    body = source.tell() - MAC_BYTES
    if body < BLOCK_BYTES or body % BLOCK_BYTES:
        raise CorruptMediaError("it isn't whole blocks and a MAC")
    source.seek(0)
    mac, whole = hmac.new(keys.mac, keys.iv, hashlib.sha256), hashlib.sha256()
    for chunk in _chunks(source, body):
        mac.update(chunk)
        whole.update(chunk)
    tag = source.read(MAC_BYTES)
    whole.update(tag)
    if not hmac.compare_digest(whole.digest(), expected.encrypted_sha256):
        raise CorruptMediaError("the digest of the encrypted file isn't the message's")
    if not hmac.compare_digest(mac.digest()[:MAC_BYTES], tag):
        raise CorruptMediaError("the MAC is wrong")
    return body


def _chunks(source: IO[bytes], length: int | None = None) -> Iterator[bytes]:
    while length is None or length > 0:
        chunk = source.read(_CHUNK if length is None else min(_CHUNK, length))
        if not chunk:
            return
        if length is not None:
            length -= len(chunk)
        yield chunk
