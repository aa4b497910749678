"""The page's media encryption and the phones' are one and the same, in both directions."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.media.crypto import Encrypted, decrypt, encrypt

PAGE = Path(__file__).parents[3] / "src/sandbox/page/domain/media/crypto.js"
SIZES = (0, 1, 16, 70_001)

# In: a list of [kind, plain, ciphertext, media key, hashes]. Out: what the page decrypts, and what it encrypts.
SCRIPT = """
import { decryptMedia, encryptMedia } from %s;
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const results = [];
for (const { kind, plain, ciphertext, ...expected } of JSON.parse(Buffer.concat(chunks))) {
  const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64")).buffer;
  const opened = await decryptMedia(bytes(ciphertext), kind, expected);
  const lie = { ...expected, filehash: "AAAA" };
  const broken = await decryptMedia(bytes(ciphertext), kind, lie).catch((error) => error.name);
  const { blob, ...told } = await encryptMedia(bytes(plain), kind);
  const sealed = Buffer.from(await blob.arrayBuffer()).toString("base64");
  results.push({ opened: Buffer.from(opened).toString("base64"), broken, sealed, ...told });
}
console.log(JSON.stringify(results));
"""


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def in_node(cases: list[dict[str, str]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is not installed")
    script = SCRIPT % json.dumps(PAGE.as_uri())
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    results: list[dict[str, Any]] = json.loads(ran.stdout)
    return results


def test_either_opens_what_the_other_sealed() -> None:
    plains = [(kind, bytes(i * 31 % 253 for i in range(size))) for kind in ("image", "ptt", "gif") for size in SIZES]
    cases = []
    for kind, plain in plains:
        target = io.BytesIO()
        told = encrypt(io.BytesIO(plain), target, kind)
        cases.append(
            {
                "kind": kind,
                "plain": b64(plain),
                "ciphertext": b64(target.getvalue()),
                "mediaKey": b64(told.media_key),
                "filehash": b64(told.sha256),
                "encFilehash": b64(told.encrypted_sha256),
            }
        )
    for (kind, plain), result in zip(plains, in_node(cases), strict=True):
        assert base64.b64decode(result["opened"]) == plain
        assert result["broken"] == "MediaDecryptionError"
        expected = Encrypted(
            media_key=base64.b64decode(result["mediaKey"]),
            size=len(plain),
            sha256=base64.b64decode(result["filehash"]),
            encrypted_sha256=base64.b64decode(result["encFilehash"]),
        )
        assert expected.sha256 == hashlib.sha256(plain).digest()
        target = io.BytesIO()
        decrypt(io.BytesIO(base64.b64decode(result["sealed"])), target, kind, expected)
        assert target.getvalue() == plain
