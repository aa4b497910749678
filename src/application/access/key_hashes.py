"""The form of API keys, and their hashes."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "pombo_"
"""What keys begin with: a key in a file that it doesn't belong in is found by it."""

_RANDOM_BYTES: Final = 32
_PERSONALISATION: Final = b"pombo-api-key"
_HINT: Final = len(PREFIX) + 4


def new_key() -> str:
    """A key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hint_of(key: str) -> str:
    """The part of a key that may be shown: 24 of its bits."""
    return key[:_HINT]


def plain_hash(key: str) -> bytes:
    """A key's 32-byte BLAKE2b hash, without a secret. Keys are random, so that no slow hash is needed."""
    return hashlib.blake2b(_bytes(key), digest_size=32, person=_PERSONALISATION).digest()


class KeyHashes:
    """Hashes keys under a secret of the installation: who has the database alone can't even try a key on it.

    Args:
        hash_secrets: of 32 bytes each. The first makes hashes; by the others those of before are still known.
    """

    def __init__(self, hash_secrets: tuple[bytes, ...]) -> None:
        self._secrets = hash_secrets

    def make(self, key: str) -> bytes:
        """What is stored of a new key."""
        return self._under(self._secrets[0], key)

    def candidates(self, key: str) -> list[bytes]:
        """What may be stored of a key; the last is the form of before there were secrets."""
        return [*(self._under(secret, key) for secret in self._secrets), plain_hash(key)]

    def _under(self, secret: bytes, key: str) -> bytes:
        return hashlib.blake2b(_bytes(key), digest_size=32, key=secret, person=_PERSONALISATION).digest()


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
