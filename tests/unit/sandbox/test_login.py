import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sandbox.errors import SandboxError
from sandbox.login import Challenge, decode_key, encode_key


def proof(key: X25519PrivateKey, challenge: Challenge) -> str:
    hello = challenge.hello()
    server = X25519PublicKey.from_public_bytes(base64.b64decode(hello["server_key"]))
    return encode_key(hmac.digest(key.exchange(server), base64.b64decode(hello["nonce"]), hashlib.sha256))


def test_the_holder_of_the_key_passes_once_per_connection() -> None:
    key = X25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    challenge, other = Challenge(), Challenge()
    challenge.check(public, proof(key, challenge))
    for wrong in (proof(key, other), proof(X25519PrivateKey.generate(), challenge), "", None, 5, "===="):
        with pytest.raises(SandboxError) as caught:
            challenge.check(public, wrong)
        assert caught.value.status == 401


def test_a_key_without_a_shared_secret_is_refused() -> None:
    with pytest.raises(SandboxError) as caught:
        Challenge().check(bytes(32), encode_key(bytes(32)))
    assert caught.value.status == 401


@pytest.mark.parametrize("value", [None, 1, "", "a", "é", encode_key(b"short"), encode_key(b"x" * 33)])
def test_what_is_no_key(value: object) -> None:
    with pytest.raises(SandboxError, match="noise_pub is base64 of 32 bytes"):
        decode_key(value, "noise_pub")
