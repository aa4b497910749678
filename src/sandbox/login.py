"""How a device proves its key."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json

SERVER_VERSION: Final = "1"
_KEY_BYTES: Final = 32


def decode_key(value: object, name: str) -> bytes:
    """The 32 bytes of a base64 text.

    Raises:
        SandboxError: 400 naming the field; the value itself is never told.
    """
    try:
        key = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"{name} is base64 of {_KEY_BYTES} bytes") from error
    if len(key) != _KEY_BYTES:
        raise bad_request(f"{name} is base64 of {_KEY_BYTES} bytes")
    return key


def encode_key(key: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(key).decode()


class Challenge:
    """The server's fresh key and nonce of one connection, and the check of the answer."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self._nonce = secrets.token_bytes(_KEY_BYTES)

    def hello(self) -> Json:
        """The opening frame."""
        public = self._private.public_key().public_bytes_raw()
        return {
            "t": "hello",
            "server_key": encode_key(public),
            "nonce": encode_key(self._nonce),
            "version": SERVER_VERSION,
        }

    def check(self, noise_pub: bytes, proof: object) -> None:
        """Verify HMAC-SHA256(X25519(noise key, server key), nonce).

        Raises:
            SandboxError: 401 `BAD_PROOF`: whoever is there doesn't hold the private key.
        """
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(noise_pub))
            given = decode_key(proof, "proof")
        except (ValueError, SandboxError) as error:  # a low-order point has no shared secret
            raise SandboxError(401, "BAD_PROOF", "the proof of the device key is wrong") from error
        if not hmac.compare_digest(hmac.digest(shared, self._nonce, hashlib.sha256), given):
            raise SandboxError(401, "BAD_PROOF", "the proof of the device key is wrong")
