"""The form of API keys, and their hashes."""

import hashlib
import secrets
from typing import Final

from domain.access import KeyHash

PREFIX: Final = "pombo_"
"""What keys begin with: a key in a file that it doesn't belong in is found by it."""

_RANDOM_BYTES: Final = 32
_PERSONALISATION: Final = b"pombo-api-key"
_SECRET_ID: Final = b"pombo-secret-id"
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


def id_of_secret(secret: bytes) -> str:
    """Names a secret of 256 random bits, and tells nothing of it: 16 hexadecimal digits."""
    return hashlib.blake2b(secret, digest_size=8, person=_SECRET_ID).hexdigest()


class KeyHashes:
    """Hashes keys under a secret of the installation: who has the database alone can't even try a key on it.

    Args:
        hash_secrets: of 32 bytes each. The first makes hashes; by the others those of before are still known.
    """

    def __init__(self, hash_secrets: tuple[bytes, ...]) -> None:
        self._secrets = hash_secrets
        self.secret_ids: Final = tuple(map(id_of_secret, hash_secrets))
        """Names of the secrets: a key whose hash was made under another one isn't known here."""

    def make(self, key: str) -> KeyHash:
        """What is stored of a new key."""
        return KeyHash(digest=self._under(self._secrets[0], key), secret_id=self.secret_ids[0])

    def candidates(self, key: str) -> list[bytes]:
        """What may be stored of a key; the last is the form of before there were secrets."""
        return [*(self._under(secret, key) for secret in self._secrets), plain_hash(key)]

    def _under(self, secret: bytes, key: str) -> bytes:
        return hashlib.blake2b(_bytes(key), digest_size=32, key=secret, person=_PERSONALISATION).digest()


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
